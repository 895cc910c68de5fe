"""Everything a demo needs, started in order and ended in reverse: pager, world, configuration, daemon."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiohttp import ClientSession

from monitor.demo.broker import MISSING, BrokerMissingError, available
from monitor.demo.children import DAEMON, WORLD, Child
from monitor.demo.configuration import Setup, claim, write
from monitor.demo.daemon_client import DaemonClient, RoutingClient, ready_within
from monitor.demo.receiver import Page, Receiver
from monitor.demo.world import Ports
from monitor.outbound.aws import missing

INSTALL = "python -m pip install 'golive-monitor[demo]'"
WORLD_WITHIN = 20.0
DAEMON_WITHIN = 20.0
"""Seconds for a child to be ready on a busy machine."""


class StartError(Exception):
    """A child did not start: which, and its last words."""


class Production(NamedTuple):
    """A running demo."""

    url: str
    port: int
    setup: Setup
    client: DaemonClient
    routing: RoutingClient
    children: tuple[Child, ...]

    async def first_death(self) -> str:
        """Wait until a child ends by itself, and say which."""
        waits = {asyncio.create_task(child.wait()): child for child in self.children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        child = waits[done.pop()]
        return f"the {child.name} ended by itself with code {child.returncode}: {await child.last_words()}"


@asynccontextmanager
async def production(
    directory: Path, *, port: int, seed: int, hear: Callable[[Page], None]
) -> AsyncIterator[Production]:
    """Start all, yield, end all; no process is left behind, however it ends.

    port: HTTP port of the daemon, 0 takes a free one. hear: called with each page that the pager gets.
    StartError, BrokerMissingError, OccupiedError and AlreadyRunning say what stands in the way.
    """
    if not available():
        raise BrokerMissingError(MISSING)
    if why := missing():
        raise StartError(f"{why}; the demo plays Amazon Connect by it; next: {INSTALL}")
    claim(directory, time.time())
    port = _free_port(port)
    async with AsyncExitStack() as stack:
        receiver = Receiver(hear)
        pager = await receiver.start()
        stack.push_async_callback(receiver.stop)
        sip = _free_datagrams()
        near = str(port), str(sip), str(directory)
        world = await Child.start("simulated world", WORLD, str(seed), *near, log=directory / "world.log")
        stack.push_async_callback(world.stop)
        ports = await _ports(world)
        setup = write(directory, port=port, sip=sip, pager=pager, world=ports)
        daemon = await Child.start(
            "daemon",
            DAEMON,
            "run",
            "--config.file",
            str(setup.config),
            "--state-dir",
            str(directory),
            log=directory / "daemon.log",
        )
        stack.push_async_callback(daemon.stop)
        session = await stack.enter_async_context(ClientSession())
        client = DaemonClient(session, f"http://127.0.0.1:{port}")
        await _ready(daemon, client)
        yield Production(client.url, port, setup, client, RoutingClient(session, ports.routing), (world, daemon))


def _free_port(wanted: int) -> int:
    """The port, or a free one for 0; StartError when somebody else has it, who else would be taken for our daemon."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise StartError(
                f"port {wanted} of 127.0.0.1 cannot be used: {error.strerror}; next: name another --port"
            ) from error
        port: int = probe.getsockname()[1]
        return port


def _free_datagrams() -> int:
    """A UDP port of 127.0.0.1 that nobody has."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _ports(world: Child) -> Ports:
    try:
        line = await asyncio.wait_for(world.line(), WORLD_WITHIN)
    except TimeoutError:
        line = b""
    if not line:
        raise StartError(f"the simulated world did not start: {await world.last_words() or 'it said nothing'}")
    return msgspec.json.decode(line, type=Ports)


async def _ready(daemon: Child, client: DaemonClient) -> None:
    serving = asyncio.create_task(ready_within(client, DAEMON_WITHIN))
    ended = asyncio.create_task(daemon.wait())
    try:
        await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done() and serving.result():
            return
    finally:
        serving.cancel()
        ended.cancel()
    how = "is not ready" if daemon.returncode is None else f"ended with code {daemon.returncode}"
    raise StartError(f"the daemon {how}: {await daemon.last_words() or 'it said nothing'}")
