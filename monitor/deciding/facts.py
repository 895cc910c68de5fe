"""What is true at one tick, three-valued: all that decisions may rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from monitor.model import Truth
from monitor.serving.snapshot import EvidenceRow


class Facts(Protocol):
    """One tick's truth. Frozen: asking twice gives the same answer."""

    @property
    def at(self) -> float:
        """The tick's unix time."""
        ...

    @property
    def stage(self) -> str:
        """The cutover's stage at this tick."""
        ...

    def rule(self, name: str) -> Truth:
        """TRUE when the rule is in BREACH in some group on measured data; UNKNOWN when its data is."""
        ...

    def signal(self, name: str) -> float | None:
        """A signal's value; None when it is unknown (no data, stale, not computable)."""
        ...

    def evidence(self, rules: Iterable[str]) -> tuple[EvidenceRow, ...]:
        """The rules as they stand, one row a group, worst first, bounded."""
        ...

    def sources(self, rules: Iterable[str]) -> frozenset[str]:
        """Independence groups of the configured collectors whose samples these rules rest on."""
        ...

    def flapping(self, rules: Iterable[str]) -> tuple[str, ...]:
        """Those of the rules that went into and out of breach too often within an hour: they act only with a person."""
        ...
