"""Alerts as a table: what fires, against what, since when, who has it, and whether people were reached. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from dashboards.terminal.drawing.marks import ALERTS, SENT, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import clock, limit, span
from dashboards.terminal.drawing.spans import Glyphs, Span
from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.query import Value
from dashboards.terminal.subject import labels_of
from dashboards.terminal.view import View
from monitor.serving.alert_rows import AlertRow, MuteRow, SentRow
from monitor.serving.snapshot import Snapshot
from monitor.units import format_value

_WHOLE = "*"
_CHANNEL = 8
"""Letters of a channel's name in a row."""


class Entry(NamedTuple):
    """One row: an alert, all alerts of one rule, or a mute under which nothing fires."""

    row: AlertRow
    members: tuple[AlertRow, ...] = ()
    """Of a rule's alerts all of them; empty: it is one alert."""

    @property
    def whole(self) -> bool:
        """Whether it stands for a whole rule."""
        return bool(self.members) or (self.resting and self.row.muted_whole)

    @property
    def resting(self) -> bool:
        """Whether nothing fires."""
        return self.row.state == "muted"

    @property
    def muted(self) -> bool:
        """Whether nobody is told of it."""
        return bool(self.row.muted_by) and (not self.members or self.row.muted_whole)

    @property
    def muted_whole(self) -> bool:
        """Whether it is the whole rule that is muted."""
        return self.row.muted_whole

    @property
    def muted_id(self) -> str:
        """What the mute is known by."""
        return self.row.name if self.row.muted_whole else self.row.id

    @property
    def open(self) -> bool:
        """Whether it fires, nobody has it or is kept from hearing of it, and it does not follow from another."""
        return not (self.resting or self.row.acked_by or self.row.muted_by or self.row.quiet)


def entries(snapshot: Snapshot, *, grouped: bool) -> list[Entry]:
    """What needs somebody first, then what somebody has, then what nobody is told of. grouped: one row a rule."""
    rows = sorted(snapshot.alerts, key=_order)
    if grouped:
        rules: dict[str, list[AlertRow]] = {}
        for row in rows:
            rules.setdefault(row.name, []).append(row)
        made = [_together(members) for members in rules.values()]
    else:
        made = [Entry(row) for row in rows]
    firing = {(row.name, row.scope) for row in rows}
    names = {row.name for row in rows}
    return made + [_resting(mute) for mute in snapshot.alerting.mutes if not _covers(mute, firing, names)]


def _covers(mute: MuteRow, firing: set[tuple[str, str]], names: set[str]) -> bool:
    return mute.alert in names if mute.scope == _WHOLE else (mute.alert, mute.scope) in firing


def _order(row: AlertRow) -> tuple[bool, bool, bool, int, float, str]:
    return (
        bool(row.muted_by or row.quiet),
        bool(row.acked_by),
        row.severity != "critical",
        -mark(ALERTS, row.state).rank,
        row.since,
        row.id,
    )


def _together(members: list[AlertRow]) -> Entry:
    """The first, which is the worst, in the name of all."""
    first = members[0]
    if len(members) == 1:
        return Entry(first)
    row = msgspec.structs.replace(
        first,
        scope=f"{len(members)} places",
        since=min(member.since for member in members),
        acked_by=first.acked_by if all(member.acked_by for member in members) else "",
        muted_by=first.muted_by if all(member.muted_by for member in members) else "",
        muted_whole=all(member.muted_whole for member in members),
    )
    return Entry(row, tuple(members))


def _resting(mute: MuteRow) -> Entry:
    whole = mute.scope == _WHOLE
    return Entry(
        AlertRow(
            id=mute.alert if whole or not mute.scope else f"{mute.alert}:{mute.scope}",
            name=mute.alert,
            scope="everywhere" if whole else mute.scope,
            state="muted",
            value=None,
            limit=None,
            operator="",
            unit="",
            since=mute.since,
            summary="nothing fires under this mute",
            muted_by=mute.by,
            muted_at=mute.since,
            muted_until=mute.until,
            mute_reason=mute.reason,
            muted_whole=whole,
        )
    )


def heading(snapshot: Snapshot, glyphs: Glyphs) -> str:
    """How many are open, taken, muted and over."""
    rows = [Entry(row) for row in snapshot.alerts]
    acked = sum(bool(entry.row.acked_by) for entry in rows)
    beside = snapshot.alerting
    parts = [
        f"ALERTS open {sum(entry.open for entry in rows)}",
        f"acked {acked}",
        f"muted {len(beside.mutes)}",
        f"closed today {beside.closed}",
        f"{beside.left_out} more not listed" if beside.left_out else "",
    ]
    return f" {glyphs.dot} ".join(part for part in parts if part)


def count(snapshot: Snapshot | None) -> int:
    """Alerts that wait for somebody."""
    return sum(Entry(row).open for row in snapshot.alerts) if snapshot is not None else 0


def owner(row: AlertRow, glyphs: Glyphs) -> str:
    """Who has it or muted it, until when."""
    parts = []
    if row.muted_by:
        until = f"{clock(row.muted_until)[:5]} " if row.muted_until is not None else ""
        parts.append(f"{'mu' if glyphs.ascii else '⊘'} {until}{row.muted_by}")
    if row.acked_by:
        until = f"{clock(row.acked_until)[:5]} " if row.acked_until is not None else ""
        parts.append(f"{until}{row.acked_by}")
    if row.quiet and not row.muted_by:
        parts.append(row.quiet)
    return " ".join(parts) or "-"


