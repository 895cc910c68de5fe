"""Call quality: columns of the table, and what is said about one group."""

from __future__ import annotations

from collections.abc import Callable

from dashboards.terminal.calls import CallLine, faulty
from dashboards.terminal.drawing.heat import LABEL, SHARE, beside, heat, worst
from dashboards.terminal.drawing.marks import mark_width, shown
from dashboards.terminal.drawing.pairs import pair
from dashboards.terminal.drawing.phrases import age, span
from dashboards.terminal.drawing.queues import queue_mark, rule_line
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip
from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.figures import Pair
from dashboards.terminal.view import View
from monitor.serving.recent_rows import RecentGroup

_RULES = 3
_BLOCK = LABEL + 30 + SHARE
"""Cells of a map of half an hour."""
_LISTED = 4
"""Bad reports beside a map."""


def _state(line: CallLine, view: View, glyphs: Glyphs) -> Span:
    state = queue_mark(line.state)
    return shown(state._replace(role="stale") if view.gone else state, glyphs)


def _for(line: CallLine, view: View, _glyphs: Glyphs) -> Span:
    return Span(span(view.now - line.since) if line.since else "-")


def _age(line: CallLine, view: View, glyphs: Glyphs) -> Span:
    if line.age is None:
        return Span("-", "dim")
    old = view.gone or line.state == "stale"
    return Span((glyphs.old if old else "") + age(line.age + view.behind), "stale" if old else "dim")


def _get(name: str) -> Callable[[CallLine], Pair]:
    return lambda line: line.pairs[name]


def table(by: str, *, split: bool) -> Table[CallLine]:
    """The table of calls grouped by this label. split: each direction has rows of its own."""
    ways: tuple[Field[CallLine], ...] = (
        Field(
            "direction",
            "Direction",
            lambda line: line.direction or None,
            lambda line, _view, _glyphs: Span(line.direction or "-"),
            9,
            worded=True,
        ),
    )
    fields: tuple[Field[CallLine], ...] = (
        Field("state", "State", lambda line: queue_mark(line.state).word.lower(), _state, mark_width, worded=True),
        Field(
            by,
            by.capitalize(),
            lambda line: line.group,
            lambda line, _view, _glyphs: Span(line.group, "strong" if faulty(line) else ""),
            worded=True,
        ),
        *(ways if split else ()),
        *pair("mos", "MOS p10", _get("mos"), "score", falling=False, rank=1, width=6),
        *pair("median", "MOS median", _get("median"), "score", falling=False, rank=6, width=6),
        *pair("loss", "Loss", _get("loss"), "ratio", rank=2, width=6),
        *pair("jitter", "Jitter p95", _get("jitter"), "seconds", rank=3, width=6),
        *pair("rtt", "Round trip", _get("rtt"), "seconds", rank=8, width=6),
        *pair("oneway", "One-way", _get("oneway"), "count", rank=7, width=4),
        *pair("reports", "Reports", _get("reports"), "count", rank=9, width=7),
        Field(
            "for", "For", lambda line: -line.since if line.since else None, _for, 5, right=True, falling=True, rank=5
        ),
        Field("age", "Age", lambda line: line.age, _age, 6, right=True, falling=True, rank=4, unit="seconds"),
    )
    return Table(f"calls-by-{by}", fields, key=lambda line: line.key, faulty=faulty)


def about(line: CallLine, went: RecentGroup | None, width: int, view: View, glyphs: Glyphs) -> list[Line]:
    """What stands behind one group: its rules, its scores minute by minute, its worst reports."""
    out = [rule_line(rule, view, width, glyphs) for rule in line.rules[:_RULES]]
    if not out:
        past = dict.fromkeys(pair.past.rule for pair in line.pairs.values() if pair.past is not None)
        words = f"past the limits of {', '.join(past)}; " if past else ""
        out = [(Span(f"{words}no rule judges by {line.by}", "warn" if past else "dim"),)]
    out += [(Span(f"no score: {why}", "unknown"),) for why in line.why]
    if went is None:
        return [clip(part, width, glyphs) for part in (*out, (Span("how it went: not known yet", "dim"),))]
    block = min(_BLOCK, width)
    across = max(1, (width + 2) // (block + 2))
    blocks = [heat(row, block, glyphs) for row in went.heat]
    blocks.append(worst(went.worst, went.below, line.by, block, glyphs, most=_LISTED))
    for first in range(0, len(blocks), across):
        out += beside(blocks[first : first + across], block)
    return [clip(part, width, glyphs) for part in out]
