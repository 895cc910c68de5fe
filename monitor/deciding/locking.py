"""Five wrong confirmations by one person lock that person out of a decision; the lock outlives a restart."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable

from monitor.deciding.change import Change
from monitor.deciding.journal import Journal
from monitor.serving.acts import Actor, Refusal

ATTEMPTS = 5
"""Wrong digests, nonces or typed confirmations of one person for one decision, after which they are locked out of it."""
_MOST = 10_000
_KEPT = 500
_CONFLICT = 409


class Locks:
    """Counts wrong confirmations by person and decision. A confirmation that was once right is late, not wrong."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._shown: OrderedDict[str, set[str]] = OrderedDict()
        self._wrong: Counter[tuple[str, str]] = Counter()
        self._locked: set[tuple[str, str]] = set()

    async def recall(self) -> None:
        """Take up the locks that the journal holds."""
        for entry in await self._journal.entries(kind="lock"):
            self._locked.add((entry.object, entry.who))

    def refuse(self, decision: str, actor: Actor) -> None:
        """Refuse a person who is locked out of this decision."""
        if (decision, actor.name) in self._locked:
            raise Refusal(
                403,
                f"{actor.name} is locked out of {decision} after {ATTEMPTS} wrong confirmations",
                "another person signs; tell the cutover manager",
            )

    def shown(self, decision: str, *words: str) -> None:
        """Remember what a person may have been shown: confirming that later is late, not a guess."""
        self._shown.setdefault(decision, set()).update(words)
        self._shown.move_to_end(decision)
        while len(self._shown) > _KEPT:
            self._shown.popitem(last=False)

    async def checked(
        self,
        decision: str,
        actor: Actor,
        confirmation: tuple[str, ...],
        ask: Callable[[], Change | None],
        tell: Callable[[str], None],
    ) -> Change | None:
        """Ask for a change that must be confirmed. A refusal of what was never shown counts as wrong.

        tell: hears a sentence when this locks the person out.
        """
        self.refuse(decision, actor)
        try:
            return ask()
        except Refusal as refusal:
            if refusal.status == _CONFLICT and not self._shown.get(decision, set()).issuperset(confirmation):
                await self.wrong(decision, actor, tell)
            raise

    async def wrong(self, decision: str, actor: Actor, tell: Callable[[str], None]) -> None:
        """Count a wrong confirmation; the fifth locks, is told and journalled."""
        key = (decision, actor.name)
        if len(self._wrong) >= _MOST:
            self._wrong.clear()
        self._wrong[key] += 1
        if self._wrong[key] < ATTEMPTS or key in self._locked:
            return
        self._locked.add(key)
        words = f"{actor.name} is locked out of {decision} after {ATTEMPTS} wrong confirmations"
        tell(words)
        await self._journal.append("lock", actor.name, words, object=decision, state="locked", via=actor.via)

    def of(self, decision: str) -> tuple[str, ...]:
        """Who is locked out of a decision."""
        return tuple(sorted(person for found, person in self._locked if found == decision))
