"""`golive runbook rehearse`: run a runbook with everything but its effects, and measure how long people take."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import msgspec
from cyclopts import Parameter

from monitor.cli.asking import USAGE, fail
from monitor.cli.check import INVALID
from monitor.cli.pairs import pairs
from monitor.cli.prompting import Prompt, converse
from monitor.config_file import DEFAULT, read
from monitor.deciding.ledger import JournalDamagedError
from monitor.deciding.state_lock import AlreadyRunning, StateLock
from monitor.serving.snapshot import StepRow
from monitor.template import fill
from monitor.text import clean, escaped_json
from monitor.units import format_duration
from runbooks.book import Book, Touches
from runbooks.model import Runbook
from runbooks.rehearsal import FOLDER, MARK, VERIFICATION, MarkedJournal, Measured, Mishaps, Rehearsal
from runbooks.sealed import sealed

HELD, NOT_DONE = 4, 9
"""Exit codes: another rehearsal is under way in this state directory; the rehearsal did not end well."""
_LINE = 2000


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    schema: int = 1
    rehearsal: bool = True
    runbook: str
    title: str
    digest: str
    parameters: dict[str, str]
    state: str
    seconds: float
    """How long it took, people included."""
    timed: bool
    """False when waits were cut short, so that the time says nothing."""
    takes: float
    """What its steps are stated to take, and its verification to hold."""
    hosts: tuple[str, ...]
    """Whom a real run may speak to. Nobody was spoken to now."""
    preflight: tuple[str, ...]
    steps: tuple[StepRow, ...]
    verify: tuple[str, ...]


def rehearse(
    name: str,
    /,
    *parameters: str,
    param: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    config: Path = DEFAULT,
    state_dir: Path = Path("state"),
    fail_step: Annotated[tuple[str, ...], Parameter(name="--fail", negative=())] = (),
    park: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    yes: Annotated[bool, Parameter(negative=())] = False,
    fast: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Rehearse a runbook: every step is filled, checked and shown as it would be sent, and nothing is sent.

    The runner, the record and the journal are the real ones; answers are made up, and manual steps are answered
    at the prompt. What is written goes to STATE_DIR/rehearsals, each line marked REHEARSAL. A rehearsal that takes
    longer than stated moves the last instant at which a rollback may be decided; a shorter one moves nothing.

    Exit code 0 when it ended well, 2 for a wrong call, 3 when the configuration or the runbook has a problem,
    4 when another rehearsal is under way, 9 when it did not end well.

    Args:
        name: The runbook.
        parameters: Its parameters, each as name=value; the same as --param.
        param: A parameter as name=value.
        config: The configuration, for the folder of runbooks and of secrets. Without one: ./runbooks.
        state_dir: The daemon's state directory.
        fail_step: A step that fails, or `verification`.
        park: A step of which nobody will know whether it took effect.
        yes: Answer every manual step with done, and abort when a step is stuck.
        fast: Do not wait in wait steps and between retries.
        json: Print one JSON object at the end; what happens goes to standard error.
    """
    try:
        given = pairs([*parameters, *param])
    except ValueError as error:
        return fail(str(error), USAGE)
    book, base, runbook = _found(config, name)
    if runbook is None:
        return INVALID
    try:
        filled = runbook.filled(given)
        mishaps = _mishaps(runbook, fail_step, park, fast=fast)
    except ValueError as error:
        return fail(f"{error}; next: golive runbook show {name}", USAGE)
    prompt = Prompt(out=sys.stderr if json else sys.stdout, yes=yes)
    for line in opening(runbook, filled):
        prompt.say(line)
    try:
        lock = StateLock.acquire(state_dir / FOLDER, time.time())
    except AlreadyRunning as error:
        return fail(f"another rehearsal is under way: {error}", HELD)
    try:
        with sealed():
            measured, steps = asyncio.run(_run(runbook, filled, state_dir / FOLDER, base, mishaps, prompt))
    except (KeyboardInterrupt, JournalDamagedError) as error:
        prompt.say(f"{MARK} broken off" + (f": {error}" if str(error) else ""))
        return NOT_DONE
    finally:
        lock.release()
    _tell(runbook, filled, measured, steps, book.touches(name), prompt, json=json)
    return 0 if measured.state == "done" else NOT_DONE


