"""The record after a restart: windows are whole again, and what was refused or has gone silent is no better than before."""

from __future__ import annotations

import asyncio
from pathlib import Path

from monitor.daemon.refill import refill
from monitor.intake.record import Record
from monitor.judging.engine import Engine
from monitor.judging.rules import Missing, Rule
from monitor.judging.store import Store
from monitor.model import Kind, Metric

START = 1_795_294_500.0
METRIC = Metric(name="golive_x_seconds", kind=Kind.GAUGE, unit="seconds", help="X.", high=10.0)
RULE = Rule(
    name="x",
    metric=METRIC.name,
    estimator="mean",
    window=30.0,
    operator=">=",
    breach=5.0,
    missing=Missing(no_data="hold", null="unknown", error="unknown", stale="unknown"),
)


async def recorded(path: Path, *samples: tuple[float, float]) -> Record:
    """A record that holds these (value, at) samples, written at START."""
    record = Record(path, 3600.0, lambda: START)
    await asyncio.to_thread(record.start)
    record.define(0, METRIC.name, (("n", "1"),))
    for value, at in samples:
        record.append([0], [value], [at])
    await record.commit()
    return record


async def test_windows_are_filled_again(tmp_path: Path) -> None:
    """What was heard before the restart is judged after it without waiting for a whole window."""
    record = await recorded(tmp_path / "r.db", *((2.0, START - age) for age in range(20)))
    store = Store({METRIC.name: METRIC})
    engine = Engine([RULE], [], store)
    assert await asyncio.to_thread(refill, store, record, START + 1, 10.0) == 20
    engine.arm("only", START - 100)
    list(engine.judge(START + 1))
    assert (engine.judges["x"].standing(0).word, int(engine.judges["x"].samples[0])) == ("ok", 20)
    await asyncio.to_thread(record.close)


async def test_a_source_that_died_before_the_restart_goes_stale_after_it(tmp_path: Path) -> None:
    """Nobody claims its series any more; it is UNKNOWN all the same, never OK for ever."""
    record = await recorded(tmp_path / "r.db", *((2.0, START - age) for age in range(20)))
    store = Store({METRIC.name: METRIC})
    engine = Engine([RULE], [], store)
    await asyncio.to_thread(refill, store, record, START + 1, 10.0)
    engine.arm("only", START - 100)
    for second in range(1, 120):
        list(engine.judge(START + second))
    assert engine.judges["x"].standing(0).word == "unknown"
    await asyncio.to_thread(record.close)


async def test_what_was_refused_when_it_came_is_refused_again(tmp_path: Path) -> None:
    """A sample 30 s ahead of its receipt does not turn true because the restart came later."""
    record = await recorded(tmp_path / "r.db", (9.0, START + 30.0), (99.0, START - 1.0), (2.0, START - 1.0))
    store = Store({METRIC.name: METRIC})
    Engine([RULE], [], store)
    assert await asyncio.to_thread(refill, store, record, START + 40, 10.0) == 1
    assert store.table(METRIC.name).latest[0] == 2.0
    await asyncio.to_thread(record.close)
