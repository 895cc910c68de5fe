"""A whole daemon over several Saturdays: it records legacy, is started anew, and holds the target against what it knows."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from monitor.cli.history import import_
from monitor.config_file import LoadedConfig, read
from monitor.daemon.daemon import Daemon
from monitor.history.archive import FILE, Archive
from monitor.model import Truth

CONFIG = """
schema: 1
cutover: {name: night, environment: TEST, timezone: Europe/Lisbon, incident_days: [INCIDENT]}
people: [{name: ben, role: approver, duties: [lead]}]
stages: [{name: only}]
rules:
  - name: wait
    metric: golive_queue_oldest_contact_age_seconds
    match: {platform: target}
    by: [queue]
    estimator: mean
    window: 10s
    operator: ">="
    breach: 1.5
    clear: 1.2
    min_count: 3
    baseline: {from: history, weeks: 4, need_slots: 3}
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
gates: [{name: queues, rules: [wait]}]
"""
METRIC = "golive_queue_oldest_contact_age_seconds"
WEEK = 7 * 86_400
SATURDAY = 1_795_294_800
"""2026-11-21T21:00:00Z, nine in the evening in Lisbon."""


def saturday(back: int) -> int:
    """Nine in the evening so many weeks before; four weeks before, the clock had not been set back yet."""
    return SATURDAY - back * WEEK - (3600 if back >= 4 else 0)


class Clock:
    """The time of the daemon under test."""

    def __init__(self) -> None:
        self.now = float(SATURDAY - 5 * WEEK)

    def __call__(self) -> float:
        return self.now


async def configured(folder: Path, incident: str = "2026-01-01") -> LoadedConfig:
    """The configuration, on a free port."""

    def load() -> LoadedConfig:
        (folder / "golive.yaml").write_text(CONFIG.replace("INCIDENT", incident))
        return read(folder / "golive.yaml")

    loaded = await asyncio.to_thread(load)
    assert loaded.value is not None, loaded.findings
    web = msgspec.structs.replace(loaded.value.web, listen="127.0.0.1:0")
    return dataclasses.replace(loaded, value=msgspec.structs.replace(loaded.value, web=web))


@asynccontextmanager
async def running(loaded: LoadedConfig, folder: Path, clock: Clock) -> AsyncIterator[Daemon]:
    """A daemon that lives as long as the block."""
    daemon = Daemon(loaded, folder / "state", clock)
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.close()


class Feed:
    """Hands samples to a daemon as a collector does."""

    def __init__(self, daemon: Daemon, clock: Clock) -> None:
        self.daemon = daemon
        self.clock = clock
        self.door = daemon.intake.door("edge", 30.0)

    def put(self, platform: str, value: float) -> None:
        handle = self.door.series(METRIC, (("platform", platform), ("queue", "sales")))
        self.door.heard(1, self.clock.now)
        self.door.emit([handle], [value], [self.clock.now], self.clock.now)

    async def ticked(self) -> None:
        """Until the daemon has judged what is in, twice."""
        count = self.daemon.ticker.count
        async with asyncio.timeout(20):
            while self.daemon.ticker.count < count + 2:
                await asyncio.sleep(0.02)
        assert not self.daemon.ticker.broken

    async def quarter(self, start: int, value: float, *, wait: bool = True) -> None:
        """A quarter hour of legacy, as the daemon's own task looks at it; and unless told so, what follows on disk."""
        for step in range(95):
            self.clock.now = float(start + step * 10)
            self.put("legacy", value)
            if not self.daemon.intake.frozen:
                self.daemon.intake.flush()
            await self.daemon.history.step(self.clock.now)
        if wait:
            await self.daemon.history.settled()

    async def target(self, start: int, value: float) -> None:
        """A minute of the target, judged every second."""
        for second in range(60):
            self.clock.now = start + float(second)
            self.put("target", value)
            if second % 20 == 19:
                await self.ticked()
        await self.ticked()


def standing(daemon: Daemon) -> tuple[str, str]:
    judge = daemon.engine.judges["wait"]
    return judge.standing(0).word, judge.why(0)


async def recorded(loaded: LoadedConfig, folder: Path, clock: Clock, values: Sequence[float]) -> None:
    """Weeks of legacy before SATURDAY, the oldest first, each heard by a daemon of its own."""
    for back, value in zip(range(len(values), 0, -1), values, strict=True):
        clock.now = float(saturday(back) - 60)
        async with running(loaded, folder, clock) as daemon:
            await Feed(daemon, clock).quarter(saturday(back), value)


