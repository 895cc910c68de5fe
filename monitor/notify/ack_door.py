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
from monitor.notify.inbound import Answer, MalformedError, NotTheirsError
from monitor.notify.outbox import Outbox
from monitor.notify.seen import Seen
from monitor.secrets import SecretError

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

    def __init__(self, name: str, acks: Acks, base: Path, acknowledger: Acknowledger, seen: Seen | None = None) -> None:
        """name: the channel's. base: folder that the secret's path is relative to. seen: what was taken lately."""
        self.name = name
        self._acks = acks
        self._base = base
        self._acknowledger = acknowledger
        self._seen = seen or Seen(Outbox(None))
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
        if self._seen.taken(self.name, answer.id):
            self.refused["repeated"] += 1
            return Receipt(status=200, answer={"text": "this was taken before"})
        if self._seen.full(self.name, now):
            self.refused["full"] += 1
            return Receipt(status=503, answer={"error": "too many webhooks within ten minutes"}, retry_after=60.0)
        self._seen.begin(self.name, answer.id, now)
        try:
            told = await self._act(answer)
        except BaseException:
            self._seen.drop(self.name, answer.id)
            raise
        self._seen.keep(self.name, answer.id)
        return Receipt(status=200, answer={"text": told})

    async def _act(self, answer: Answer) -> str:
        via = self._acks.sender
        if answer.act == "acknowledge":
            return await self._acknowledger.acknowledge(answer.key, answer.who, via, None, f"acknowledged in {via}")
        if answer.act == "release":
            return await self._acknowledger.release(answer.key, answer.who, via)
        return "nothing to do"
