"""The world outside of a rollback under test: targets that count by key, a broker, and a person who looks before answering."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from monitor.outbound.broker import Broker
from monitor.outbound.deliveries import Batch
from monitor.outbound.mqtt import Session, publish
from tests.rig.mosquitto import Mosquitto


class Target:
    """What one case did to the world, step by step."""

    def __init__(self) -> None:
        self.sends: Counter[str] = Counter()
        """Effects that arrived."""
        self.applied: Counter[str] = Counter()
        """Effects that changed something: those under a known key not again."""
        self.keys: dict[str, set[str]] = {}
        self.by_hand: set[str] = set()
        """Steps that a person did outside of golive."""
        self.order: list[str] = []
        self.cut: Counter[str] = Counter()
        """How many of a step's next replies are cut off after it was applied."""
        self.cuts = 0

    def take(self, step: str, key: str) -> None:
        """An effect arrives."""
        self.sends[step] += 1
        self.order.append(step)
        keys = self.keys.setdefault(step, set())
        if not key or key not in keys:
            self.applied[step] += 1
        keys.add(key)

    def is_so(self, step: str) -> bool:
        """Whether the step is in effect, by whomever."""
        return bool(self.applied[step]) or step in self.by_hand


class Outside:
    """All targets, over HTTP and over MQTT."""

    def __init__(self) -> None:
        self.targets: dict[str, Target] = {}
        self.http = ""
        self.broker_port = 0
        self._fenced: dict[str, asyncio.Event] = {}

    def target(self, case: str) -> Target:
        """The target of a case."""
        return self.targets.setdefault(case, Target())

    async def _apply(self, request: web.Request) -> web.StreamResponse:
        case, step = request.match_info["case"], request.match_info["step"]
        await request.read()
        target = self.target(case)
        target.take(step, request.headers.get("Idempotency-Key", ""))
        if target.cut[step]:
            target.cut[step] -= 1
            target.cuts += 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"to": "legacy"})

    async def _state(self, request: web.Request) -> web.StreamResponse:
        target, step = self.target(request.match_info["case"]), request.match_info["step"]
        return web.json_response({"to": "legacy" if target.is_so(step) else "target"})

    async def heard(self, batch: Batch) -> None:
        """Messages that arrive at the broker."""
        for topic, payload in batch:
            _, case, step = topic.split("/", 2)
            if step == "fence":
                self._fenced[case].set()
            else:
                self.target(case).take(step, msgspec.json.decode(payload).get("idempotency_key", ""))

    async def quiet(self, case: str) -> None:
        """Return once everything that a dead sender left in a socket has arrived: two round trips on each way."""
        broker = Broker(host="127.0.0.1", port=self.broker_port)
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.get(f"{self.http}/{case}/state/fence") as answer:
                    await answer.read()
                if self.broker_port:
                    fence = self._fenced[case] = asyncio.Event()
                    await publish(broker, Path(), f"chaos/{case}/fence", b"{}")
                    await asyncio.wait_for(fence.wait(), 10)


@asynccontextmanager
async def outside(folder: Path, *, broker: bool) -> AsyncIterator[Outside]:
    """Serve targets on free ports of this machine."""
    world = Outside()
    app = web.Application()
    app.add_routes(
        [
            web.put("/{case}/apply/{step}", world._apply),
            web.get("/{case}/apply/{step}", world._apply),
            web.get("/{case}/state/{step}", world._state),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=256).start()
    world.http = f"http://127.0.0.1:{runner.addresses[0][1]}"
    mosquitto = Mosquitto(folder) if broker else None
    session: Session | None = None
    try:
        if mosquitto is not None:
            await asyncio.to_thread(mosquitto.start)
            world.broker_port = mosquitto.port
            listening = Broker(host="127.0.0.1", port=mosquitto.port, client_id="chaos", clean=True)
            session = Session(listening, folder, [("chaos/#", 1)], world.heard)
            await session.connect()
        yield world
    finally:
        if session is not None:
            await session.disconnect()
        if mosquitto is not None:
            await asyncio.to_thread(mosquitto.stop)
        await runner.cleanup()
