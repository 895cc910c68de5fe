"""Queues, old against new: columns of the table, and what is said about one queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboards.terminal.drawing.board import spark
from dashboards.terminal.drawing.marks import GATES, Mark, mark, mark_width, shown
from dashboards.terminal.drawing.pairs import pair
from dashboards.terminal.drawing.pairs import shown as number
from dashboards.terminal.drawing.phrases import against, age, span
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, join, plain, wrap
from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.figures import Figure, Pair, bound_of
from dashboards.terminal.judged import rule_state
from dashboards.terminal.queues import Agents, QueueLine, faulty
from dashboards.terminal.view import View
from monitor.serving.recent_rows import RecentPoints, RecentQueueRow
from monitor.serving.snapshot import RuleRow
from monitor.units import format_value

UNJUDGED = Mark("·", "[--]", "NO RULE", "dim")
TITLES = {
    "waiting": "In queue",
    "oldest": "Oldest",
    "level": "Service level",
    "abandoned": "Abandoned",
    "answer": "Speed of answer",
    "handle": "Handle time",
}
_WORST = 3
"""Rules of a queue that are told in full."""


def queue_mark(state: str) -> Mark:
    """How a queue's state looks."""
    return UNJUDGED if state == "unjudged" else mark(GATES, state)


def _state(line: QueueLine, view: View, glyphs: Glyphs) -> Span:
    state = queue_mark(line.state)
    return shown(state._replace(role="stale") if view.gone else state, glyphs)


def _for(line: QueueLine, view: View, _glyphs: Glyphs) -> Span:
    return Span(span(view.now - line.since) if line.since else "-")


def _age(line: QueueLine, view: View, glyphs: Glyphs) -> Span:
    if line.age is None:
        return Span("none", "stale")
    old = view.gone or line.state == "stale"
    return Span((glyphs.old if old else "") + age(line.age + view.behind), "stale" if old else "dim")


def _moved(line: QueueLine, view: View, glyphs: Glyphs) -> Span:
    if line.moved.value is None:
        return Span("-", "dim")
    old = view.gone or not line.moved.fresh
    return Span(f"{line.moved.value * 100:.0f}%{glyphs.old if old else ''}", "stale" if old else "")


def _free(agents: Agents) -> Figure:
    return agents.new.get("available") or Figure()


def _agents(line: QueueLine, view: View, glyphs: Glyphs) -> Span:
    """Available and on contact on the new platform; of a whole site they are grey."""
    known = [line.agents.new.get(state) for state in ("available", "on_contact")]
    if not any(known):
        return Span("-", "dim")
    texts = ["-" if figure is None else format_value(figure.value, "count") for figure in known]
    old = view.gone or any(figure is not None and not figure.fresh for figure in known)
    return Span("/".join(texts) + (glyphs.old if old else " "), "stale" if old else "dim" if line.agents.site else "")


def _get(name: str) -> Callable[[QueueLine], Pair]:
    return lambda line: line.pairs[name]


FIELDS: tuple[Field[QueueLine], ...] = (
    Field(
        "state",
        "State",
        lambda line: queue_mark(line.state).word.lower(),
        _state,
        mark_width,
        worded=True,
    ),
    Field(
        "queue",
        "Queue",
        lambda line: line.name,
        lambda line, _view, _glyphs: Span(line.name, "strong" if faulty(line) else ""),
        worded=True,
    ),
    *pair("waiting", "In queue", _get("waiting"), "count", rank=1, width=5),
    *pair("oldest", "Oldest", _get("oldest"), "seconds", rank=4),
    *pair("level", "Service lvl", _get("level"), "ratio", falling=False, rank=2),
    *pair("abandoned", "Abandoned", _get("abandoned"), "ratio", rank=3),
    *pair("answer", "Answer", _get("answer"), "seconds", rank=9),
    *pair("handle", "Handle", _get("handle"), "seconds", rank=8),
    Field(
        "agents",
        "Av/on",
        lambda line: _free(line.agents).value,
        _agents,
        7,
        right=True,
        group="Agents",
        rank=7,
        unit="count",
    ),
    Field("moved", "Moved", lambda line: line.moved.value, _moved, 5, right=True, falling=True, rank=10, unit="ratio"),
    Field("for", "For", lambda line: -line.since if line.since else None, _for, 5, right=True, falling=True, rank=6),
    Field("age", "Age", lambda line: line.age, _age, 6, right=True, falling=True, rank=5, unit="seconds"),
    Field(
        "site",
        "Site",
        lambda line: line.labels.get("site"),
        lambda line, _view, _glyphs: Span(line.labels.get("site", "-"), "dim"),
        10,
        wide=True,
        rank=11,
        worded=True,
    ),
)

TABLE = Table("queues", FIELDS, key=lambda line: line.name, faulty=faulty)


def about(
    line: QueueLine,
    recent: Sequence[RecentQueueRow],
    lines: Sequence[RecentPoints],
    covered: float,
    width: int,
    view: View,
    glyphs: Glyphs,
) -> list[Line]:
    """What stands behind one queue: why it is worse, how it went, whether its counts add up, who answers, its rules."""
    out = [*_past(line, width, glyphs), *_worse(line, width, glyphs)]
    out += _rules(line, view, width, glyphs)
    out += _went(lines, width, glyphs)
    out += [part for row in recent if (part := _balance(row, covered, glyphs))]
    out += [_people(line, glyphs)]
    return [clip(part, width, glyphs) for part in out if part]


