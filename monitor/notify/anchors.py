"""Sends the journal's head out, every minute and at each act; what cannot be reached is counted, and holds nothing up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from monitor.deciding.anchoring import QUIET, AnyAnchor, FileAnchor, Head, MqttAnchor, WebhookAnchor
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal, JournalConfig
from monitor.notify.channels import Webhook
from monitor.notify.webhook import allow_entry, judged, signature
from monitor.outbound.http import request
from monitor.outbound.mqtt import publish
from monitor.serving.condition_rows import AnchorRow
from monitor.text import clean

PAUSE = 1.0
"""Least seconds between two notes to one place; what comes meanwhile goes out as one, with the newest head."""
FILE_BYTES = 4 * 1024 * 1024
"""A file of notes that grew so long is kept as `<name>.1`, and a new one begun."""
_DETAIL = 160


class Anchors:
    """The places where the head is noted. `start` it, `close` it; `rows` tells how each fares."""

    def __init__(
        self,
        config: JournalConfig,
        base: Path,
        journal: Journal,
        cutover: str,
        clock: Callable[[], float],
    ) -> None:
        """base: the folder that paths of secrets and files are relative to."""
        self._journal = journal
        self._every = config.anchor_every
        self._cutover = cutover
        self._clock = clock
        self._places = [_Place(anchor, base) for anchor in config.anchors]
        self._tasks: list[asyncio.Task[None]] = []
        self.noted = Head(cutover=cutover, seq=0, hash="", at=0.0)
        """The head as it last went out; shown by displays and /metrics, which are anchors as well."""

    def rows(self) -> tuple[AnchorRow, ...]:
        """Each place, as displays see it."""
        return tuple(place.row for place in self._places)

    def troubles(self) -> list[str]:
        """Places that could not be reached at the last try, in words."""
        return [f"anchor {place.row.name} is {self._behind(place)}: {place.row.detail}" for place in self._failing()]

    def _failing(self) -> list[_Place]:
        return [place for place in self._places if place.row.detail]

    def _behind(self, place: _Place) -> str:
        return f"{self._journal.head[0] - place.row.seq} lines behind" if place.row.seq else "not reached yet"

    async def start(self) -> None:
        """Note the head as it is now, and from now on."""
        self._journal.listeners.append(self._written)
        self._tasks = [asyncio.create_task(place.run(), name=f"anchor {place.row.name}") for place in self._places]
        self._tasks.append(asyncio.create_task(self._minutes(), name="anchors"))

    async def close(self) -> None:
        """Note the last head where that is possible at once, and stop."""
        self.note()
        waits = [place.quiet.wait() for place in self._places]
        if waits:
            await asyncio.wait([asyncio.ensure_future(wait) for wait in waits], timeout=PAUSE * 2)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def note(self) -> None:
        """Send the head as it is now."""
        seq, digest = self._journal.head
        if not seq:
            return
        self.noted = Head(cutover=self._cutover, seq=seq, hash=digest, at=self._clock())
        for place in self._places:
            place.put(self.noted)

    def _written(self, entries: Sequence[Entry]) -> None:
        if any(entry.kind not in QUIET for entry in entries):
            self.note()

    async def _minutes(self) -> None:
        while True:
            self.note()
            await asyncio.sleep(self._every)


class _Place:
    """One place; only the newest head waits for it."""

    def __init__(self, anchor: AnyAnchor, base: Path) -> None:
        self._anchor = anchor
        self._base = base
        self._head: Head | None = None
        self._wanted = asyncio.Event()
        self.quiet = asyncio.Event()
        """Whether nothing waits."""
        self.quiet.set()
        self.row = AnchorRow(name=anchor.name, kind=str(anchor.__struct_config__.tag))

    def put(self, head: Head) -> None:
        """Have a head noted; one that still waits gives way."""
        self._head = head
        self.quiet.clear()
        self._wanted.set()

    async def run(self) -> None:
        """Note what comes, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if (head := self._head) is not None:
                await self._note(head)
            if not self._wanted.is_set():
                self.quiet.set()
            await asyncio.sleep(PAUSE)

    async def _note(self, head: Head) -> None:
        try:
            await _send(self._anchor, head, self._base)
        except Exception as error:  # noqa: BLE001 - whatever is wrong there, it is counted and shown, and stops nothing
            detail = clean(str(error) or type(error).__name__, _DETAIL)
            self.row = msgspec.structs.replace(self.row, failed=self.row.failed + 1, detail=detail)
        else:
            self.row = msgspec.structs.replace(self.row, seq=head.seq, at=head.at, sent=self.row.sent + 1, detail="")


def _send(anchor: AnyAnchor, head: Head, base: Path) -> Awaitable[None]:
    if isinstance(anchor, FileAnchor):
        return asyncio.to_thread(_add, base / anchor.path, head)
    return _publish(anchor, head, base) if isinstance(anchor, MqttAnchor) else _post(anchor, head, base)


async def _publish(anchor: MqttAnchor, head: Head, base: Path) -> None:
    body = msgspec.json.encode(head)
    await publish(anchor.broker, base, anchor.topic, body, qos=1, retain=True, timeout=anchor.timeout)


async def _post(anchor: WebhookAnchor, head: Head, base: Path) -> None:
    channel = Webhook(name=anchor.name, url=anchor.url, allow_loopback=anchor.allow_loopback)
    body, now, identity = msgspec.json.encode(head), int(head.at), f"head-{head.seq}"
    headers = {"Content-Type": "application/json", "webhook-id": identity, "webhook-timestamp": str(now)}
    if anchor.secret is not None:
        secret = await asyncio.to_thread(anchor.secret.read, base)
        headers["webhook-signature"] = signature(secret.reveal(), identity, now, body)
    answer = await request(
        "POST", anchor.url, allow_hosts=(allow_entry(channel),), headers=headers, body=body, timeout=anchor.timeout
    )
    outcome = judged(answer, head.at)
    if not outcome.delivered:
        raise ConnectionError(outcome.detail)


def _add(path: Path, head: Head) -> None:
    if path.is_file() and path.stat().st_size > FILE_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(head) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
