"""What verified runs have moved already, so that no further run moves it again on a request that is older."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.deciding.causes import Target
from monitor.deciding.decision import Decision, State


class Dealt:
    """By runbook and target, when a verified run last dealt with it, unix seconds."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    def note(self, decision: Decision) -> None:
        """Take note of a decision that has ended; only a verified one has dealt with anything."""
        if decision.state is State.ROLLED_BACK:
            for target in decision.targets:
                self._at[_key(decision.runbook, target)] = decision.changed_at

    def since(self, decision: Decision) -> frozenset[int]:
        """Targets of a decision that were dealt with after it was opened."""
        return frozenset(
            number
            for number, target in enumerate(decision.targets)
            if self._at.get(_key(decision.runbook, target), float("-inf")) >= decision.opened_at
        )


def _key(runbook: str, target: Target) -> tuple[str, frozenset[tuple[str, str]]]:
    return runbook, frozenset(target.items())


def told_targets(decision: Decision, numbers: Iterable[int]) -> str:
    """Targets in words."""
    targets = [decision.targets[number] for number in sorted(numbers)]
    return "; ".join(", ".join(f"{name}={value}" for name, value in target.items()) or "it" for target in targets)
