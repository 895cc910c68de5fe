"""The notifier as runbooks see it: one message, each channel tried once, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from monitor.notify.channels import AnyChannel
from monitor.notify.delivery import deliver
from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.notify.roster import carriers
from monitor.plan import Cutover
from monitor.text import clean
from runbooks.outlets import Delivery, Note

_WORDS = {"critical": "CRIT", "warning": "WARN", "info": "INFO"}


class Messenger:
    """Beside the notifier's queues, not in them: a step must know whether its message was taken."""

    def __init__(
        self, channels: Iterable[AnyChannel], cutover: Cutover, base: Path, clock: Callable[[], float]
    ) -> None:
        """base: folder of golive.yaml, for secrets. clock: unix seconds."""
        self._channels = carriers(channels)
        self._cutover = cutover
        self._base = base
        self._clock = clock

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels there are."""
        return tuple(self._channels)

    def take(self, channels: Iterable[AnyChannel]) -> None:
        """Deliver by these channels from now on."""
        self._channels = carriers(channels)

    async def tell(self, note: Note, channels: tuple[str, ...]) -> tuple[Delivery, ...]:
        """Try each channel once, all at the same time."""
        message = self._message(note)
        return tuple(await asyncio.gather(*(self._one(name, message) for name in channels)))

    async def _one(self, name: str, message: Message) -> Delivery:
        channel = self._channels.get(name)
        if channel is None:
            return Delivery(name, "unsent", "there is no such channel")
        outcome = await deliver(channel, message, self._base, self._clock())
        if outcome.delivered:
            return Delivery(name, "accepted", outcome.detail)
        if outcome.reached == "no":
            return Delivery(name, "unsent", outcome.detail)
        return Delivery(name, "unknown" if outcome.reached == "unknown" else "refused", outcome.detail)

    def _message(self, note: Note) -> Message:
        summary = f"{_WORDS[note.severity]} {self._cutover.environment} {note.text}"
        return Message(
            id=f"{self._cutover.name}-{note.id}",
            dedupe_key=f"{self._cutover.name}/{note.id}",
            at=self._clock(),
            environment=self._cutover.environment,
            cutover=self._cutover.name,
            severity=note.severity,
            summary=clean(summary, SUMMARY_LENGTH),
            event="runbook",
            object=note.subject,
            state="told",
            details={"text": note.text},
        )
