"""One collector on its own, outside of a daemon: what it says is told as it comes, checked as a daemon would check it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec

from monitor.intake.cadence import beat
from monitor.intake.inlet import Handles, Inlet, Numbers
from monitor.intake.intake import Door, Intake
from monitor.intake.source import Collector
from monitor.intake.supervise import Condition, Supervisor
from monitor.judging.store import Store
from monitor.model import Health, Labels, Metric
from monitor.text import OutsideText, clean, escaped

FLUSH = 0.25
"""Seconds between looks at what was refused after it was handed over: out of range, too late, from the future."""


@runtime_checkable
class Tryable(Protocol):
    """A collector that needs other settings beside a running daemon, so that it takes nothing away from it."""

    def trial(self, seconds: float) -> Collector:
        """A copy that can run beside a daemon with the same configuration, for so many seconds."""
        ...


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a trial."""

    kind: Literal["sample", "blank", "refused", "health", "summary"]
    at: float
    """Our clock, unix seconds."""
    metric: str = ""
    labels: dict[str, str] = {}
    value: float | None = None
    time: float | None = None
    """The source's own time of a sample, unix seconds."""
    reason: str = ""
    """Of a refusal; of a blank: empty, null or error."""
    count: int = 0
    raw: str = ""
    """The refused message, escaped."""
    state: str = ""
    words: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial came to."""

    messages: int
    samples: int
    series: int
    refused: dict[str, int]
    condition: Condition
    ever_ok: bool

    @property
    def works(self) -> bool:
        """Whether the daemon would be fed by it: it was heard, and gave a sample that counts."""
        return self.ever_ok and self.samples > 0 and self.condition.state is Health.OK


class Trial:
    """Runs a collector under the daemon's own supervisor and store, with nothing on disk."""

    def __init__(
        self, collector: Collector, catalogue: Mapping[str, Metric], base: Path, tell: Callable[[Told], None]
    ) -> None:
        """base: folder that relative paths of the configuration start at. tell: called with each line."""
        self._collector = collector
        self._intake = Intake(Store(dict(catalogue)), base)
        self._tell = tell
        self._ever_ok = False
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End it now."""
        self._stopped.set()

    async def run(self, seconds: float) -> Outcome:
        """Collect for so long, then end it in good order."""
        source = self._collector.trial(seconds) if isinstance(self._collector, Tryable) else self._collector
        door = self._intake.door(source.name, source.stale_after)
        supervisor = Supervisor([_Overheard(source, self._tell)], self._intake, time.time, self._changed)
        supervisor.start()
        try:
            await self._watch(door, seconds)
        finally:
            condition = supervisor.conditions[source.name]
            await supervisor.close()
            self._flush(door)
        return Outcome(
            messages=door.messages,
            samples=door.samples,
            series=self._intake.store.size,
            refused=dict(door.refused),
            condition=condition,
            ever_ok=self._ever_ok,
        )

    async def _watch(self, door: Door, seconds: float) -> None:
        async for _ in beat(FLUSH, first=FLUSH):
            self._flush(door)
            seconds -= FLUSH
            if seconds <= 0 or self._stopped.is_set():
                return

    def _flush(self, door: Door) -> None:
        """Put what came into the store, which refuses what cannot be so."""
        before = door.refused.copy()
        door.flush()
        for reason, count in (door.refused - before).items():
            self._tell(Told(kind="refused", at=time.time(), reason=reason, count=count))

    def _changed(self, _name: str, state: Health, words: str) -> None:
        self._ever_ok |= state is Health.OK
        if state is not Health.STOPPED:
            self._tell(Told(kind="health", at=time.time(), state=state.value, words=words))


class _Overheard:
    """A collector whose inlet is listened to."""

    def __init__(self, collector: Collector, tell: Callable[[Told], None]) -> None:
        self._collector = collector
        self._tell = tell

    @property
    def name(self) -> str:
        return self._collector.name

    @property
    def stale_after(self) -> float:
        return self._collector.stale_after

    async def run(self, inlet: Inlet) -> None:
        await self._collector.run(_Ear(inlet, self._tell))


class _Ear:
    """Hands everything on, and tells of it."""

    def __init__(self, inlet: Inlet, tell: Callable[[Told], None]) -> None:
        self._inlet = inlet
        self._tell = tell
        self._series: dict[int, tuple[str, dict[str, str]]] = {}

    @property
    def base(self) -> Path:
        return self._inlet.base

    def series(self, metric: str, labels: Labels) -> int:
        handle = self._inlet.series(metric, labels)
        if handle < 0:
            words = f"no series for {metric} {dict(labels)}: unknown metric or label, or too many series"
            self._tell(Told(kind="refused", at=time.time(), reason="series", count=1, words=clean(words)))
        self._series[handle] = metric, dict(labels)
        return handle

    def emit(self, handles: Handles, values: Numbers, times: Numbers, received: float) -> int:
        for handle, value, at in zip(handles, values, times, strict=True):
            if int(handle) >= 0:
                metric, labels = self._series[int(handle)]
                told = Told(
                    kind="sample", at=received, metric=metric, labels=labels, value=float(value), time=float(at)
                )
                self._tell(told)
        return self._inlet.emit(handles, values, times, received)

    def blank(self, handle: int, kind: Literal["empty", "null", "error"], at: float, received: float) -> None:
        if handle >= 0:
            metric, labels = self._series[handle]
            self._tell(Told(kind="blank", at=received, metric=metric, labels=labels, reason=kind, time=at))
        self._inlet.blank(handle, kind, at, received)

    async def commit(self) -> None:
        await self._inlet.commit()

    def heard(self, messages: int, received: float) -> None:
        self._inlet.heard(messages, received)

    def refuse(self, reason: str, raw: bytes, received: float, count: int = 1) -> None:
        self._tell(Told(kind="refused", at=received, reason=reason, count=count, raw=escaped(raw)))
        self._inlet.refuse(reason, raw, received, count)

    def transcript(
        self, got: bytes, received: float, *, sent: bytes = b"", fault: str = "", hidden: Sequence[str] = ()
    ) -> None:
        self._inlet.transcript(got, received, sent=sent, fault=fault, hidden=hidden)

    def sequence(self, source: str, seq: int, at: float, received: float) -> bool:
        return self._inlet.sequence(source, seq, at, received)

    def hole(self, began: float, ended: float) -> None:
        self._inlet.hole(began, ended)

    def connected(self, detail: str = "") -> None:
        self._inlet.connected(detail)

    def lost(self, detail: str) -> None:
        self._inlet.lost(detail)


def spelled(told: Told, now: float) -> OutsideText:
    """One line as people read it. now: our clock, unix seconds, for the age of a sample."""
    labels = "{" + ", ".join(f'{name}="{value}"' for name, value in told.labels.items()) + "}" if told.labels else ""
    match told.kind:
        case "sample":
            age = now - (told.time or 0.0)
            return clean(f"sample   {told.metric}{labels} {told.value:g}  ({age:.1f} s old)", 1000)
        case "blank":
            return clean(f"no value {told.metric}{labels}: {told.reason}", 1000)
        case "refused":
            what = told.raw or told.words or "samples that cannot be so"
            return clean(f"refused  {told.reason}{f' x {told.count}' if told.count > 1 else ''}: {what}", 1000)
        case _:
            return clean(f"health   {told.state}: {told.words}", 1000)
