"""The one who keeps the past: each ten seconds, at each notable moment, and never at the cost of the present."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from monitor.serving.past.archive import ArchiveError, Reading
from monitor.serving.past.keeper import PENDING_MARKS, READERS, Busy, Keeper
from monitor.serving.past.moments import opened
from monitor.serving.past.settings import PastConfig
from monitor.serving.snapshot import EventRow, Snapshot
from tests.monitor.serving.boards import NOW, board
from tests.rig.disk import small_disk

BOARD = board()


class World:
    """A wall clock that runs with the event loop's, and a tick each quarter of a second."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.verdict = "GO"

    def clock(self) -> float:
        """Unix seconds."""
        return NOW + self._loop.time()

    def look(self) -> Snapshot:
        """The newest tick's snapshot."""
        at = self.clock() // 0.25 * 0.25
        verdict = msgspec.structs.replace(BOARD.verdict, verdict=self.verdict)
        return msgspec.structs.replace(BOARD, at=at, verdict=verdict)


def line(seq: int, at: float, kind: str = "verdict", what: str = "verdict GO → NO-GO") -> EventRow:
    """A line of the journal."""
    return EventRow(seq=seq, at=at, kind=kind, who="engine", what=what, object="loss", state="NO-GO")


def keeper(path: Path, world: World, **more: object) -> Keeper:
    """A keeper of this world; `more` overrides."""
    given = {"config": PastConfig(), "floor": 0, **more}
    return Keeper(path=path / "past.db", look=world.look, clock=world.clock, **given)  # type: ignore[arg-type] # as above


