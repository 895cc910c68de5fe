"""Reads heads back from where they were noted, to hold a journal against them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from monitor.deciding.anchoring import NOTE, Anchor, AnyAnchor, FileAnchor, MqttAnchor, notes
from monitor.notify.anchors import FILE_BYTES
from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.broker import Broker, MqttError
from monitor.outbound.deliveries import Batch
from monitor.outbound.http import RequestError, request
from monitor.outbound.mqtt import Session

WAIT = 5.0
"""Seconds for a broker to hand over a retained message, and for a receiver to answer."""
_OK = 200


class AnchorError(ConnectionError):
    """An anchor that cannot be read: says which and why. A journal is not proved by it."""


async def from_words(words: str) -> list[Anchor]:
    """Heads at NUMBER:HASH, `mqtt://host:port/topic`, an http or https URL, or in a file; AnchorError when there is none."""
    if NOTE.fullmatch(words):
        return list(notes(words))
    where = urlsplit(words)
    if where.scheme in ("http", "https"):
        return _some(words, await _answered(words))
    if where.scheme == "mqtt":
        broker = Broker(host=where.hostname or "", port=where.port, username=where.username)
        return _some(words, await _retained(broker, where.path.lstrip("/"), Path()))
    path = Path(words)
    if not await asyncio.to_thread(path.exists):
        msg = f"{words!r} is no anchor: write NUMBER:HASH as `golive audit verify` prints the head, a file, or a URL"
        raise ValueError(msg)
    return _some(words, await asyncio.to_thread(_file, path))


async def from_config(anchors: Sequence[AnyAnchor], base: Path) -> dict[str, list[Anchor]]:
    """Heads at every configured place that can be read back, by its name; AnchorError for one that cannot be now."""
    found = {}
    for anchor in anchors:
        if isinstance(anchor, FileAnchor):
            found[anchor.name] = _some(anchor.name, await asyncio.to_thread(_file, base / anchor.path))
        elif isinstance(anchor, MqttAnchor):
            found[anchor.name] = _some(anchor.name, await _retained(anchor.broker, anchor.topic, base))
    return found


def in_files(anchors: Sequence[AnyAnchor], base: Path) -> list[Anchor]:
    """Heads in the configured files, as far as they are there now; for the daemon at its start. Blocks."""
    found: list[Anchor] = []
    for anchor in anchors:
        path = base / anchor.path if isinstance(anchor, FileAnchor) else None
        if path is not None and path.is_file():
            with suppress(AnchorError):  # that it cannot be reached is told when a head is to be noted there
                found += notes(_file(path))
    return found


def _some(where: str, text: str) -> list[Anchor]:
    found = list(notes(text))
    if not found:
        msg = f"anchor {where}: there is no head; next: name where golive noted it, or NUMBER:HASH"
        raise AnchorError(msg)
    return found


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(2 * FILE_BYTES).decode("utf-8", "replace")
    except OSError as error:
        msg = f"anchor {path}: {error.strerror}; next: name a file with heads, NUMBER:HASH, or a URL"
        raise AnchorError(msg) from error


async def _answered(url: str) -> str:
    try:
        answer = await request("GET", url, allow_hosts=(target_of(url).shown,), timeout=WAIT)
    except (RequestError, Forbidden, ValueError) as error:
        msg = f"anchor {url}: {error}"
        raise AnchorError(msg) from error
    if answer.status != _OK:
        msg = f"anchor {url}: answered {answer.status}"
        raise AnchorError(msg)
    return answer.body.decode("utf-8", "replace")


async def _retained(broker: Broker, topic: str, base: Path) -> str:
    came: asyncio.Queue[str] = asyncio.Queue()

    async def take(batch: Batch) -> None:
        for _, payload in batch:
            came.put_nowait(payload.decode("utf-8", "replace"))

    reader = Broker(
        host=broker.host,
        port=broker.port,
        protocol=broker.protocol,
        username=broker.username,
        password=broker.password,
        tls=broker.tls,
        clean=True,
    )
    session = Session(reader, base, [(topic, 1)], take)
    try:
        await session.connect()
        return await asyncio.wait_for(came.get(), WAIT)
    except (TimeoutError, MqttError) as error:
        msg = f"anchor {broker.where} {topic}: {str(error) or 'no retained message there'}"
        raise AnchorError(msg) from error
    finally:
        await session.disconnect()
