"""Which triggers in which scopes are a part of one decision, or are about to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from monitor.deciding.causes import Cause
from monitor.deciding.decision import Decision
from monitor.deciding.drafting import Ask
from monitor.model import Labels

Key: TypeAlias = tuple[str, Labels]
"""Trigger and scope."""


class Membership:
    """Kept beside a decision by the task that owns it."""

    def __init__(self) -> None:
        self._joining = 0
        self._attached: set[Key] = set()
        """Causes beyond the most that are written down; a restart asks about them anew."""
        self._causes: tuple[Cause, ...] = ()
        self._index: dict[Key, Cause] = {}

    def begin(self) -> None:
        """Some are about to join; whether they could is known at `end`."""
        self._joining += 1

    def end(self, decision: Decision, asks: Iterable[Ask], *, joined: bool) -> None:
        """They have joined, or could not."""
        self._joining -= 1
        if joined and decision.left_out:
            self._attached |= {ask.key for ask in asks if ask.target in decision.targets}

    def cause(self, decision: Decision, key: Key) -> Cause | None:
        """A trigger in a scope as a cause of the decision."""
        if self._causes is not decision.causes:
            self._causes = decision.causes
            self._index = {cause.key: cause for cause in decision.causes}
        return self._index.get(key)

    def carries(self, decision: Decision, key: Key) -> bool:
        """Whether a trigger in a scope is a part of it, or is about to be."""
        return self._joining > 0 or key in self._attached or self.cause(decision, key) is not None
