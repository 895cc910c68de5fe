"""What a broker sends again: told from news by its packet id, and only once it was really kept."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import integers

from monitor.outbound.broker import Broker, MqttError
from monitor.outbound.deliveries import Batch, Deliveries, Settled
from monitor.outbound.mqtt import Session, publish
from tests.rig.mosquitto import Mosquitto
from tests.rig.proxy import DropPacket, FaultProxy


@pytest.mark.real
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_message_whose_receipt_was_lost_counts_once(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    """Unnumbered messages that were kept, their receipts lost on the way: the broker sends them again, nobody counts them again."""
    heard: list[bytes] = []

    async def keep(batch: Batch) -> None:
        heard.extend(payload for _, payload in batch)

    async with FaultProxy(mosquitto.port, [DropPacket(way="up", kind=4, times=5)]) as proxy:
        settled: Settled = {}
        broker = Broker(host="127.0.0.1", port=proxy.port, client_id="monitor", protocol=protocol)  # type: ignore[arg-type] # a parameter of the test
        for life in range(3):
            session = Session(broker, tmp_path, [("cc/#", 1)], keep, settled)
            assert await session.connect() is (life > 0)
            for number in range(5):
                payload = f"{life}-{number}".encode()
                await publish(Broker(host="127.0.0.1", port=mosquitto.port), tmp_path, "cc/x", payload)
            async with asyncio.timeout(10):
                while len(heard) < 5 * (life + 1):
                    await asyncio.sleep(0.02)
            await session.disconnect()
        assert proxy.happened["DropPacket"] == 5
        assert proxy.packets[4] == 20, "five receipts were dropped and given again"
    assert sorted(heard) == sorted({f"{life}-{number}".encode() for life in range(3) for number in range(5)})


class Line:
    """What the deliveries write to."""

    def __init__(self) -> None:
        self.receipts: list[int] = []
        self.failed = False

    def write(self, data: bytes) -> None:
        """Receipts, unpacked."""
        self.receipts += [struct.unpack("!H", data[at + 2 : at + 4])[0] for at in range(0, len(data), 4)]

    def hold(self, *, held: bool) -> None:
        """Not of interest."""

    def fail(self, error: MqttError) -> None:
        """The connection is over."""
        del error
        self.failed = True


class Broken(RuleBasedStateMachine):
    """A broker that keeps what is not acknowledged and sends it again, over connections that break at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: Settled = {}
        self.kept: list[bytes] = []
        self.pending: dict[int, bytes] = {}
        self.count = 0

    async def _connection(self, news: int, lost_from: int, fail_from: int) -> None:
        line = Line()

        async def keep(batch: Batch) -> None:
            if len(self.kept) + len(batch) > fail_from:
                raise OSError("disk full")
            self.kept += [payload for _, payload in batch]

        deliveries = Deliveries(line, "x", keep, self.settled, five=False)
        again = list(self.pending.items())
        for _ in range(news):
            free = next(one for one in range(1, 100) if one not in self.pending)
            self.count += 1
            self.pending[free] = str(self.count).encode()
            again.append((free, self.pending[free]))
        for place, (number, payload) in enumerate(again):
            first = place >= len(again) - news
            deliveries.take(0x32 if first else 0x3A, b"\x00\x01t" + number.to_bytes(2, "big") + payload)
            if place % 3 == 0:
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        await deliveries.close()
        for number in line.receipts[:lost_from]:
            self.pending.pop(number, None)

    @rule(news=integers(0, 8), lost_from=integers(0, 10))
    def connect(self, news: int, lost_from: int) -> None:
        """One connection whose receipts from some place on are lost."""
        asyncio.run(self._connection(news, lost_from, 10**9))

    @rule(news=integers(1, 5), room=integers(0, 4))
    def full(self, news: int, room: int) -> None:
        """One connection on which the disk fills up."""
        asyncio.run(self._connection(news, 100, len(self.kept) + room))

    @invariant()
    def each_counts_once(self) -> None:
        """Nothing twice, and nothing that is not kept is acknowledged."""
        assert len(set(self.kept)) == len(self.kept)
        lost = (
            {str(number).encode() for number in range(1, self.count + 1)} - set(self.kept) - set(self.pending.values())
        )
        assert lost == set()


TestBroken = Broken.TestCase
TestBroken.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
