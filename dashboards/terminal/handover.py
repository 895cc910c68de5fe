"""The hand-over of a shift: how things stand, who has what, what was decided and why, what to watch. Pure, no screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from dashboards.terminal.drawing.gates import faulty, gate_mark, worst_first
from dashboards.terminal.drawing.phrases import clock, elapsed, limit
from dashboards.terminal.drawing.spans import Glyphs, visible
from dashboards.terminal.drawing.work import OPEN
from monitor.deciding.attention import WHOLE
from monitor.serving.alert_rows import AlertRow, MuteRow
from monitor.serving.snapshot import DecisionRow, GateRow, PointRow, Snapshot, SourceRow, WaitingRow
from monitor.serving.timeline_rows import TimelineRow
from monitor.units import format_duration, format_value

SHIFT = 8 * 3600.0
"""Seconds that a hand-over looks back."""
CHANGES = frozenset({"verdict", "stage", "gate", "run", "point", "start", "ack", "mute", "lock"})
"""Kinds of lines that changed something during a shift."""
MOST = 200
"""Most lines of one part; further ones are counted."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the timeline."""

    seq: int
    at: str
    """Time, RFC 3339, UTC."""
    who: str
    what: str
    reason: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, since when, and who has it."""

    what: str
    state: str
    since: str
    owner: str = ""
    """Empty: nobody."""
    owner_until: str = ""
    """When it is asked for anew; empty: with the alert."""
    quiet: str = ""
    """Why nobody is told of it; empty: people are."""


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the next shift must know; times are RFC 3339 in UTC."""

    schema: int = 1
    cutover: str
    environment: str
    at: str
    hours: float
    stage: str
    stage_since: str
    since_start: str
    verdict: str
    verdict_since: str
    reason: str
    alerts: list[Alert]
    mutes: list[str] = []
    """What nobody is told of, until when, by whom and why."""
    waiting: list[str]
    decisions: list[str]
    said: list[Said]
    """What people decided and noted, oldest first."""
    changes: list[Said]
    """What changed, oldest first."""
    left_out: int
    """Lines beyond the bound of a part."""
    watch: list[str]
    points: list[str]
    whole: bool = True
    """Whether every line of the shift was read."""


def handover(snapshot: Snapshot, lines: Sequence[TimelineRow], seconds: float, *, whole: bool) -> HandOver:
    """Put together from the board and the lines of the last `seconds`; whole: whether those are all lines of that time."""
    cutover, verdict = snapshot.cutover, snapshot.verdict
    said = [_said(row) for row in lines if row.kind in ("decision", "note", "stage_vote") and not _machine(row)]
    changes = [_said(row) for row in lines if row.kind in CHANGES]
    return HandOver(
        cutover=cutover.name,
        environment=cutover.environment,
        at=_time(snapshot.at),
        hours=seconds / 3600,
        stage=f"{cutover.stage_index} of {cutover.stage_count}: {cutover.stage_title or cutover.stage}",
        stage_since=_time(cutover.stage_since),
        since_start=f"T+{elapsed(snapshot.at - cutover.started_at)}",
        verdict=verdict.verdict,
        verdict_since=_time(verdict.since),
        reason=verdict.reason,
        alerts=[_alert(row) for row in snapshot.alerts],
        mutes=[_mute(row) for row in snapshot.alerting.mutes],
        waiting=[_waiting(row) for row in snapshot.waiting],
        decisions=[_decision(row) for row in snapshot.decisions],
        said=said[-MOST:],
        changes=changes[-MOST:],
        left_out=max(0, len(said) - MOST) + max(0, len(changes) - MOST),
        watch=list(_watch(snapshot)),
        points=[_point(row) for row in snapshot.points],
        whole=whole,
    )


def _machine(row: TimelineRow) -> bool:
    return row.kind == "decision" and row.who in ("golive", "engine") and row.state in ("preflight", "verifying")


def _said(row: TimelineRow) -> Said:
    return Said(seq=row.seq, at=_time(row.at), who=row.who, what=row.what, reason=row.reason)


def _alert(row: AlertRow) -> Alert:
    what = row.summary or f"{row.name} {row.scope}".rstrip()
    until = _time(row.acked_until) if row.acked_by and row.acked_until is not None else ""
    return Alert(
        what=what, state=row.state, since=_time(row.since), owner=row.acked_by, owner_until=until, quiet=row.quiet
    )


def _mute(row: MuteRow) -> str:
    where = "everywhere" if row.scope == WHOLE else row.scope
    return f"{row.alert} {where}".rstrip() + f": muted by {row.by} until {_day(_time(row.until))} UTC ({row.reason})"


def _waiting(row: WaitingRow) -> str:
    until = "" if row.deadline is None else f", until {clock(row.deadline)} UTC"
    return f"{row.kind}: {row.title} {row.detail}".rstrip() + until


def _decision(row: DecisionRow) -> str:
    votes = ", ".join(
        f"{vote.vote} by {vote.person}" + (f" ({vote.reason})" if vote.reason else "") for vote in row.votes
    )
    words = f"{row.title or row.runbook} [{row.state.replace('_', ' ')}], asked for by {row.requester}: {row.reason}"
    still = f", still open until {clock(row.deadline)} UTC" if row.state in OPEN and row.deadline is not None else ""
    return words + (f"; {votes}" if votes else "") + still


