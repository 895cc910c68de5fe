"""What `golive audit show` prints: which lines are asked for, and how they read. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from monitor.deciding.entry import Entry

_NARROW = 60


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines; empty means any."""

    run: str = ""
    decision: str = ""
    kinds: tuple[str, ...] = ()
    who: str = ""
    since: float | None = None
    """Unix seconds."""
    until: float | None = None

    def holds(self, entry: Entry) -> bool:
        """Whether a line is asked for."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.who or entry.who == self.who)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at <= self.until)
            and (not self.run or _of_run(entry, self.run))
            and (not self.decision or _of_decision(entry, self.decision))
        )


def _of_run(entry: Entry, run: str) -> bool:
    return entry.object.partition("/")[0] == run or entry.data.get("run") == run


def _of_decision(entry: Entry, decision: str) -> bool:
    own = entry.object.partition("/")[0]
    return decision in (own, entry.data.get("decision")) or own == f"run-{decision}"


def page(entries: Iterable[Entry], width: int | None) -> Iterator[str]:
    """The lines for people: a heading a day, then number, time, kind, state, who, what. width: None does not wrap."""
    day = ""
    for entry in entries:
        at = datetime.fromtimestamp(entry.at, UTC)
        today = at.strftime("%A %d %B %Y, UTC")
        if today != day:
            yield today
            day = today
        who = entry.who + (f" ({entry.via})" if entry.via else "")
        head = f"{entry.seq:>6}  {at:%H:%M:%S}  {entry.kind:<10}  {entry.state:<11}  {who:<14}  "
        if width is None or width < len(head) + _NARROW // 2:
            yield head + entry.what
        else:
            yield from textwrap.wrap(
                entry.what, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
            ) or [head.rstrip()]
        if reason := _reason(entry.data):
            yield " " * len(head) + f"because: {reason}"


def _reason(data: dict[str, Any]) -> str:
    """Why, where the line says it in its data alone."""
    found = data.get("reason") if data.get("state") in ("awaiting", "preflight") and not data.get("votes") else ""
    return found if isinstance(found, str) else ""
