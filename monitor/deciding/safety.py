"""What stands between a decision and a mistake: points of no return, locks, the decide-by clock, the second record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from monitor.deciding.decision import Vote
from monitor.deciding.locking import Locks
from monitor.deciding.points import Points
from monitor.serving.acts import Refusal
from monitor.units import format_duration


class Covering(Protocol):
    """A second record beside the journal."""

    def cover(self, decision: str) -> None:
        """From now on write down everything about this decision."""
        ...


@dataclass(kw_only=True)
class Safety:
    """Shared by all decisions of a cutover."""

    points: Points
    locks: Locks
    decide_by: float | None = None
    """Unix seconds after which a rollback can no longer end inside the window."""
    second: Covering | None = None

    async def recall(self) -> None:
        """Take up what the journal holds."""
        await self.points.recall()
        await self.locks.recall()

    def late(self, at: float) -> bool:
        """Whether the decide-by clock has run out."""
        return self.decide_by is not None and at >= self.decide_by

    def check_late(self, vote: Vote, *, late: bool) -> None:
        """Refuse a signature after decide-by that does not say, with a reason, that it knows.

        A rollback that ends after the window may still be the lesser evil; nobody should choose it without noticing.
        """
        if self.decide_by is None or not self.late(vote.at) or (late and vote.reason.strip()):
            return
        ago = format_duration(max(1.0, vote.at - self.decide_by))
        raise Refusal(
            409,
            f"decide-by was {ago} ago: a rollback that is decided now ends after the window",
            "look at what forward costs; to roll back all the same, say so (late) and give a reason",
        )