def _past(line: QueueLine, width: int, glyphs: Glyphs) -> list[Line]:
    """Figures past a limit of a rule that does not judge this queue alone."""
    out: list[Line] = []
    own = {rule.rule for rule in line.rules}
    for name, both in line.pairs.items():
        if both.past is not None and both.past.rule not in own:
            told = against(both.new.value, both.past.operator, bound_of(both), both.unit)
            words = f"{TITLES[name].lower()} {told}: the limit of {both.past.rule}, which judges it with others"
            out.append(clip((Span(words, "fail" if both.hard else "warn"),), width, glyphs))
    return out


def _worse(line: QueueLine, width: int, glyphs: Glyphs) -> list[Line]:
    words = [
        f"{TITLES[name].lower()} {number(both.new.value, both.unit)} against {number(both.old.value, both.unit)}"
        for name, both in line.pairs.items()
        if both.worse
    ]
    if words:
        text = "worse than on the old platform: " + ", ".join(words)
        first, *rest = wrap(text, width, glyphs, "warn")
        return [
            first,
            *([clip((Span(" ".join(plain(part) for part in rest), "warn"),), width, glyphs)] if rest else []),
        ]
    compared = [TITLES[name].lower() for name, both in line.pairs.items() if both.difference is not None]
    if compared:
        return [clip((Span(f"no worse than on the old platform: {', '.join(compared)}", "dim"),), width, glyphs)]
    return [(Span("nothing can be compared: no figure is known and fresh on both platforms", "dim"),)]


def _rules(line: QueueLine, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    if not line.rules:
        return [(Span("no rule judges this queue alone; rules over all queues stand on the board", "dim"),)]
    out = [rule_line(rule, view, width, glyphs) for rule in line.rules[:_WORST]]
    if len(line.rules) > _WORST:
        out.append((Span(f"and {len(line.rules) - _WORST} rules more: enter", "dim"),))
    return out


def rule_line(rule: RuleRow, view: View, width: int, glyphs: Glyphs) -> Line:
    """One rule: state, name, value against limit, since when, on how many samples."""
    state = mark(GATES, rule_state(rule))
    bound = rule.warn if rule.state == "warn" and rule.warn is not None else rule.breach
    parts = [
        (shown(state._replace(role="stale") if view.gone else state, glyphs), Span(f" {rule.rule}", "strong")),
        (Span(against(rule.value, rule.operator, bound, rule.unit)),),
        (Span(f"for {span(view.now - rule.since)}"),),
        (Span(f"{rule.samples} samples"),),
        (Span(rule.reason, "dim"),),
    ]
    return clip(join(parts, glyphs), width, glyphs)


def _went(lines: Sequence[RecentPoints], width: int, glyphs: Glyphs) -> list[Line]:
    out: list[Line] = []
    room = max(8, min(60, width - 34))
    for row in lines:
        last = next((point for point in reversed(row.points) if point is not None), None)
        side = "old" if row.platform == "legacy" else "new"
        out.append(
            (
                Span(f"{row.name} {side}".ljust(18), "dim"),
                Span(format_value(last, "count").rjust(6) + " ", "strong" if row.points[-1:] != (None,) else "stale"),
                Span(spark(row.points, room, glyphs), "spark"),
                Span(f" {span(row.step * min(room, len(row.points)))}", "dim"),
            )
        )
    return out


def _balance(row: RecentQueueRow, covered: float, glyphs: Glyphs) -> Line:
    """Whether the contacts that came are accounted for; what is missing was lost between platforms or counters."""
    side = "old" if row.platform == "legacy" else "new"
    known = (row.offered, row.answered, row.abandoned, row.waiting_change)
    if row.offered is None:
        return ()
    words = (
        f"{side} in {span(covered)}: offered {row.offered:.0f} = answered {_count(row.answered)}"
        f" + abandoned {_count(row.abandoned)} + growth of queue {_count(row.waiting_change)}"
    )
    if any(number is None for number in known):
        return (Span(words), Span("  not all of it is known", "unknown"))
    missing = row.offered - sum(number or 0.0 for number in known[1:])
    if round(missing) == 0:
        return (Span(words), Span("  ok" if glyphs.ascii else "  ✓", "ok"))
    says = f"  {missing:.0f} are missing" if missing > 0 else f"  {-missing:.0f} too many"
    return (Span(words), Span(says, "fail"))


def _count(number: float | None) -> str:
    return "-" if number is None else f"{number:.0f}"


def _people(line: QueueLine, glyphs: Glyphs) -> Line:
    agents = line.agents
    parts: list[Line] = []
    for side, states in (("new", agents.new), ("old", agents.old)):
        words = ", ".join(
            f"{format_value(figure.value, 'count')} {state.replace('_', ' ')}" for state, figure in states.items()
        )
        if words:
            parts.append((Span(f"agents {side}: {words}"),))
    if agents.planned.value is not None:
        parts.append((Span(f"planned {format_value(agents.planned.value, 'count')}"),))
    if agents.site and parts:
        parts.append((Span(f"all of site {agents.site}, whatever queue they serve", "dim"),))
    if line.definition:
        parts.append((Span(f"service level: {line.definition}", "dim"),))
    return join(parts, glyphs)
