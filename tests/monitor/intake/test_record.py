"""Samples on disk: written before they are acknowledged, read back whole, and never a reason to die."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.intake.blocks import Columns, pack, unpack
from monitor.intake.record import Record, RecordError

_LABELS = (("platform", "target"), ("site", "porto"))


async def _opened(path: Path, keep: float = 3600.0, clock=lambda: 1_000_000.0) -> Record:
    record = Record(path, keep, clock)
    await asyncio.to_thread(record.start)
    return record


def _rows(record: Record, since: float = 0.0, until: float = 1e12) -> list[tuple[str, float, float]]:
    return [
        (series[int(number)][0], float(value), float(at))
        for series, columns, _ in record.read(since, until)
        for number, value, at in zip(*columns, strict=True)
    ]


async def test_committed_samples_are_read_back(tmp_path):
    """What a commit returned for is in the file, under the names it was defined with, after a reopening too."""
    record = await _opened(tmp_path / "record.sqlite")
    record.define(7, "golive_media_mos", _LABELS)
    record.define(3, "golive_calls_concurrent", ())
    record.append([7, 3, -1, 7], [4.2, 12.0, 1.0, float("nan")], [100.0, 101.0, 102.0, 103.0])
    await record.commit()
    assert await asyncio.to_thread(_rows, record) == [
        ("golive_media_mos", 4.2, 100.0),
        ("golive_calls_concurrent", 12.0, 101.0),
    ]
    await asyncio.to_thread(record.close)
    again = await _opened(tmp_path / "record.sqlite")
    again.define(0, "golive_calls_concurrent", ())
    again.append([0], [13.0], [104.0])
    await again.commit()
    rows = await asyncio.to_thread(_rows, again, 101.0)
    assert rows == [("golive_calls_concurrent", 12.0, 101.0), ("golive_calls_concurrent", 13.0, 104.0)]
    [(series, _, _), *_] = await asyncio.to_thread(lambda: list(again.read(0, 1e12)))
    assert series[1] == ("golive_media_mos", _LABELS)
    await asyncio.to_thread(again.close)


async def test_emits_share_a_commit(tmp_path):
    """Fifty commits asked for at once are one block on disk."""
    record = await _opened(tmp_path / "record.sqlite")
    record.define(0, "golive_calls_concurrent", ())

    async def one(number: int) -> None:
        record.append([0], [float(number)], [float(number)])
        await record.commit()

    await asyncio.gather(*map(one, range(50)))
    await asyncio.to_thread(record.close)
    with sqlite3.connect(tmp_path / "record.sqlite") as database:
        [(blocks,)] = database.execute("SELECT count(*) FROM block")
    database.close()
    assert blocks <= 2
    assert len(await asyncio.to_thread(_rows, record)) == 50


async def test_old_seconds_are_deleted(tmp_path):
    """What is older than it must be kept goes, what is younger stays."""
    now = [1000.0]
    record = await _opened(tmp_path / "record.sqlite", 60.0, lambda: now[0])
    record.define(0, "golive_calls_concurrent", ())
    record.append([0], [1.0], [1000.0])
    await record.commit()
    now[0] = 1100.0
    record.append([0], [2.0], [1100.0])
    await record.commit()
    await asyncio.to_thread(record.close)
    assert await asyncio.to_thread(_rows, record) == [("golive_calls_concurrent", 2.0, 1100.0)]


async def test_broken_file_is_moved_aside(tmp_path):
    """A file that is no database is kept under another name, said, and a new one begun."""
    path = tmp_path / "record.sqlite"
    path.write_bytes(b"this is not a database " * 400)
    record = await _opened(path)
    record.define(0, "golive_calls_concurrent", ())
    record.append([0], [1.0], [5.0])
    await record.commit()
    await asyncio.to_thread(record.close)
    assert "was broken" in record.report
    assert [found.read_bytes()[:4] for found in tmp_path.glob("*.broken-*")] == [b"this"]
    assert len(await asyncio.to_thread(_rows, record)) == 1


async def test_damaged_block_is_passed_over(tmp_path):
    """One bad block costs its own samples and is counted; the others are read."""
    record = await _opened(tmp_path / "record.sqlite")
    record.define(0, "golive_calls_concurrent", ())
    for at in (1.0, 2.0):
        record.append([0], [at], [at])
        await record.commit()
    await asyncio.to_thread(record.close)
    with sqlite3.connect(tmp_path / "record.sqlite") as database:
        database.execute("UPDATE block SET samples = x'00ff' WHERE id = 1")
    database.close()
    assert await asyncio.to_thread(_rows, record) == [("golive_calls_concurrent", 2.0, 2.0)]
    assert record.skipped == 1


async def test_failed_write_is_no_receipt_and_is_made_good(tmp_path):
    """While samples cannot be written every commit says so; once they can, all of them are written, those of before too.

    A message whose commit failed is not acknowledged and comes again, but is then known as a repeat: what it
    held must reach the disk without it.
    """
    path = tmp_path / "record.sqlite"
    record = await _opened(path)
    record.define(0, "golive_calls_concurrent", ())
    record.append([0], [1.0], [1.0])
    await record.commit()
    with sqlite3.connect(path) as blocker:
        blocker.execute("ALTER TABLE block RENAME TO elsewhere")
    record.append([0], [2.0], [2.0])
    with pytest.raises(RecordError, match="could not be written"):
        await record.commit()
    record.append([0], [3.0], [3.0])
    with pytest.raises(RecordError, match="could not be written"):
        await record.commit()
    with sqlite3.connect(path) as blocker:
        blocker.execute("ALTER TABLE elsewhere RENAME TO block")
    blocker.close()
    record.append([0], [4.0], [4.0])
    await record.commit()
    assert [value for _, value, _ in await asyncio.to_thread(_rows, record)] == [1.0, 2.0, 3.0, 4.0]
    await asyncio.to_thread(record.close)


async def test_closing_on_a_dead_disk_ends(tmp_path):
    """What cannot be written does not keep the daemon from stopping."""
    path = tmp_path / "record.sqlite"
    record = await _opened(path)
    record.define(0, "golive_calls_concurrent", ())
    with sqlite3.connect(path) as blocker:
        blocker.execute("DROP TABLE block")
    blocker.close()
    record.append([0], [2.0], [2.0])
    async with asyncio.timeout(5):
        await asyncio.to_thread(record.close)


def test_full_disk_is_said_and_heals(tmp_path):
    """On a disk without room commits fail with what to do; with room again they succeed; all in one process."""
    script = f"""
        import asyncio, resource, signal
        from pathlib import Path
        from monitor.intake.record import Record, RecordError

        async def main():
            record = Record(Path({str(tmp_path / "record.sqlite")!r}), 1e9)
            record.start()
            record.define(0, "golive_calls_concurrent", ())
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
            failed = kept = 0
            for number in range(100):
                record.append([0] * 200, [number + part * 0.37 for part in range(200)], [float(number)] * 200)
                try:
                    await record.commit()
                    kept += 1
                except RecordError as error:
                    failed += 1
                    assert "free space" in str(error)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            record.close()
            print(failed, kept, len({{at for _, columns, _ in record.read(0, 1e9) for at in columns.times}}))

        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=30, capture_output=True, text=True
    )
    failed, kept, found = map(int, done.stdout.split())
    assert failed >= 1
    assert found >= kept >= 90


