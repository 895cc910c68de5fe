"""The inlet: staged in columns, counted by collector, judged only between ticks."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.intake.intake import BATCH, Intake
from monitor.judging.store import Store
from monitor.model import Kind, Metric

START = 1_795_294_500.0
METRIC = Metric(name="golive_x_seconds", kind=Kind.GAUGE, unit="seconds", help="X.", high=10.0)


def intake() -> Intake:
    """An intake over an empty store."""
    return Intake(Store({METRIC.name: METRIC}))


def test_nothing_enters_the_store_while_a_tick_judges() -> None:
    """What arrives during a tick is staged, so that judgement sees one instant."""
    made = intake()
    door = made.door("a", 10.0)
    handle = door.series(METRIC.name, ())
    made.frozen = True
    door.emit([handle] * BATCH, [1.0] * BATCH, [START] * BATCH, START)
    assert made.store.table(METRIC.name).latest_at[0] < 0
    made.frozen = False
    made.flush()
    assert made.store.table(METRIC.name).latest_at[0] == START
    assert door.samples == BATCH


def test_a_full_batch_does_not_wait_for_the_tick() -> None:
    """A burst between two ticks is put away in batches."""
    made = intake()
    door = made.door("a", 10.0)
    handle = door.series(METRIC.name, ())
    door.emit([handle] * BATCH, [1.0] * BATCH, [START] * BATCH, START)
    assert door.samples == BATCH


def test_each_collector_owns_its_counts() -> None:
    """A refused sample, a refused message and a refused series are counted where they came from."""
    made = intake()
    good, bad = made.door("good", 10.0), made.door("bad", 10.0)
    handle, wrong = good.series(METRIC.name, ()), bad.series("golive_nothing", ())
    assert wrong == -1
    good.emit([handle], [1.0], [START], START)
    bad.emit([wrong, bad.series(METRIC.name, ())], [1.0, 99.0], [START, START], START)
    bad.refuse("malformed", b"\x1b]0;x\x07{", START)
    bad.refuse("foreign", b"one of a flood", START, count=1000)
    made.flush()
    assert (good.samples, dict(good.refused)) == (1, {})
    assert (bad.samples, dict(bad.refused)) == (
        0,
        {"unknown_metric": 1, "out_of_range": 1, "malformed": 1, "foreign": 1000},
    )
    assert bad.last_refused == "foreign: one of a flood"


def test_an_answer_without_a_number_waits_for_the_tick_and_keeps_the_time_of_its_arrival() -> None:
    """A null is staged like a sample, and one from the year 9999 is refused: it could never be outlived by a number."""
    made = intake()
    door = made.door("a", 10.0)
    handle = door.series(METRIC.name, ())
    table = made.store.table(METRIC.name)
    door.blank(handle, "null", 253_402_300_799.0, START)
    door.blank(handle, "null", START + 2.0, START)
    assert table.blank_at[0] < 0
    made.flush()
    assert table.blank_at[0] == START
    assert dict(door.refused) == {"future": 1}


def test_the_owners_of_a_series_are_known() -> None:
    """A series that two collectors feed rests on both, and is as fresh as the stricter one says."""
    made = intake()
    made.door("a", 10.0).series(METRIC.name, ())
    made.door("b", 4.0).series(METRIC.name, ())
    table = made.store.table(METRIC.name)
    assert int(table.owners[0]) == 0b11
    assert table.stale_after[0] == 4.0


def test_the_rate_is_over_the_last_ten_whole_seconds() -> None:
    """Messages a second, without the second that is still running."""
    door = intake().door("a", 10.0)
    for second in range(20):
        door.heard(50, START + second + 0.5)
    assert door.rate(START + 20) == 50.0
    assert door.rate(START + 25) == 25.0
    assert door.rate(START + 60) == 0.0


async def test_commit_waits_for_the_disk_only_where_recording_is_on() -> None:
    """Without a record the store is enough; with one, every sample was handed to it first."""
    made = intake()
    door = made.door("a", 10.0)
    await door.commit()

    class Disk:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def define(self, handle: int, metric: str, labels: object) -> None:
            self.seen.append(f"define {handle} {metric} {labels}")

        def append(self, handles: object, values: object, times: object) -> None:
            self.seen.append(f"append {handles} {values} {times}")

        def numbered(self, shared: str, states: Mapping[str, bytes]) -> None:
            self.seen.append(f"numbered {shared} {[*states]}")

        async def commit(self) -> None:
            self.seen.append("commit")

    made.record = disk = Disk()
    handle = door.series(METRIC.name, ())
    door.emit([handle], [1.0], [START], START)
    await door.commit()
    assert disk.seen == ["define 0 golive_x_seconds ()", f"append [0] [1.0] [{START}]", "commit"]
