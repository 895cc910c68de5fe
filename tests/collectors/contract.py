"""What a kind of collector gives to the contract suite: a counterpart under the test's control.

A new kind is in the suite once it is in `collectors.kinds`; what it must add is `tests/collectors/<kind>/contract.py`
with `ADAPTER = Adapter(...)`. Everything else (its folder, sample, README, fields) is found from its class.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from collectors.kinds import AnyCollector
from monitor.intake.source import Misconfigured, Source
from monitor.plan import Section
from tests.rig.inlet import RecordingInlet


class Peer(Protocol):
    """The counterpart: a real broker, a local server, a telephone. It is in reach until it leaves."""

    def configuration(self) -> dict[str, Any]:
        """The fields of a collector that hears it, without `kind` and `name`."""
        ...

    async def speak(self, number: int) -> None:
        """Say something sound, with one sample in it at least; a higher number is later by the source's clock."""
        ...

    async def garbage(self) -> int:
        """Say what is not sound; returns how many refusals it must lead to at least."""
        ...

    async def leave(self) -> None:
        """Go out of reach, as a crash or a cut line does."""
        ...

    async def come_back(self) -> None:
        """Be in reach again, where it was."""
        ...


class Adapter(NamedTuple):
    """A kind's part in the suite."""

    counterpart: Callable[[Path], AbstractAsyncContextManager[Peer]]
    """A counterpart that keeps its files in a folder, ended with the context."""
    unreachable: Callable[[Path], AbstractAsyncContextManager[dict[str, Any]]]
    """A configuration whose source cannot be had: a port that nobody listens on, or that somebody else has."""
    deadline: float = 10.0
    """Seconds within which the collector must have noticed that."""
    asks: bool = False
    """Whether it asks targets whose every answer is a measurement: then garbage is data, not a refusal."""
    private: tuple[str, ...] = ()
    """Texts that its counterpart says and that may never be in a label: call ids, people, numbers."""


class Kind(NamedTuple):
    """One kind of collector, and where its parts lie."""

    name: str
    type: type[Any]
    folder: Path
    adapter: Adapter


def kinds() -> Iterator[Kind]:
    """Every kind of the registry."""
    for kind in typing.get_args(AnyCollector) or (AnyCollector,):
        name = kind.__struct_config__.tag
        folder = Path(sys.modules[kind.__module__].__file__ or "").parent
        adapter = importlib.import_module(f"tests.collectors.{name}.contract").ADAPTER
        yield Kind(name, kind, folder, adapter)


def fields(kind: type[Any]) -> set[str]:
    """Every field that a person can write for a kind, in whatever section; without those that all kinds share."""
    found: set[str] = set()
    seen: set[Any] = set()
    left: list[Any] = [kind]
    while left:
        part = left.pop()
        if part in seen:
            continue
        seen.add(part)
        left += typing.get_args(part)
        if isinstance(part, type) and issubclass(part, Section):
            own = [field for field in msgspec.structs.fields(part) if field.name not in Source.__struct_fields__]
            found |= {field.encode_name for field in own}
            left += [field.type for field in own]
    return found


def made(kind: Kind, configuration: dict[str, Any]) -> Any:
    """A collector of a kind from what a person would write."""
    whole = {"kind": kind.name, "name": "contract", "every": 0.2, **configuration}
    return msgspec.convert(whole, kind.type)


def met(kind: Kind, peer: Peer) -> Any:
    """A collector that hears a counterpart; one that is called by it is made known to it (`meet`)."""
    source = made(kind, peer.configuration())
    meet = getattr(peer, "meet", None)
    if meet is not None:
        meet(source)
    return source


@asynccontextmanager
async def running(source: Any, inlet: RecordingInlet) -> AsyncIterator[asyncio.Task[None]]:
    """The collector under a supervisor without patience; cancelled at the end, which must work within a second."""
    task = asyncio.create_task(_keep(source, inlet))
    try:
        yield task
    finally:
        task.cancel()
        async with asyncio.timeout(1):
            await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled() and task.exception() is not None:
        raise AssertionError(f"it ended by itself: {task.exception()!r}")


async def _keep(source: Any, inlet: RecordingInlet) -> None:
    while True:
        try:
            await source.run(inlet)
        except Misconfigured:
            raise
        except Exception as error:  # noqa: BLE001 - as the supervisor does
            inlet.lost(f"{type(error).__name__}: {error}")
        await asyncio.sleep(0.05)


class Talk:
    """Speaks again and again, with rising numbers, until something holds."""

    def __init__(self, peer: Peer, inlet: RecordingInlet) -> None:
        self.peer = peer
        self.inlet = inlet
        self.number = 0

    async def until(self, holds: Callable[[RecordingInlet], bool], within: float = 20.0) -> None:
        """Return once it holds; TimeoutError when it does not in time."""
        async with asyncio.timeout(within):
            while not holds(self.inlet):
                self.number += 1
                await self.peer.speak(self.number)
                try:
                    await self.inlet.until(holds, within=0.3)
                except TimeoutError:
                    continue

    async def until_more(self, samples: int = 1) -> None:
        """Return once so many more samples came."""
        goal = len(self.inlet.samples) + samples
        await self.until(lambda kept: len(kept.samples) >= goal)


def sockets() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - links of descriptors, not files
        try:
            target = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115 - the same
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