async def test_folder_that_cannot_be_made_is_said(tmp_path):
    """A path below a file is refused with what to check."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RecordError, match="check the folder"):
        await _opened(tmp_path / "file" / "record.sqlite")


async def test_closed_record_gives_no_receipt(tmp_path):
    """After close nothing can be acknowledged."""
    record = await _opened(tmp_path / "record.sqlite")
    await asyncio.to_thread(record.close)
    with pytest.raises(RecordError, match="not open"):
        await record.commit()


def test_committed_samples_outlive_kill_nine(tmp_path):
    """A process killed right after its commits returned leaves every one of their samples behind."""
    path = tmp_path / "record.sqlite"
    script = f"""
        import asyncio, os, signal
        from pathlib import Path
        from monitor.intake.record import Record

        async def main():
            record = Record(Path({str(path)!r}), 1e9)
            record.start()
            record.define(0, "golive_calls_concurrent", ())
            for number in range(20):
                record.append([0], [float(number)], [float(number)])
                await record.commit()
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=30)
    assert done.returncode == -9
    assert [value for _, value, _ in _rows(Record(path, 1e9))] == [float(number) for number in range(20)]


_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), _NUMBERS, _NUMBERS), max_size=50))
def test_blocks_keep_every_bit(rows):
    """Packing and unpacking give the same columns, to the bit."""
    series, values, times = zip(*rows, strict=True) if rows else ((), (), ())
    columns = Columns(np.array(series, np.int64), np.array(values, np.float64), np.array(times, np.float64))
    back = unpack(pack(columns))
    assert all(np.array_equal(one, other) for one, other in zip(columns, back, strict=True))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_block_or_refused(raw):
    """Bytes that are no block raise ValueError and nothing else."""
    with contextlib.suppress(ValueError):
        unpack(raw)