async def running(past: Keeper, seconds: float) -> None:
    """Run for so long, then end as the daemon does."""
    task = asyncio.create_task(past.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def kept(path: Path) -> list[float]:
    """Instants of the record."""
    reading = Reading.of(path / "past.db")
    found, times = reading.find(0.0), []
    while found is not None:
        times.append(found.at)
        found = reading.find(found.after) if found.after is not None else None
    reading.close()
    return times


def names(path: Path) -> list[str]:
    """Files of a state folder, without those that SQLite keeps beside its own."""
    return sorted(file.name for file in path.iterdir() if not file.name.endswith(("-wal", "-shm")))


async def settled(condition: Callable[[], object]) -> None:
    """Wait for something that a thread does."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.looptime
async def test_a_moment_is_kept_each_ten_seconds_of_the_wall_clock(tmp_path: Path) -> None:
    """A quiet hour leaves a moment at each full ten seconds, and asks for the board no more often than that."""
    world = World()
    past = keeper(tmp_path, world)
    await running(past, 3600.0)
    times = await asyncio.to_thread(kept, tmp_path)
    assert 358 <= len(times) <= 361
    assert all(at % 10 < 0.25 or at % 10 >= 9.75 for at in times)
    assert past.written == len(times)
    assert past.unwritten == 0


@pytest.mark.looptime
async def test_a_notable_moment_is_kept_with_what_it_changed(tmp_path: Path) -> None:
    """A verdict that turns between two full ten seconds can be jumped to, and the board there shows the new verdict."""
    world = World()
    past = keeper(tmp_path, world)
    task = asyncio.create_task(past.run())
    await asyncio.sleep(23.0)
    world.verdict = "NO-GO"
    turned = world.clock()
    past.note([line(5, turned), line(6, turned, "transition")])
    await asyncio.sleep(2.0)
    marks = (await past.marks()).marks
    assert [(mark.seq, mark.kind) for mark in marks] == [(5, "verdict")]
    assert marks[0].shown_at is not None
    assert turned <= marks[0].shown_at < turned + 2
    found = await past.find(marks[0].shown_at)
    assert found is not None
    assert opened(found).snapshot.verdict.verdict == "NO-GO"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.looptime
async def test_however_much_happens_there_is_at_most_a_moment_a_second(tmp_path: Path) -> None:
    """A verdict that flaps with each tick cannot fill the record."""
    world = World()
    past = keeper(tmp_path, world)
    task = asyncio.create_task(past.run())
    for number in range(240):
        past.note([line(number + 1, world.clock())])
        await asyncio.sleep(0.25)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 30 <= len(await asyncio.to_thread(kept, tmp_path)) <= 61


@pytest.mark.looptime
async def test_marks_that_a_crash_kept_from_the_disk_are_marked_at_the_next_start(tmp_path: Path) -> None:
    """What the journal has and the record does not is marked, once; a journal that begins anew is marked from its start."""
    world = World()
    await running(keeper(tmp_path, world, earlier=lambda: [line(3, NOW), line(4, NOW + 2)]), 12.0)
    lines = [line(4, NOW + 2), line(5, NOW + 3), line(6, NOW + 3, "notify")]
    await running(keeper(tmp_path, world, earlier=lambda: lines), 12.0)
    await running(keeper(tmp_path, world, earlier=lambda: [line(1, NOW + 40)]), 25.0)
    database = sqlite3.connect(tmp_path / "past.db")
    assert database.execute("SELECT seq FROM mark ORDER BY at, seq").fetchall() == [(4,), (5,), (1,)]
    database.close()


@pytest.mark.looptime
async def test_a_disk_that_fails_costs_moments_and_is_said_once(tmp_path: Path, caplog) -> None:
    """Without the state folder nothing is raised; moments are counted, marks wait, and writing goes on by itself."""
    world = World()
    folder = tmp_path / "state"
    past = keeper(folder, world)
    task = asyncio.create_task(past.run())
    past.note([line(1, world.clock())])
    await asyncio.sleep(35.0)
    assert past.unwritten >= 3
    assert past.trouble
    assert sum("Judging goes on" in record.message for record in caplog.records) == 1
    folder.mkdir()
    await asyncio.sleep(12.0)
    assert past.trouble == ""
    assert past.written >= 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.looptime
async def test_the_last_free_space_is_left_to_the_journal(tmp_path: Path) -> None:
    """On a disk with less free space than the floor no moment is written, and the reason names the journal."""
    past = keeper(tmp_path, World(), floor=1 << 60)
    await running(past, 21.0)
    assert past.written == 0
    assert past.unwritten >= 2
    assert "left to the journal" in past.trouble


async def test_a_full_disk_is_survived_and_space_is_noticed(tmp_path: Path) -> None:
    """On a real disk without a byte left moments are lost and counted; once there is space the next one is written."""
    folder = tmp_path / "state"
    folder.mkdir()
    with small_disk(folder, 8 << 20) as disk:
        if disk is None:
            sys.stderr.write("NOT RUN: a tmpfs cannot be mounted here: CAP_SYS_ADMIN is missing\n")
            pytest.skip("a tmpfs cannot be mounted here: CAP_SYS_ADMIN is missing")
        past = keeper(folder, World())
        task = asyncio.create_task(past.run())
        past.note([line(1, NOW)])
        await settled(lambda: past.written)
        disk.fill()
        past.note([line(2, NOW + 1)])
        await settled(lambda: past.unwritten)
        assert "disk is full" in past.trouble
        assert (await past.find(NOW + 1e6)) is not None, "what is there can still be looked at"
        disk.free()
        past.note([line(3, NOW + 2)])
        await settled(lambda: past.written == 2)
        assert past.trouble == ""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(await asyncio.to_thread(kept, folder)) == 2


@pytest.mark.looptime
async def test_a_file_that_breaks_under_the_daemon_is_replaced(tmp_path: Path) -> None:
    """Damage costs what was recorded, is said, and the next moment begins a new record."""
    world = World()
    past = keeper(tmp_path, world)
    task = asyncio.create_task(past.run())
    await asyncio.sleep(11.0)
    assert past._archive is not None
    archive = past._archive

    def broken() -> None:
        archive._database.execute("DROP TABLE moment")
        archive._database.commit()

    await past._in_thread(broken)
    await asyncio.sleep(25.0)
    assert "was broken" in (await past.marks()).trouble
    assert len(names(tmp_path)) == 2
    assert past.written >= 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.looptime
async def test_marks_that_wait_are_bounded_and_counted(tmp_path: Path) -> None:
    """A disk that never answers cannot make the daemon grow."""
    past = keeper(tmp_path, World())
    past.note([line(number, NOW) for number in range(PENDING_MARKS + 5)])
    assert past.marks_lost == 5


async def test_too_many_questions_at_once_are_refused_and_counted(tmp_path: Path) -> None:
    """Ten thousand readers cannot queue up in front of the writer's thread."""
    past = keeper(tmp_path, World())
    asked = [asyncio.ensure_future(past.find(NOW)) for _ in range(READERS + 3)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Busy) for answer in answers) == 3
    assert past.refused == 3
    await past.close()


@pytest.mark.looptime
async def test_a_record_that_is_off_writes_nothing_and_says_so(tmp_path: Path) -> None:
    """`past: {megabytes: 0}` leaves no file, and a question names the key."""
    past = keeper(tmp_path, World(), config=PastConfig(megabytes=0))
    past.note([line(1, NOW)])
    await running(past, 30.0)
    assert names(tmp_path) == []
    with pytest.raises(ArchiveError, match=r"past\.megabytes is 0"):
        await past.find(NOW)


def test_a_senseless_bound_is_refused_in_words() -> None:
    """The configuration says what it cannot do."""
    with pytest.raises(ValueError, match="megabytes must be from 0"):
        PastConfig(megabytes=-1)
    with pytest.raises(ValueError, match="longer than a year"):
        PastConfig(dense_for=1e9)
