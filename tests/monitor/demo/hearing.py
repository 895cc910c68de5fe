"""The demo's own configuration, and its collectors at work on the simulated platforms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from monitor.config_file import read
from monitor.demo.configuration import write
from monitor.demo.geography import SITES
from monitor.demo.world import Ports
from monitor.intake.source import Collector, Source
from tests.rig.inlet import RecordingInlet

Kind = TypeVar("Kind", bound=Source)


def configured(kind: type[Kind], directory: Path, *, sip: int = 9, **changes: int) -> list[Kind]:
    """The collectors of a kind as the demo writes them; ports that are not said are not used."""
    ports = {"broker": 9, "routing": 9, "connect": 9, **changes}
    world = Ports(
        broker=ports["broker"], routing=ports["routing"], connect=ports["connect"], pbx=dict.fromkeys(SITES, 9)
    )
    loaded = read(write(directory, port=9, sip=sip, pager=9, world=world).config)
    assert loaded.value is not None, loaded.findings
    return [source for source in loaded.value.collectors if isinstance(source, kind)]


@asynccontextmanager
async def running(sources: Sequence[Collector], inlet: RecordingInlet) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Collectors at work until the end of the block."""
    tasks = [asyncio.create_task(source.run(inlet)) for source in sources]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
