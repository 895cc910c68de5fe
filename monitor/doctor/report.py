"""What the doctor found, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from monitor.intake.probing import Check, State


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One check and what it was about."""

    subject: str
    """A collector's name, or state, disk, clock, secrets, web, terminal, runbooks, notify, configuration."""
    what: str
    state: State
    words: str
    next: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    schema: int = 1
    ok: bool
    """Nothing failed; warnings do not count."""
    checks: tuple[Line, ...]


def lines(subject: str, checks: Iterable[Check]) -> list[Line]:
    """The checks of one subject."""
    return [Line(subject=subject, what=c.what, state=c.state, words=c.words, next=c.next) for c in checks]


def report(found: Iterable[Line]) -> Report:
    """All of it."""
    every = tuple(found)
    return Report(ok=all(line.state != "fail" for line in every), checks=every)


def spelled(line: Line) -> Iterator[str]:
    """One check for people: the line, and what to do where there is something to do."""
    yield f"{line.state.upper():<5} {line.subject:<16} {line.what}: {line.words}"
    if line.next:
        yield f"{'':<5} {'':<16}   next: {line.next}"


def summary(made: Report) -> str:
    """The last line."""
    counts = {state: sum(line.state == state for line in made.checks) for state in ("ok", "warn", "fail")}
    return f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed"