async def test_sequences_are_on_disk_with_the_samples_they_count_and_not_before(tmp_path):
    """A number that is on disk without its sample would call the redelivery a repeat: they come in one commit, and are there after a reopening."""
    record = await _opened(tmp_path / "record.sqlite")
    record.define(0, "golive_media_mos", _LABELS)
    record.append([0], [4.0], [100.0])
    await record.commit()
    record.numbered("edge", {"a": b"one", "b": b"two"})
    for _ in range(5):
        await asyncio.sleep(0.03)
        assert await asyncio.to_thread(record.sequences) == {}
    record.append([0], [4.1], [101.0])
    await record.commit()
    assert await asyncio.to_thread(record.sequences) == {"edge": {"a": b"one", "b": b"two"}}
    record.numbered("edge", {"a": b"three"})
    await record.commit()
    await asyncio.to_thread(record.close)
    again = await _opened(tmp_path / "record.sqlite")
    assert await asyncio.to_thread(again.sequences) == {"edge": {"a": b"three", "b": b"two"}}
    await asyncio.to_thread(again.close)


async def test_a_commit_that_failed_takes_its_sequences_along_to_the_next(tmp_path, monkeypatch):
    """Samples and numbers that could not be written are written together once the disk has room."""
    record = await _opened(tmp_path / "record.sqlite")
    record.define(0, "golive_media_mos", _LABELS)
    monkeypatch.setenv("GOLIVE_FAILPOINTS", "store.before_commit=enospc")
    record.numbered("edge", {"a": b"one"})
    record.append([0], [4.0], [100.0])
    with pytest.raises(RecordError, match="free space"):
        await record.commit()
    assert await asyncio.to_thread(record.sequences) == {}
    monkeypatch.delenv("GOLIVE_FAILPOINTS")
    await record.commit()
    assert await asyncio.to_thread(record.sequences) == {"edge": {"a": b"one"}}
    assert await asyncio.to_thread(_rows, record) == [("golive_media_mos", 4.0, 100.0)]
    await asyncio.to_thread(record.close)


async def test_sequences_of_sources_that_are_gone_are_forgotten(tmp_path):
    """A source that was silent for longer than samples are kept leaves nothing behind."""
    now = [1_000_000.0]
    record = await _opened(tmp_path / "record.sqlite", 60.0, lambda: now[0])
    record.numbered("edge", {"gone": b"x"})
    await record.commit()
    now[0] += 100.0
    record.numbered("edge", {"here": b"y"})
    await record.commit()
    async with asyncio.timeout(10):
        while await asyncio.to_thread(record.sequences) != {"edge": {"here": b"y"}}:
            await asyncio.sleep(0.05)
    await asyncio.to_thread(record.close)