def opening(runbook: Runbook, parameters: dict[str, str]) -> list[str]:
    """What a person reads before a rehearsal begins."""
    lines = [
        f"{MARK} of {runbook.name}: {runbook.title}; nothing leaves this machine and no program is started",
        f"{MARK} acts on {fill(runbook.scope, parameters)}; digest {runbook.digest[:12]}",
    ]
    lines += [f"{MARK} a real run would first need: {text}" for text in runbook.preflight]
    held = f"for {format_duration(runbook.verify_hold)}, within {format_duration(runbook.verify_within)}"
    lines.append(f"{MARK} a real run would end with: {' and '.join(runbook.verify)} {held}; here it is taken for held")
    return lines


async def _run(
    runbook: Runbook, parameters: dict[str, str], folder: Path, base: Path, mishaps: Mishaps, prompt: Prompt
) -> tuple[Measured, tuple[StepRow, ...]]:
    journal = cast("MarkedJournal", await MarkedJournal.open(folder / "journal.db"))
    try:
        who = os.environ.get("USER") or "somebody"
        rehearsal = Rehearsal(runbook, parameters, journal, base=base, mishaps=mishaps, who=who)
        after = journal.head[0]
        rehearsal.start()
        try:
            await converse(rehearsal, journal, prompt, after)
            steps = rehearsal.steering.row().steps
        finally:
            measured = await rehearsal.close()
    finally:
        await journal.close()
    return measured, steps


def _found(config: Path, name: str) -> tuple[Book, Path, Runbook | None]:
    """The runbooks, the folder that secrets start at, and the runbook; what is wrong is said where there is none."""
    if config == DEFAULT and not config.exists():
        book, base, findings = Book.load(Path("runbooks")), Path(), []
    else:
        loaded = read(config)
        book, base, findings = loaded.book or Book.load(None), loaded.folder, list(loaded.findings)
    runbook = None if findings else book.get(name)
    if runbook is None:
        findings = findings or [finding for finding in book.findings if Path(finding.file).stem == name]
        sys.stderr.writelines(f"{clean(str(finding), _LINE)}\n" for finding in findings)
        known = "mend what is named above" if findings else f"one of: {', '.join(book.names)}"
        fail(f"runbook {clean(name, 80)!r} cannot be run; next: {known}", INVALID)
    return book, base, runbook


def _mishaps(runbook: Runbook, fails: Sequence[str], parks: Sequence[str], *, fast: bool) -> Mishaps:
    names = {step.name for step in runbook.steps}
    unknown = sorted((set(fails) - names - {VERIFICATION}) | (set(parks) - names))
    if unknown:
        raise ValueError(f"{runbook.name} has no step {', '.join(unknown)}")
    asked = [step.name for step in runbook.steps if step.asks and step.name in parks]
    if asked:
        raise ValueError(f"{', '.join(asked)}: a person does it and knows; it can fail, but not be parked")
    return Mishaps(fails=frozenset(fails), parks=frozenset(parks), fast=fast)


def _tell(
    runbook: Runbook,
    parameters: dict[str, str],
    measured: Measured,
    steps: tuple[StepRow, ...],
    touches: Touches,
    prompt: Prompt,
    *,
    json: bool,
) -> None:
    took = format_duration(measured.seconds) + ("" if measured.timed else ", waits cut short")
    stated = f"its steps and verification are stated to take {format_duration(runbook.lasts)}"
    prompt.say(f"{MARK} ended {measured.state} after {took}; {stated}")
    if touches.hosts:
        prompt.say(f"{MARK} a real run may speak to {', '.join(touches.hosts)}")
    if json:
        report = Report(
            runbook=runbook.name,
            title=runbook.title,
            digest=runbook.digest,
            parameters=parameters,
            state=measured.state,
            seconds=measured.seconds,
            timed=measured.timed,
            takes=runbook.lasts,
            hosts=touches.hosts,
            preflight=runbook.preflight,
            steps=steps,
            verify=runbook.verify,
        )
        sys.stdout.write(escaped_json(msgspec.json.encode(report).decode()) + "\n")
