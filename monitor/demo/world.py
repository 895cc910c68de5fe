"""The demo's second child process: the simulated contact centre, and everything through which it is heard and moved."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiohttp import web

from monitor.demo.broker import Broker
from monitor.demo.centre import Centre
from monitor.demo.connect import Connect
from monitor.demo.geography import SITES
from monitor.demo.life import Life
from monitor.demo.pbx import Pbx
from monitor.demo.poster import Poster
from monitor.demo.publisher import Publisher
from monitor.demo.routing import Routing
from monitor.demo.secret_files import SECRETS
from monitor.demo.systems import Systems
from monitor.demo.telephones import Telephones
from monitor.demo.tie import tie
from monitor.demo.wire import Wire


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where the world can be reached on 127.0.0.1: the line it prints once it is up."""

    broker: int
    routing: int
    """HTTP: the carrier's routes, the roster, and the business systems."""
    pbx: dict[str, int]
    """The Manager Interface of the legacy platform, by site."""
    connect: int
    """HTTP: the target platform as Amazon Connect."""


class Near(NamedTuple):
    """What the world must know of the golive that listens to it."""

    port: int
    """HTTP port of golive."""
    sip: int
    """UDP port where it takes quality reports."""
    directory: Path
    """Where the secrets of this demo lie, once they are written."""


async def _serve(app: web.Application) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return runner, port


async def world(seed: int, near: Near) -> None:
    """Run until asked to end by SIGTERM or SIGINT; prints its ports as one JSON line."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ask in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ask, ending.set)
    centre = Centre(seed, time.time())
    async with AsyncExitStack() as stack:
        broker, publisher = Broker(), Publisher()
        broker_port = await broker.start()
        stack.push_async_callback(broker.stop)
        app = Routing(centre).application()
        app.add_subapp("/systems", Systems(centre).application())
        runner, routing_port = await _serve(app)
        stack.push_async_callback(runner.cleanup)
        poster = Poster(near.port, near.directory / SECRETS["workforce"])
        stack.push_async_callback(_ended, asyncio.create_task(poster.run(), name="poster"))
        await publisher.connect(broker_port)
        stack.push_async_callback(publisher.close)
        telephones = Telephones(near.sip)
        await telephones.start()
        stack.callback(telephones.stop)
        life = Life(centre)
        life.voices += [Wire(publisher, poster), telephones]
        runner, connect_port = await _serve(Connect(life, near.directory / SECRETS["connect"]).application())
        stack.push_async_callback(runner.cleanup)
        pbx_ports = await _pbxs(life, near, stack)
        ports = Ports(broker=broker_port, routing=routing_port, pbx=pbx_ports, connect=connect_port)
        sys.stdout.write(msgspec.json.encode(ports).decode() + "\n")
        sys.stdout.flush()
        await life.live(ending)


async def _pbxs(life: Life, near: Near, stack: AsyncExitStack) -> dict[str, int]:
    """Start the legacy platform's PBXs; their ports by site."""
    ports = {}
    for site in SITES:
        pbx = Pbx(life, site, near.directory / SECRETS["pbx"])
        ports[site] = await pbx.start()
        stack.push_async_callback(pbx.stop)
        life.voices.append(pbx)
    return ports


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def main() -> None:
    """Entry of the child: the seed, golive's ports, the directory of its secrets; the parent's death is the end."""
    tie()
    seed, port, sip, directory = sys.argv[1:]
    asyncio.run(world(int(seed), Near(int(port), int(sip), Path(directory))))
