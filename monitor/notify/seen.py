"""Webhooks that were taken lately, on disk through restarts: one that comes again, or is replayed, does nothing."""

from __future__ import annotations

import msgspec

from monitor.notify.inbound import WINDOW
from monitor.notify.outbox import Outbox

MOST_IDS = 10_000
"""Webhooks that are remembered for one channel; when there are more, new ones are asked to come again."""
LASTS = 2 * WINDOW
"""Seconds after which none is remembered: what is older than the window could not come in again anyway."""
_KEPT = "taken"


class Seen:
    """The ids of all channels."""

    def __init__(self, outbox: Outbox) -> None:
        """outbox: where they are kept; one without a file keeps them as long as this process lives."""
        self._outbox = outbox
        self._at: dict[str, dict[str, float]] = {}

    async def recall(self, now: float) -> None:
        """Take up what the last daemon had taken. The outbox is open. now: unix seconds."""
        for name, body in (await self._outbox.kept(_KEPT)).items():
            channel, _, identity = name.partition("/")
            try:
                at = msgspec.json.decode(body, type=float)
            except msgspec.MsgspecError:
                at = now
            self._at.setdefault(channel, {}).setdefault(identity, at)
        for channel in self._at:
            self._forget(channel, now)

    def taken(self, channel: str, identity: str) -> bool:
        """Whether this one was taken before."""
        return identity in self._at.get(channel, {})

    def full(self, channel: str, now: float) -> bool:
        """Whether there is no room for another one. now: unix seconds."""
        if len(self._at.get(channel, ())) >= MOST_IDS:
            self._forget(channel, now)
        return len(self._at.get(channel, ())) >= MOST_IDS

    def begin(self, channel: str, identity: str, now: float) -> None:
        """It is being taken: the same one does nothing meanwhile. Followed by `keep` or `drop`."""
        self._at.setdefault(channel, {})[identity] = now

    def keep(self, channel: str, identity: str) -> None:
        """What it asked for is done and on record: not before then, or a crash in between would lose it for good."""
        self._outbox.keep(_KEPT, f"{channel}/{identity}", self._at[channel][identity])

    def drop(self, channel: str, identity: str) -> None:
        """It could not be done; it may come again."""
        self._at.get(channel, {}).pop(identity, None)

    def _forget(self, channel: str, now: float) -> None:
        at = self._at[channel]
        for identity in [identity for identity, taken in at.items() if now - taken > LASTS]:
            del at[identity]
            self._outbox.forget(_KEPT, f"{channel}/{identity}")