def sent(rows: Iterable[SentRow], glyphs: Glyphs) -> str:
    """Each channel with what became of the newest message; failures with their number."""
    parts = []
    for row in rows:
        sign = mark(SENT, row.state)
        shape = sign.code if glyphs.ascii else sign.shape
        parts.append(f"{row.channel[:_CHANNEL]}{shape}{row.failed or ''}")
    return " ".join(parts) or "-"


def place(row: AlertRow) -> str:
    """Where, as people say it: the labels' values; a scope that is no labels as it is."""
    return ", ".join(labels_of(row.scope).values()) or row.scope


def listed(entry: Entry, now: float, glyphs: Glyphs) -> Iterator[str]:
    """An alert as lines of words, for a command line. now: unix seconds."""
    row = entry.row
    state = mark(ALERTS, row.state).word
    value = format_value(row.value, row.unit) if row.value is not None else "no data"
    bound = f" (limit {limit(row.operator, row.limit, row.unit, glyphs)})" if row.limit is not None else ""
    figure = "" if entry.resting else f"  {value}{bound} for {span(now - row.since)}, {row.severity}"
    yield f"{row.code or '-':6}  {state:8} {row.id}{figure}"
    if row.title:
        runbook = f"; runbook {row.runbook}" if row.runbook else ""
        told = f"; sent {sent(row.sent, glyphs)}" if row.sent else ""
        yield f"        {row.title}{runbook}{told}"
    if row.acked_by:
        left = f"{span(row.acked_until - now)} more" if row.acked_until is not None else "as long as it lasts"
        why = f": {row.ack_reason}" if row.ack_reason else ""
        yield f"        {row.acked_by} has it{_age(row.acked_at, now)}, {left}{why}"
    if row.muted_by:
        left = f"{span(row.muted_until - now)} more" if row.muted_until is not None else "for now"
        what = "the whole rule is muted" if row.muted_whole else "muted"
        yield f"        {what} by {row.muted_by}{_age(row.muted_at, now)}, {left}: {row.mute_reason}"


def _age(since: float | None, now: float) -> str:
    return f" for {span(now - since)}" if since is not None else ""


def _state(entry: Entry, view: View, glyphs: Glyphs) -> Span:
    state = mark(ALERTS, entry.row.state)
    return shown(state._replace(role="stale") if view.gone else state, glyphs)


def _value(entry: Entry, view: View, glyphs: Glyphs) -> Span:
    del glyphs
    row = entry.row
    if entry.resting:
        return Span("-", "dim")
    if row.value is None:
        return Span("no data", "unknown")
    return Span(format_value(row.value, row.unit), "stale" if view.gone else "strong")


def _sent(entry: Entry, view: View, glyphs: Glyphs) -> Span:
    del view
    bad = any(row.failed for row in entry.row.sent)
    return Span(sent(entry.row.sent, glyphs), "fail" if bad else "dim")


def _owner(entry: Entry, view: View, glyphs: Glyphs) -> Span:
    del view
    return Span(owner(entry.row, glyphs), "dim" if entry.row.muted_by else "ok" if entry.row.acked_by else "dim")


def _since(entry: Entry) -> Value:
    return -entry.row.since


FIELDS: tuple[Field[Entry], ...] = (
    Field("state", "State", lambda e: e.row.state, _state, lambda glyphs: mark_width(glyphs, 7), worded=True),
    Field(
        "alert",
        "Alert",
        lambda e: e.row.title or e.row.name,
        lambda e, _v, _g: Span(e.row.title or e.row.name, "strong" if e.open else ""),
        worded=True,
    ),
    Field("scope", "Scope", lambda e: e.row.scope, lambda e, _v, _g: Span(place(e.row) or "-"), worded=True),
    Field("value", "Value", lambda e: e.row.value, _value, 7, right=True, falling=True),
    Field(
        "limit",
        "Limit",
        lambda e: e.row.limit,
        lambda e, _v, g: Span(limit(e.row.operator, e.row.limit, e.row.unit, g), "dim"),
        8,
        right=True,
        rank=4,
    ),
    Field("for", "For", _since, lambda e, v, _g: Span(span(v.now - e.row.since)), 5, right=True, rank=3),
    Field("ack", "Ack until", lambda e: e.row.acked_by or e.row.muted_by, _owner, 13, rank=2, worded=True),
    Field(
        "runbook",
        "Runbook",
        lambda e: e.row.runbook,
        lambda e, _v, _g: Span(e.row.runbook or "-", "dim"),
        14,
        rank=6,
        worded=True,
    ),
    Field("sent", "Sent", lambda e: sent(e.row.sent, Glyphs(ascii=True)), _sent, 16, rank=5),
    Field(
        "severity", "Severity", lambda e: e.row.severity, lambda e, _v, _g: Span(e.row.severity), 8, wide=True, rank=7
    ),
    Field(
        "peak",
        "Peak",
        lambda e: e.row.peak,
        lambda e, _v, _g: Span(format_value(e.row.peak, e.row.unit)),
        8,
        right=True,
        wide=True,
        rank=7,
    ),
    Field("rule", "Rule", lambda e: e.row.name, lambda e, _v, _g: Span(e.row.name, "dim"), 18, wide=True, rank=7),
    Field("code", "Code", lambda e: e.row.code, lambda e, _v, _g: Span(e.row.code, "dim"), 6, wide=True, rank=7),
)
TABLE = Table("alerts", FIELDS, key=lambda e: e.row.id, faulty=lambda e: e.open)
