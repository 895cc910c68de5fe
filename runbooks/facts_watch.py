"""The newest tick's facts, and a way to wait for the next: what verification and probes look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from monitor.deciding.facts import Facts
from monitor.deciding.judgement import all_of, checks
from monitor.model import Truth
from monitor.serving.snapshot import CheckRow


class FactsWatch:
    """One run's window on the world."""

    def __init__(self) -> None:
        self.facts: Facts | None = None
        self._changed = asyncio.Event()

    def publish(self, facts: Facts) -> None:
        """Take a tick's facts."""
        self.facts = facts
        self._changed.set()
        self._changed = asyncio.Event()

    async def next(self) -> Facts:
        """Wait for a tick that comes after this call."""
        changed = self._changed
        await changed.wait()
        if self.facts is None:
            raise RuntimeError("a tick without facts")
        return self.facts

    def judge(self, expressions: Sequence[str]) -> tuple[CheckRow, ...]:
        """The expressions as of the newest tick; all unknown before the first."""
        if self.facts is None:
            return tuple(CheckRow(what=text, state="unknown", detail="not judged yet") for text in expressions)
        return checks(expressions, self.facts)


class Held(NamedTuple):
    """What waiting for conditions came to."""

    held: bool
    rows: tuple[CheckRow, ...]
    after: float
    """Seconds of ticks that were looked at."""

    @property
    def lacking(self) -> str:
        """What is not true, in words."""
        return "; ".join(f"{row.what} is {row.state} ({row.detail})" for row in self.rows if row.state != "true")


PULSE = 5.0
"""Most seconds between two ticks that count: while a program stood still nothing was looked at."""


async def hold(watch: FactsWatch, expressions: Sequence[str], seconds: float, within: float) -> Held:
    """Wait until all expressions have been true for `seconds` on end; give up after `within`.

    Measured on the loop's clock, which nobody can set, and only while ticks come: a wall clock that jumps neither
    serves the hold nor uses up the time. A tick at which one is false or unknown, or that comes after a pause,
    begins the hold anew.
    """
    clock = asyncio.get_running_loop().time
    held, spent = -1.0, 0.0
    facts, before = await watch.next(), clock()
    while True:
        rows = checks(expressions, facts)
        held = -1.0 if all_of(rows) is not Truth.TRUE else max(held, 0.0)
        if held >= seconds:
            return Held(held=True, rows=rows, after=spent)
        if spent >= within:
            return Held(held=False, rows=rows, after=spent)
        facts, now = await watch.next(), clock()
        passed, before = now - before, now
        spent += min(passed, PULSE)
        held = held + passed if held >= 0 and passed <= PULSE else -1.0