def _watch(snapshot: Snapshot) -> Iterator[str]:
    cutover = snapshot.cutover
    if cutover.decide_by is not None:
        left = cutover.decide_by - snapshot.at
        takes = f"a rollback takes {format_duration(cutover.rollback_seconds)}"
        yield (
            f"a rollback can be decided until {clock(cutover.decide_by)} UTC, {format_duration(left)} from now; {takes}"
            if left > 0
            else f"no rollback can be decided in time any more since {clock(cutover.decide_by)} UTC; {takes}"
        )
    yield from (_gate(row) for row in worst_first(snapshot.gates) if faulty(row))
    yield from (_source(row) for row in snapshot.sources if _troubled(row))
    if snapshot.monitor.degraded:
        yield f"golive itself: {snapshot.monitor.degraded}"


def _gate(row: GateRow) -> str:
    words = f"gate {row.title or row.name}: {gate_mark(row).word}"
    if row.kind == "judged" and row.limit is not None:
        words += f", {format_value(row.target, row.unit)} against {limit(row.operator, row.limit, row.unit, Glyphs())}"
    return f"{words} {row.scope}".rstrip() + (f" ({row.reason})" if row.reason else "")


def _troubled(row: SourceRow) -> bool:
    return row.state != "ok" or row.quality != "fresh" or row.gaps > 0


def _source(row: SourceRow) -> str:
    words = f"source {row.name}: {row.state}, {row.quality}"
    if row.gaps:
        words += f", {row.gaps:,} messages lost"
    return words + (f" ({row.error})" if row.error else "")


def _point(row: PointRow) -> str:
    since = f" since {clock(row.since)} UTC" if row.since is not None else ""
    by = f", said {row.by}" if row.by else ""
    what = "nothing begins after it" if row.after == "freeze" else "it is only shown"
    return f"{row.name}: {row.state}{since}{by}; {what}" + (f" ({row.detail})" if row.detail else "")


def _time(at: float) -> str:
    return datetime.fromtimestamp(min(max(at, 0.0), 4e10), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def markdown(told: HandOver) -> str:
    """The hand-over as a page of Markdown; outside text cannot become a heading, a link, an image or HTML."""
    return "\n".join(visible(line, Glyphs()) for line in _page(told, escaped)) + "\n"


def plain(told: HandOver) -> str:
    """The same to be read on a screen, text as it is."""
    return "\n".join(visible(line, Glyphs()) for line in _page(told, str)) + "\n"


def _page(told: HandOver, text: Callable[[str], str]) -> Iterator[str]:
    yield f"# Hand-over {text(told.environment)}: {text(told.cutover)}"
    yield ""
    yield f"- at {_day(told.at)} UTC, {told.since_start}, the last {told.hours:g} h"
    yield f"- stage {text(told.stage)}, since {_day(told.stage_since)}"
    yield f"- verdict {told.verdict} since {_day(told.verdict_since)}: {text(told.reason)}"
    if not told.whole:
        yield "- NOT WHOLE: older lines of this shift could not be read; `golive audit show` has them"
    if told.left_out:
        yield f"- {told.left_out} lines are left out below; `golive audit show` has them"
    alerts = [
        f"{text(alert.what)} - {alert.state} since {_day(alert.since)}, "
        + _whose(alert, text)
        + (f"; nobody is told: {text(alert.quiet)}" if alert.quiet else "")
        for alert in told.alerts
    ]
    yield from _part("Open alerts and who has them", alerts, "none is open")
    yield from _part("Muted", map(text, told.mutes), "nothing is")
    yield from _part("Waiting for a person", map(text, told.waiting), "nothing waits")
    yield from _part("Decisions", map(text, told.decisions), "nothing was asked for")
    yield from _part("Decided and noted", (_line(row, text) for row in told.said), "nothing")
    yield from _part("Changed", (_line(row, text) for row in told.changes), "nothing")
    yield from _part("To watch", map(text, told.watch), "nothing stands out")
    yield from _part("Points of no return", map(text, told.points), "none is configured")


def _whose(alert: Alert, text: Callable[[str], str]) -> str:
    until = f" until {_day(alert.owner_until)}" if alert.owner_until else ""
    return f"{text(alert.owner)} has it{until}" if alert.owner else "NOBODY has it"


def _part(title: str, rows: Iterable[str], nothing: str) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    made = [f"- {row}" for row in rows]
    yield from made or [f"- {nothing}"]


def _line(row: Said, text: Callable[[str], str]) -> str:
    because = f" (because: {row.reason})" if row.reason and row.reason not in row.what else ""
    return f"{_day(row.at)} {text(row.who)}: {text(row.what + because)} (line {row.seq})"


def _day(at: str) -> str:
    return at.removesuffix("Z").replace("T", " ")


_MARKUP = re.compile(r"[\\`*_\[\]|~]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|^(?=[>#+=-])|^(?=\d+[.)])|(?<=\w)://")


def escaped(outside: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}" if found[0] != "://" else ":\\//", outside)
