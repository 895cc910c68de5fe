"""Lines that wait to be read out: what is worst comes first, what changed again before its turn is told once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST = 40
"""Lines that wait; beyond it the least urgent is left out, and a line says how many were."""
DAEMON, VERDICT, PERSON, BAD, STAGE, OTHER, SOURCE, NOTE = range(8)
"""How urgent a line is, the most urgent first. The first two are never left out."""
_PASSED = 8
"""States passed through that are told by name."""


class Change(NamedTuple):
    """One thing that a listener must hear."""

    about: tuple[str, str]
    """What it concerns; a later change of the same takes its place."""
    rank: int
    text: str
    state: str = ""
    """The word it came to."""
    passed: tuple[str, ...] = ()
    """Words it passed through unheard."""


class _Waiting(NamedTuple):
    change: Change
    order: int
    stamp: str


class Readout:
    """The queue. `next` is asked once a second."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], _Waiting] = {}
        self._count = 0
        self._left_out = 0

    def add(self, stamp: str, changes: Iterable[Change]) -> None:
        """Changes at a time of day. One that undoes what was not yet heard still says that it happened."""
        for change in changes:
            self._count += 1
            before = self._lines.get(change.about)
            if before is not None:
                passed = (*before.change.passed, before.change.state, *change.passed)
                merged = change._replace(rank=min(before.change.rank, change.rank), passed=tuple(filter(None, passed)))
                self._lines[change.about] = before._replace(change=merged, stamp=stamp)
            else:
                self._lines[change.about] = _Waiting(change, self._count, stamp)
        while len(self._lines) > MOST:
            about, least = max(self._lines.items(), key=lambda item: (item[1].change.rank, item[1].order))
            if least.change.rank <= VERDICT:
                break
            del self._lines[about]
            self._left_out += 1

    def next(self) -> str | None:
        """The next line; None while there is nothing to say."""
        first = min(self._lines.values(), key=lambda line: (line.change.rank, line.order), default=None)
        if self._left_out and (first is None or first.change.rank > VERDICT):
            count, self._left_out = self._left_out, 0
            return f"{count} changes were not read out"
        if first is None:
            return None
        change = self._lines.pop(first.change.about).change
        text = f"{first.stamp} {change.text}"
        if not change.passed:
            return text
        more = len(change.passed) - _PASSED
        told = ", ".join(change.passed[-_PASSED:])
        return f"{text}; before that {told}" + (f" and {more} more" if more > 0 else "")
