"""What the rows of judged tables share: state, time in it and age as cells, and a rule in one line."""

from __future__ import annotations

from typing import Protocol

from dashboards.terminal.drawing.marks import GATES, Mark, mark, shown
from dashboards.terminal.drawing.phrases import against, age, span
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, join
from dashboards.terminal.judged import rule_state
from dashboards.terminal.view import View
from monitor.serving.snapshot import RuleRow

_UNJUDGED = Mark("·", "[--]", "NO RULE", "dim")


class Standing(Protocol):
    """A row that may be judged."""

    @property
    def state(self) -> str:
        """As of its worst rule; `unjudged` without one."""
        ...

    @property
    def since(self) -> float | None:
        """Since when it is in that state."""
        ...

    @property
    def age(self) -> float | None:
        """Age of what was last heard of it."""
        ...


def standing(state: str) -> Mark:
    """How a state looks; what no rule judges is not OK, it is nothing."""
    return _UNJUDGED if state == "unjudged" else mark(GATES, state)


def state_cell(row: Standing, view: View, glyphs: Glyphs) -> Span:
    """Shape and word; grey while the daemon is gone."""
    state = standing(row.state)
    return shown(state._replace(role="stale") if view.gone else state, glyphs)


def for_cell(row: Standing, view: View, _glyphs: Glyphs) -> Span:
    """Time in state."""
    return Span(span(view.now - row.since) if row.since else "-")


def age_cell(row: Standing, view: View, glyphs: Glyphs) -> Span:
    """How old it is, growing while the daemon is gone; marked when that is too old."""
    if row.age is None:
        return Span("none", "stale")
    old = view.gone or row.state == "stale"
    return Span((glyphs.old if old else "") + age(row.age + view.behind), "stale" if old else "dim")


def rule_line(rule: RuleRow, view: View, width: int, glyphs: Glyphs) -> Line:
    """One rule: state, name, value against the limit that it is past or held to, since when, on how many samples."""
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
