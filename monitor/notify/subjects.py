"""Subjects that fire: what was said of each last, and to whom, through restarts; and those that ended lately."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import msgspec

from monitor.notify.message import Message
from monitor.notify.outbox import Outbox

MOST_OPEN = 1000
"""Subjects that are remembered as firing; the oldest are forgotten first, and counted."""
REMEMBERED = 900.0
"""Seconds for which a resolve is repeated to Alertmanagers, as Prometheus does."""
_KEPT = "open"


class Open(msgspec.Struct, frozen=True):
    """A subject that fires: what was said last, and to which channels."""

    message: Message
    told: tuple[str, ...]


class Subjects:
    """By dedupe key."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._open: dict[str, Open] = {}
        self._over: dict[str, tuple[Open, float]] = {}
        """What was resolved lately, and until when it is repeated: a member of a cluster may have been away."""
        self.forgotten = 0
        """Subjects that were forgotten for want of room."""

    async def recall(self) -> None:
        """Take up what fired when the last daemon ended. The outbox is open."""
        for key, body in (await self._outbox.kept(_KEPT)).items():
            with contextlib.suppress(msgspec.MsgspecError):
                self._open.setdefault(key, msgspec.json.decode(body, type=Open))

    @property
    def firing(self) -> tuple[Open, ...]:
        """What fires, the oldest first."""
        return tuple(self._open.values())

    def told(self, key: str) -> tuple[str, ...]:
        """Channels that were told of a subject that fires."""
        entry = self._open.get(key)
        return entry.told if entry is not None else ()

    def note(self, message: Message, channels: tuple[str, ...]) -> None:
        """These channels are being told this."""
        key = message.dedupe_key
        told = tuple(dict.fromkeys((*self.told(key), *channels)))
        if message.event == "test":
            return
        if message.status == "firing" and told:
            if len(self._open) >= MOST_OPEN and key not in self._open:
                self._forget(next(iter(self._open)))
                self.forgotten += 1
            self._open[key] = Open(message, told)
            self._outbox.keep(_KEPT, key, self._open[key])
            self._over.pop(key, None)
        elif message.status == "resolved" and key in self._open:
            self._over[key] = (Open(message, told), time.monotonic() + REMEMBERED)
            self._forget(key)

    def _forget(self, key: str) -> None:
        del self._open[key]
        self._outbox.forget(_KEPT, key)

    def due(self, channel: str) -> Iterator[Message]:
        """What a channel that must be told again and again was told: all that fires, and what ended lately."""
        now = time.monotonic()
        self._over = {key: over for key, over in self._over.items() if over[1] > now}
        for entry in [*self._open.values(), *(over for over, _ in self._over.values())]:
            if channel in entry.told:
                yield entry.message
