"""The conversation with the person who rehearses: shows each line as it is written, asks what a step waits for."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress
from typing import TextIO

from monitor.deciding.journal import Journal
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import WaitingRow
from monitor.text import clean
from runbooks.actions.manual import Manual
from runbooks.progress import FINAL
from runbooks.rehearsal import MARK, TICK, Rehearsal

_LINE = 2000
_MANUAL = ("done", "not_done", "abort")
_STUCK = ("retry", "skip", "done", "not_done", "abort")


class Prompt:
    """Where it is said and asked."""

    def __init__(self, *, out: TextIO, yes: bool) -> None:
        """yes: nobody is asked; manual steps are done, and a stuck run is aborted."""
        self.out = out
        self.yes = yes
        self._typed = b""

    def say(self, line: str) -> None:
        """Show a line."""
        self.out.write(f"{clean(line, _LINE)}\n")
        self.out.flush()

    async def ask(self, words: tuple[str, ...]) -> tuple[str, str]:
        """A person's answer, one of `words`, and the reason that stands behind it. An end of input aborts."""
        while True:
            self.out.write(f"  {' / '.join(words)} [reason] > ")
            self.out.flush()
            line = await self._line()
            if line is None:
                return "abort", "nobody answered"
            answer, _, reason = line.strip().partition(" ")
            if answer in words:
                return answer, reason.strip()
            self.say(f"  one of these words first: {', '.join(words)}")

    async def _line(self) -> str | None:
        """The next line of standard input; None at its end."""
        while b"\n" not in self._typed:
            more = await _typed()
            if not more and not self._typed:
                return None
            self._typed += more or b"\n"
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode("utf-8", "replace")


def _typed() -> asyncio.Future[bytes]:
    """Bytes from standard input. Read by a thread that nobody waits for, so that Ctrl-C ends a prompt at once."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes] = loop.create_future()

    def put(data: bytes) -> None:
        if not future.done():
            future.set_result(data)

    def read() -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        with suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            loop.call_soon_threadsafe(put, data)

    threading.Thread(target=read, name="prompt", daemon=True).start()
    return future


async def converse(rehearsal: Rehearsal, journal: Journal, prompt: Prompt, after: int) -> None:
    """Go on until the rehearsal has ended. after: the journal's last line before it."""
    actor = Actor(name=rehearsal.who, role="approver", via="rehearsal")
    answered: set[tuple[str, str, float]] = set()
    while True:
        for event in journal.events_after(after, _LINE):
            after = event.seq
            prompt.say(event.what)
        if rehearsal.state in FINAL:
            return
        rows = [row for row in rehearsal.steering.waiting() if (row.id, row.kind, row.since) not in answered]
        if not rows:
            await asyncio.sleep(TICK)
        elif await _answer(rehearsal, prompt, actor, rows[0]):
            answered.add((rows[0].id, rows[0].kind, rows[0].since))


async def _answer(rehearsal: Rehearsal, prompt: Prompt, actor: Actor, row: WaitingRow) -> bool:
    """Have a step answered; False when the answer was not taken, so that it is asked again."""
    name = row.id.partition("/")[2]
    prompt.say(f"{MARK} {row.title} asks: {row.detail}")
    if prompt.yes or not name or (row.kind == "manual" and rehearsal.struck(name)):
        word, reason = _unasked(rehearsal, row, name)
    else:
        word, reason = await prompt.ask(_MANUAL if row.kind == "manual" else _STUCK)
    steering = rehearsal.steering
    try:
        if word == "abort":
            await steering.act(actor, "abort", reason)
            return True
        rehearsal.relent(name)
        if word in ("retry", "skip"):
            await steering.act_on_step(actor, name, "retry" if word == "retry" else "skip", "", reason)
        else:
            await steering.act_on_step(actor, name, "resolve", word, reason)
    except Refusal as refusal:
        prompt.say(f"{MARK} refused: {refusal.what}" + (f"; {refusal.hint}" if refusal.hint else ""))
        return False
    return True


def _unasked(rehearsal: Rehearsal, row: WaitingRow, name: str) -> tuple[str, str]:
    """The answer when nobody is asked: done, with the word that confirms; a run that is stuck is aborted."""
    if row.kind != "manual":
        return "abort", "it is stuck, and nobody is asked"
    step = next(step for step in rehearsal.runbook.steps if step.name == name)
    if rehearsal.struck(name):
        return "not_done", "the rehearsal has it fail"
    word = step.word(rehearsal.context(step)) if isinstance(step, Manual) else ""
    return "done", f"{word} answered by --yes".strip()
