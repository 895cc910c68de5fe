"""Messages that a broker sends us: taken in batches, kept by a handler, and only then acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from monitor.outbound.broker import MqttError

Batch: TypeAlias = list[tuple[str, bytes]]
"""Messages in the order of arrival: topic and payload."""
Handler: TypeAlias = Callable[[Batch], Awaitable[None]]
Settled: TypeAlias = dict[bytes, int]
"""What was kept of a session: the hash of the newest message by its packet id, of which there are 65,535."""

RECEIVE_MAXIMUM = 5_000
"""Messages in flight to us that we announce; late acknowledgement needs room, or the broker's queue overflows."""
_PAUSE_AT = 2 * RECEIVE_MAXIMUM
_RESUME_AT = RECEIVE_MAXIMUM
_TURN_MESSAGES, _TURN_BYTES = 256, 64 * 1024
"""What the handler gets at once, so that it holds the event loop for a few milliseconds at most."""
_QOS_BITS, _DUP, _LONG = 0x06, 0x08, 0x80
_PUBACK = b"\x40\x02"


class Line(Protocol):
    """What the deliveries need of the connection they came over."""

    def write(self, data: bytes) -> None:
        """Send bytes, or drop them when the connection is gone."""
        ...

    def hold(self, *, held: bool) -> None:
        """Stop or go on reading, so that TCP holds the broker back."""
        ...

    def fail(self, error: MqttError) -> None:
        """End the connection: what is not acknowledged comes again."""
        ...


class Deliveries:
    """What arrives in one turn of the event loop goes to the handler in batches.

    A batch is acknowledged in one write when the handler returns. When it raises, nothing is acknowledged and
    the connection ends, so that the broker sends the messages again.
    """

    def __init__(self, line: Line, where: str, handler: Handler, settled: Settled | None = None, *, five: bool) -> None:
        """settled: of all connections of the session, so that a redelivery after a lost receipt is told from news."""
        self._line = line
        self._settled: Settled = {} if settled is None else settled
        self._where = where
        self._handler = handler
        self._five = five
        self._batch: Batch = []
        self._receipts: list[bytes] = []
        self._settling: set[asyncio.Task[None]] = set()
        self._pending = 0
        self._held = False

    def take(self, cmd: int, packet: bytes) -> None:
        """Take one PUBLISH apart (MQTT 3.3), given its first byte and all that follows its length."""
        try:
            end = 2 + (packet[0] << 8 | packet[1])
            topic = packet[2:end].decode("utf-8", "replace")
            receipt = b""
            if cmd & _QOS_BITS:
                receipt = packet[end : end + 2]
                end += 2
            if self._five:
                size = packet[end]
                end += 1 + size if size < _LONG else _long_properties(packet, end)
        except IndexError:
            self._line.fail(MqttError(f"broker {self._where}: sent a malformed packet"))
            return
        message = (topic, packet[end:])
        if cmd & _DUP and receipt and self._settled.get(receipt) == hash(message):
            # It was kept, and only its receipt went with the connection (MQTT 4.4: the packet id is the same).
            self._line.write(_PUBACK + receipt)
            return
        if not self._batch:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._receipts.append(receipt)
        self._batch.append(message)
        self._pending += 1
        if self._pending >= _PAUSE_AT and not self._held:
            # MQTT 3.1.1 has no receive maximum and QoS 0 has none at all: TCP is the only bound.
            self._held = True
            self._line.hold(held=True)

    async def close(self) -> None:
        """Drop what is not yet kept; the broker still has it."""
        self._batch, self._receipts = [], []
        for task in tuple(self._settling):
            task.cancel()
        if self._settling:
            await asyncio.gather(*self._settling, return_exceptions=True)

    def _hand_over(self) -> None:
        if not self._batch:
            return
        size = count = 0
        while count < min(len(self._batch), _TURN_MESSAGES) and size < _TURN_BYTES:
            size += len(self._batch[count][1])
            count += 1
        batch, self._batch = self._batch[:count], self._batch[count:]
        receipts, self._receipts = self._receipts[:count], self._receipts[count:]
        if self._batch:
            asyncio.get_running_loop().call_soon(self._hand_over)
        task = asyncio.get_running_loop().create_task(self._settle(batch, receipts))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, batch: Batch, receipts: list[bytes]) -> None:
        try:
            await self._handler(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages are not ours yet
            msg = f"messages from broker {self._where} could not be kept: {error}; they stay with the broker"
            self._line.fail(MqttError(msg))
            return
        finally:
            self._pending -= len(batch)
            if self._held and self._pending <= _RESUME_AT:
                self._held = False
                self._line.hold(held=False)
        self._settled.update(
            (receipt, hash(message)) for receipt, message in zip(receipts, batch, strict=True) if receipt
        )
        owed = [receipt for receipt in receipts if receipt]
        if owed:
            self._line.write(_PUBACK + _PUBACK.join(owed))


def _long_properties(packet: bytes, start: int) -> int:
    """Bytes of an MQTT 5 property block at `start`, its length field of several bytes included."""
    size = shift = 0
    for used in range(4):
        byte = packet[start + used]
        size |= (byte & 0x7F) << shift
        if byte < _LONG:
            return size + used + 1
        shift += 7
    raise IndexError
