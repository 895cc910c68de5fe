"""Quality reports of telephones and gateways: RFC 6035 by SIP PUBLISH and NOTIFY, over UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Literal

from collectors.sip_quality.connections import Connections
from collectors.sip_quality.datagrams import Datagrams
from collectors.sip_quality.listening import Listen, name_of, overflowed
from collectors.sip_quality.places import Rule, check_labels, network_of
from collectors.sip_quality.probe import probe
from collectors.sip_quality.sources import Sources
from collectors.sip_quality.station import Manner, Station
from collectors.sip_quality.turns import Turns
from monitor.intake.inlet import Inlet
from monitor.intake.probing import Check
from monitor.intake.source import Source
from monitor.units import Duration

_LOOK = 1.0
"""Seconds between two looks at what the kernel dropped."""


class SipQuality(Source, frozen=True, kw_only=True, tag="sip_quality", tag_field="kind"):
    """A SIP user agent that takes quality reports and nothing else."""

    listen: tuple[Listen, ...]
    allow: tuple[str, ...]
    """Networks that may report. What comes from elsewhere is counted and not read."""
    labels: dict[str, str] = {}
    """Label -> value, for every report that no rule says otherwise of."""
    rules: tuple[Rule, ...] = ()
    """Which report belongs to which site, trunk and make of device; for each label the first that holds decides."""
    clock: Literal["device", "receipt"] = "device"
    """device: a sample is as old as its report's STOP. receipt: for devices without a clock, when it came in."""
    rate: float = 200.0
    """Messages a second of one address; a second's worth may come at once."""
    receive_buffer: int = 4 * 1024 * 1024
    """Bytes that the kernel keeps for a UDP socket while we are busy; without root at most net.core.rmem_max."""
    connections: int = 1000
    """Connections at once on each listener over TCP and TLS."""
    idle: Duration = 600.0
    """Silence after which a connection is closed."""

    def __post_init__(self) -> None:
        if not self.listen:
            msg = "listen is empty: nothing would be heard"
            raise ValueError(msg)
        if not self.allow:
            msg = "allow is empty: nobody could report; write the networks of your telephones, such as 192.0.2.0/24"
            raise ValueError(msg)
        for network in self.allow:
            network_of(network)
        check_labels(self.labels)
        if self.rate < 1 or self.receive_buffer < 1 or self.connections < 1 or self.idle <= 0:
            msg = "rate, receive_buffer and connections are at least 1, idle is longer than nothing"
            raise ValueError(msg)

    async def probe(self, base: Path) -> list[Check]:
        """Try the listeners for `golive doctor`."""
        return await probe(self, base)

    async def run(self, inlet: Inlet) -> None:
        """Collect until cancelled.

        Raises:
            OSError: an address cannot be listened on, or samples cannot be kept; says why. To be run again.
            Misconfigured: a person must change something first: a file, a right.
        """
        contexts = [await asyncio.to_thread(part.tls.context, inlet.base) if part.tls else None for part in self.listen]
        station = Station(
            Manner(self.labels, self.rules, self.clock), Sources(self.allow, self.rate), inlet, time.time()
        )
        turns = Turns()
        lines: list[socket.socket] = []
        try:
            for part in self.listen:
                lines.append(await part.open(self.receive_buffer))  # noqa: PERF401 - those before are closed when one fails
            work: list[Coroutine[Any, Any, None]] = []
            for part, line, context in zip(self.listen, lines, contexts, strict=True):
                if part.transport == "udp":
                    datagrams = Datagrams(line, station, turns, inlet)
                    work += (datagrams.read(), datagrams.answer())
                else:
                    keeper = Connections(station, turns, inlet, context=context, most=self.connections, idle=self.idle)
                    work.append(keeper.serve(line))
            names = [f"{part.transport} {name_of(line)}" for part, line in zip(self.listen, lines, strict=True)]
            work.append(_watch(lines, ", ".join(names), station, inlet))
            await _together(work)
        finally:
            for line in lines:
                line.close()


async def _watch(lines: Iterable[socket.socket], where: str, station: Station, inlet: Inlet) -> None:
    """Say where we listen, and count what the kernel dropped."""
    datagrams = [line for line in lines if line.type == socket.SOCK_DGRAM]
    inlet.connected(f"listening on {where}")
    before = 0
    while True:
        await asyncio.sleep(_LOOK)
        dropped = sum(map(overflowed, datagrams))
        if dropped > before:
            station.refuse("socket_overflow", b"datagrams found no room", time.time(), dropped - before)
            inlet.connected(f"listening on {where}; {dropped} datagrams found no room: raise receive_buffer")
        before = dropped


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all until one fails or we are cancelled; none is left behind."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