async def test_a_daemon_records_weeks_and_judges_by_them(tmp_path: Path) -> None:
    """Four Saturdays of legacy, each in a process of its own; on the fifth the target is held against their median."""
    loaded, clock = await configured(tmp_path), Clock()
    await recorded(loaded, tmp_path, clock, [18.0, 400.0, 20.0, 22.0])
    clock.now = float(SATURDAY - 30)
    async with running(loaded, tmp_path, clock) as daemon:
        feed = Feed(daemon, clock)
        await feed.target(SATURDAY + 10, 30.0)
        assert standing(daemon) == ("ok", "")
        assert daemon.engine.judges["wait"].value[0] == pytest.approx(30.0 / 21.0)
        await feed.target(SATURDAY + 70, 33.0)
        assert standing(daemon)[0] == "breach"
        assert "33.0s against 21.0s of recorded weeks" in daemon.engine.judges["wait"].measured_how(0)
        snapshot = daemon.camera.snapshot()
        assert snapshot.verdict.verdict == "NO-GO"
        await feed.target(SATURDAY + 900 + 10, 33.0)
        assert standing(daemon)[0] == "breach", "the next quarter hour was never recorded, and unknown clears nothing"
        assert daemon.engine.truth("wait") is Truth.UNKNOWN


async def test_too_few_weeks_are_unknown_until_somebody_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two weeks and a day of incident are not enough; an import beside the running daemon makes them so, at once."""
    loaded, clock = await configured(tmp_path, "2026-10-31"), Clock()
    await recorded(loaded, tmp_path, clock, [20.0, 20.0, 20.0])
    clock.now = float(SATURDAY - 30)
    async with running(loaded, tmp_path, clock) as daemon:
        feed = Feed(daemon, clock)
        await feed.target(SATURDAY + 10, 90.0)
        assert standing(daemon) == ("unknown", "baseline: 2 of 3 recorded weeks have this quarter hour")
        assert daemon.camera.snapshot().verdict.verdict == "UNKNOWN"
        assert daemon.engine.truth("wait") is Truth.UNKNOWN
        report = tmp_path / "pbx.csv"

        def bring() -> int:
            report.write_text("start,queue,value,samples\n2026-10-24 21:00,sales,20,40\n")
            monkeypatch.setattr("monitor.cli.history.time.time", lambda: float(SATURDAY))
            return import_(report, rule="wait", config=tmp_path / "golive.yaml", state_dir=tmp_path / "state")

        assert await asyncio.to_thread(bring) == 0
        await daemon.history.step(clock.now)
        await daemon.history.settled()
        await feed.target(SATURDAY + 80, 90.0)
        assert standing(daemon)[0] == "breach"
        assert daemon.camera.snapshot().verdict.verdict == "NO-GO"
        lines = [event for event in daemon.journal.events_after(0, 100) if event.kind == "history"]
        assert [(line.who, line.object) for line in lines] == [("operator", "wait")]
        assert lines[0].what.startswith("1 slots of wait imported from pbx.csv (sha256 ")


async def test_a_broken_file_of_weeks_stops_nothing_but_what_rests_on_it(tmp_path: Path) -> None:
    """The daemon starts, the rule is UNKNOWN with the reason that a person can act on, and the file is left as it is."""
    loaded, clock = await configured(tmp_path), Clock()
    path = tmp_path / "state" / FILE

    def harm() -> None:
        path.parent.mkdir()
        path.write_bytes(b"not a database at all" * 200)

    await asyncio.to_thread(harm)
    clock.now = float(SATURDAY)
    async with running(loaded, tmp_path, clock) as daemon:
        await Feed(daemon, clock).target(SATURDAY + 10, 30.0)
        word, why = standing(daemon)
        assert word == "unknown"
        told = f"{path}: recorded weeks cannot be opened: file is not a database"
        assert why.startswith(f"baseline: {told}")
        assert told in daemon.camera.snapshot().monitor.degraded
    assert (await asyncio.to_thread(path.read_bytes)).startswith(b"not a database")


async def test_what_is_being_recorded_when_the_daemon_stops_is_not_lost(tmp_path: Path) -> None:
    """A slot that closed in the last moment is written while the daemon goes down."""
    loaded, clock = await configured(tmp_path), Clock()
    async with running(loaded, tmp_path, clock) as daemon:
        await Feed(daemon, clock).quarter(SATURDAY - 4 * WEEK, 12.0, wait=False)

    def kept() -> list[float]:
        archive = Archive(tmp_path / "state" / FILE, read_only=True)
        values = [slot.value for slot in archive.of("wait")]
        archive.close()
        return values

    assert await asyncio.to_thread(kept) == [12.0]
