"""Where acknowledgements come in that people gave in PagerDuty or Slack: checked, once each, handed to whoever keeps them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from monitor.intake.postbox import Receipt
from monitor.notify import inbound
from monitor.notify.channels import Acks
from monitor.notify.inbound import WINDOW, Answer, MalformedError, NotTheirsError
from monitor.secrets import SecretError

MOST_IDS = 10_000
"""Webhooks that are remembered so that a replay does nothing; when there are more, new ones are asked to come again."""
_READERS = {"pagerduty": inbound.pagerduty, "slack": inbound.slack}


class Acknowledger(Protocol):
    """Who keeps acknowledgements of alerts."""

    async def acknowledge(self, key: str, who: str, via: str, until: float | None, reason: str) -> str:
        """Somebody has it, until then (unix seconds; None: as long as it lasts). What became of it, in words."""
        ...

    async def release(self, key: str, who: str, via: str) -> str:
        """Nobody has it any more. What became of it, in words."""
        ...


class AckDoor:
    """The door of one channel."""

    def __init__(self, name: str, acks: Acks, base: Path, acknowledger: Acknowledger) -> None:
        """name: the channel's. base: folder that the secret's path is relative to."""
        self.name = name
        self._acks = acks
        self._base = base
        self._acknowledger = acknowledger
        self._seen: dict[str, float] = {}
        self.refused: Counter[str] = Counter()
        """Posts that did nothing, by reason: forged, malformed, repeated, full, secret."""

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        """Take a post; never raises for what it says. received: unix seconds."""
        try:
            secret = await asyncio.to_thread(self._acks.secret.read, self._base)
            answer = _READERS[self._acks.sender](body, headers, secret.reveal(), received)
        except SecretError as error:
            self.refused["secret"] += 1
            return Receipt(
                status=503, answer={"error": f"the signing secret cannot be read: {error}"}, retry_after=30.0
            )
        except NotTheirsError as error:
            self.refused["forged"] += 1
            return Receipt(status=401, answer={"error": str(error)})
        except MalformedError as error:
            self.refused["malformed"] += 1
            return Receipt(status=400, answer={"error": str(error)})
        return await self._once(answer, received)

    async def _once(self, answer: Answer, now: float) -> Receipt:
        if answer.id in self._seen:
            self.refused["repeated"] += 1
            return Receipt(status=200, answer={"text": "this was taken before"})
        if len(self._seen) >= MOST_IDS:
            # What is older than the window could not come in again anyway.
            self._seen = {key: at for key, at in self._seen.items() if now - at <= 2 * WINDOW}
        if len(self._seen) >= MOST_IDS:
            self.refused["full"] += 1
            return Receipt(status=503, answer={"error": "too many webhooks within ten minutes"}, retry_after=60.0)
        self._seen[answer.id] = now
        via = self._acks.sender
        if answer.act == "acknowledge":
            told = await self._acknowledger.acknowledge(answer.key, answer.who, via, None, f"acknowledged in {via}")
        elif answer.act == "release":
            told = await self._acknowledger.release(answer.key, answer.who, via)
        else:
            told = "nothing to do"
        return Receipt(status=200, answer={"text": told})
