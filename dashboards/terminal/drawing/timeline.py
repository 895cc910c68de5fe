"""Screen 7 as data: the columns of the timeline, what there is to say about one line, the proof in words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from dashboards.terminal.chronicle import event_of
from dashboards.terminal.drawing.board import event_role
from dashboards.terminal.drawing.phrases import clock, elapsed
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, visible, wrap
from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.view import View
from monitor.serving.timeline_rows import Proof, TimelineRow

_DAY = 86400.0
_DIGITS = 12
"""Digits of a hash that are shown; two lines with the same ones do not come up by chance."""
_FAULTS = frozenset({"breach", "fail", "warn", "unknown", "hold"})


def role(row: TimelineRow) -> str:
    """The style of a line: what it led to, when that is bad."""
    found = event_role(event_of(row))
    return "fail" if found == "breach" else found if found != "ok" else ""


def _since_start(row: TimelineRow, view: View, _: Glyphs) -> Span:
    if view.snapshot is None:
        return Span("-", "dim")
    since = row.at - view.snapshot.cutover.started_at
    return Span(elapsed(since) if since >= 0 else f"-{elapsed(-since)}", "dim")


def _clock(row: TimelineRow, view: View, _: Glyphs) -> Span:
    if abs(view.now - row.at) < _DAY / 2:
        return Span(clock(row.at))
    return Span(f"{datetime.fromtimestamp(min(max(row.at, 0.0), 4e10), UTC):%d} {clock(row.at)[:5]}")


def _hash(row: TimelineRow, _view: View, _glyphs: Glyphs) -> Span:
    return Span(row.hash[:_DIGITS], "dim")


def _what(row: TimelineRow, _view: View, _glyphs: Glyphs) -> Span:
    return Span(row.what, role(row))


def _plain(name: str, role: str = "") -> Callable[[TimelineRow, View, Glyphs], Span]:
    return lambda row, _view, _glyphs: Span(str(getattr(row, name)), role)


def _text(name: str, title: str, width: int, rank: int, role: str = "", *, wide: bool = False) -> Field[TimelineRow]:
    def value(row: TimelineRow) -> str:
        return str(getattr(row, name))

    return Field(name, title, value, _plain(name, role), width, rank=rank, wide=wide, worded=True)


FIELDS: tuple[Field[TimelineRow], ...] = (
    Field("t", "T+", lambda row: row.at, _since_start, 9, falling=True, rank=3, unit="unix_seconds"),
    Field("clock", "Clock", lambda row: clock(row.at), _clock, 8, falling=True),
    _text("kind", "Kind", 10, 4, "dim"),
    _text("who", "Who", 10, 0, "key"),
    Field("what", "What", lambda row: row.what, _what, worded=True),
    _text("object", "Object", 18, 2, "dim"),
    _text("state", "State", 11, 5, wide=True),
    _text("via", "Via", 8, 6, wide=True),
    Field("seq", "Seq", lambda row: row.seq, _plain("seq", "dim"), 7, right=True, falling=True, rank=1),
    Field("hash", "Hash", lambda row: row.hash, _hash, 12, wide=True, rank=7),
)
TABLE = Table("timeline", FIELDS, key=lambda row: str(row.seq), faulty=lambda row: role(row) in _FAULTS)


def below(row: TimelineRow, width: int, glyphs: Glyphs) -> list[Line]:
    """The whole line of the journal, and its link of the chain."""
    lines = wrap(row.what, width, glyphs, role(row) or "strong")[:3]
    if row.reason and row.reason not in row.what:
        lines += wrap(f"because: {row.reason}", width, glyphs)[:2]
    parts = [
        f"{row.kind} {row.state}".rstrip(),
        f"by {row.who}" + (f" via {row.via}" if row.via else ""),
        f"at {datetime.fromtimestamp(min(max(row.at, 0.0), 4e10), UTC):%Y-%m-%d} {clock(row.at)} UTC",
        f"about {row.object}" if row.object else "",
        f"digest sha256:{row.digest[:_DIGITS]}{glyphs.ellipsis}" if row.digest else "",
    ]
    said = visible(f" {glyphs.dot} ".join(part for part in parts if part), glyphs)
    lines.append(clip((Span(said, "dim"),), width, glyphs))
    link = f"prev {_short(row.previous, glyphs)} {glyphs.dot} hash {_short(row.hash, glyphs)}" if row.hash else ""
    words = link or "its link of the chain comes with the page of the journal"
    lines.append(clip((Span(visible(words, glyphs), "dim"),), width, glyphs))
    return lines


def _short(digest: str, glyphs: Glyphs) -> str:
    return f"{digest[:_DIGITS]}{glyphs.ellipsis}" if digest else "-"


def proved(proof: Proof) -> str:
    """What checking the chain found, for the frame of the table."""
    if proof.ok:
        return f"audit ok {proof.lines:,} at {clock(proof.at)}"
    return f"AUDIT BROKEN at line {proof.first_bad} ({clock(proof.at)})"


def verdict_on(proof: Proof) -> str:
    """The same as a sentence with what to do."""
    if proof.ok:
        return f"the chain is whole: {proof.lines:,} lines, head {proof.seq}:{proof.hash[:8]}, checked {clock(proof.at)} UTC"
    return (
        f"the chain is broken at line {proof.first_bad}: {proof.why}; {proof.lines:,} lines before it are whole. "
        "Next: golive audit verify, and keep a copy"
    )
