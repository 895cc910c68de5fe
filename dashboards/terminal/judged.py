"""Rules as the screens read them: their state in the words of the board, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.terminal.drawing.marks import GATES, mark
from monitor.serving.snapshot import RuleRow


def rule_state(rule: RuleRow) -> str:
    """Its state; one that cannot be known for no other reason than age is stale."""
    if rule.state == "unknown" and "stale" in rule.flags and "unknown" not in rule.flags:
        return "stale"
    return rule.state


def worst_first(rules: Iterable[RuleRow]) -> list[RuleRow]:
    """The order of the board: by badness, else as they came."""
    return sorted(rules, key=lambda rule: -mark(GATES, rule_state(rule)).rank)
