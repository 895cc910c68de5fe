"""What is true at one tick, three-valued, scope by scope: all that decisions may rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from monitor.judging.expressions import Expression
from monitor.judging.scopes import ALL, Calls
from monitor.model import Labels, Truth
from monitor.serving.snapshot import EvidenceRow

EVERYWHERE: tuple[Labels, ...] = (ALL,)


class Facts(Protocol):
    """One tick's truth. Frozen: asking twice gives the same answer. A scope says which groups are meant."""

    @property
    def at(self) -> float:
        """The tick's unix time."""
        ...

    @property
    def stage(self) -> str:
        """The cutover's stage at this tick."""
        ...

    def rule(self, name: str, scope: Labels = ALL) -> Truth:
        """TRUE when the rule is in BREACH in some group of the scope on measured data; UNKNOWN when it cannot be known."""
        ...

    def signal(self, name: str) -> float | None:
        """A signal's value; None when it is unknown (no data, stale, not computable)."""
        ...

    def judged(self, expression: Expression) -> bool:
        """Whether any rule of an expression is judged in this stage; where none is, it says nothing."""
        ...

    def calls(self, expression: Expression, by: tuple[str, ...]) -> Calls:
        """The scopes, by these labels, in which an expression is true, or out of sight after something was known."""
        ...

    def evidence(self, rules: Iterable[str], scopes: Sequence[Labels] = EVERYWHERE) -> tuple[EvidenceRow, ...]:
        """The rules as they stand in these scopes, one row a group, worst first, bounded."""
        ...

    def sources(self, rules: Iterable[str], scope: Labels = ALL) -> frozenset[str]:
        """Independence groups of the configured collectors whose samples these rules rest on in a scope."""
        ...

    def flapping(self, rules: Iterable[str], scope: Labels = ALL) -> tuple[str, ...]:
        """Those of the rules that went into and out of breach too often within an hour: they act only with a person."""
        ...
