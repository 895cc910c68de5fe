"""A rule's limits in the unit of its estimate, with a fixed baseline worked in; PromQL compares with constants. Pure."""

from __future__ import annotations

from typing import NamedTuple

from monitor.export.promql import Inexpressible
from monitor.judging.rules import Rule


class Limit(NamedTuple):
    """What an estimate is compared with."""

    operator: str
    value: float
    floor: float | None = None
    """An estimate on the good side of it is good."""

    def past(self, series: str) -> str:
        """The estimate where it is past the limit; nothing where it is not."""
        floor = "" if self.floor is None else f" {self.operator} {self.floor!r}"
        return f"{series}{floor} {self.operator} {self.value!r}"

    def bad(self, series: str) -> str:
        """1 where the estimate is past the limit, 0 where it is not."""
        if self.floor is None:
            return f"{series} {self.operator} bool {self.value!r}"
        return f"({series} {self.operator} bool {self.value!r}) * ({series} {self.operator} bool {self.floor!r})"


def limits(rule: Rule) -> tuple[Limit, Limit | None]:
    """Where a rule breaches and where it warns; Inexpressible when that depends on what PromQL cannot know."""
    base = rule.baseline
    if base is None:
        return Limit(rule.operator, rule.breach), None if rule.warn is None else Limit(rule.operator, rule.warn)
    if base.source == "history":
        raise Inexpressible("its baseline is the median of the same quarter hour of recorded weeks, holidays left out")
    if base.source == "legacy":
        when = "is frozen when armed" if base.freeze else "must not be thin, old or zero"
        raise Inexpressible(f"its baseline on legacy {when}, and without one the rule is UNKNOWN, which PromQL lacks")
    value = base.value
    if value is None or (base.compare == "ratio" and value <= 0):
        raise Inexpressible("its baseline is no number above zero, so the rule is UNKNOWN, which PromQL lacks")

    def moved(limit: float) -> Limit:
        return Limit(rule.operator, limit * value if base.compare == "ratio" else limit + value, base.floor)

    return moved(rule.breach), None if rule.warn is None else moved(rule.warn)
