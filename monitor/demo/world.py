"""The demo's second child process: the embedded broker, the simulated contact centre, its routing interface and systems."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import msgspec
from aiohttp import web

from monitor.demo.broker import Broker
from monitor.demo.centre import Centre
from monitor.demo.poster import SOURCE, Poster
from monitor.demo.publisher import Publisher
from monitor.demo.routing import Routing
from monitor.demo.systems import Systems
from monitor.demo.telemetry import NATIVE, Telemetry
from monitor.demo.tie import tie

TICK = 0.25
"""Seconds between two steps of the centre; call reports go out at this pace."""
_POSTED = NATIVE.format(source=SOURCE)
TICKS_A_SECOND = 4
"""Every so many ticks the platforms publish their counts."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where the world can be reached on 127.0.0.1: the line it prints once it is up."""

    broker: int
    routing: int
    """HTTP: the carrier's routes, the roster, and the business systems."""


async def _serve(centre: Centre) -> tuple[web.AppRunner, int]:
    app = Routing(centre).application()
    app.add_subapp("/systems", Systems(centre).application())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return runner, port


async def _live(centre: Centre, publisher: Publisher, poster: Poster | None, ending: asyncio.Event) -> None:
    telemetry = Telemetry()
    tick = 0
    while not ending.is_set():
        reports = centre.step(time.time())
        # The numbers go on being counted while nobody publishes: the silence is one of the wire.
        messages = telemetry.calls(reports)
        if tick % TICKS_A_SECOND == 0:
            messages += telemetry.second(centre)
        if not centre.trouble("silence"):
            if poster is not None:
                posted = [message for message in messages if message.topic == _POSTED]
                messages = [message for message in messages if message.topic != _POSTED]
                for message in posted:
                    poster.post(message.payload)
            publisher.publish(messages)
        tick += 1
        try:
            await asyncio.wait_for(ending.wait(), TICK)
        except TimeoutError:
            continue


async def world(seed: int, poster: Poster | None = None) -> None:
    """Run until asked to end by SIGTERM or SIGINT; prints its ports as one JSON line.

    poster: what the legacy platform posts its queue statistics with; without one they go through the broker too.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ask in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ask, ending.set)
    centre, broker, publisher = Centre(seed, time.time()), Broker(), Publisher()
    broker_port = await broker.start()
    runner, routing_port = await _serve(centre)
    posting = asyncio.create_task(poster.run(), name="poster") if poster is not None else None
    try:
        await publisher.connect(broker_port)
        ports = Ports(broker=broker_port, routing=routing_port)
        sys.stdout.write(msgspec.json.encode(ports).decode() + "\n")
        sys.stdout.flush()
        await _live(centre, publisher, poster, ending)
    finally:
        if posting is not None:
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
        await publisher.close()
        await runner.cleanup()
        await broker.stop()


def main() -> None:
    """Entry of the child: the seed, and golive's port and a token file for what is posted; the parent's death is the end."""
    tie()
    seed, *posting = sys.argv[1:]
    asyncio.run(world(int(seed), Poster(int(posting[0]), Path(posting[1])) if posting else None))
