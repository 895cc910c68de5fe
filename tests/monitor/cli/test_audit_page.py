"""How the journal reads at three in the morning: who did what when, why, and nothing that was not asked for."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.audit import show, verify
from monitor.cli.audit_page import Wanted, page
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.instants import moment

NOW = 1_795_227_249.0
"""2026-11-21 02:14:09 UTC."""


def entry(seq: int, at: float = NOW, **fields: object) -> Entry:
    """One line of a night."""
    plain = {
        "kind": "step",
        "who": "golive",
        "via": "",
        "what": "step 1/2 numbers: 200 in 0.1 s",
        "object": "run-d1/numbers",
        "state": "done",
        "data": {},
    }
    return Entry(**{**plain, "seq": seq, "at": at, "mono": 1.0, "public": True, "hash": "0" * 64, **fields})  # type: ignore[arg-type]


def test_a_night_reads_from_top_to_bottom() -> None:
    """The day once, then times, who with their way in, what; long sentences hang under their beginning; why stands below."""
    asked = {"reason": "loss is true", "state": "awaiting", "votes": []}
    night = [
        entry(9, NOW - 86400, kind="decision", who="golive", what="loss asks for back", state="awaiting", data=asked),
        entry(10, kind="decision", who="anna", via="terminal", what="approved by anna (1 of 2)", state="awaiting"),
        entry(11, what="word " * 20),
    ]
    assert list(page(night, 110)) == [
        "Friday 20 November 2026, UTC",
        "     9  02:14:09  decision    awaiting     golive          loss asks for back",
        "                                                           because: loss is true",
        "Saturday 21 November 2026, UTC",
        "    10  02:14:09  decision    awaiting     anna (terminal)  approved by anna (1 of 2)",
        "    11  02:14:09  step        done         golive          word word word word word word word word word word",
        "                                                           word word word word word word word word word word",
    ]
    assert len(list(page(night, None))) == 6, "a pipe gets one line each"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [1, 2, 3, 4, 5]),
        (Wanted(run="run-d1"), [1, 2, 3]),
        (Wanted(decision="d1"), [1, 2, 3]),
        (Wanted(kinds=("step", "note")), [3, 4, 5]),
        (Wanted(who="anna"), [5]),
        (Wanted(since=NOW + 3), [3, 4, 5]),
        (Wanted(until=NOW + 2), [1, 2]),
        (Wanted(run="run-d2", kinds=("step",)), [4]),
    ],
)
def test_only_what_is_asked_for(wanted: Wanted, found: list[int]) -> None:
    """A run brings its steps and its decision; a decision brings its run; filters add up."""
    night = [
        entry(1, NOW + 1, kind="decision", object="d1", data={"run": "run-d1"}),
        entry(2, NOW + 2, kind="run", object="run-d1", data={"decision": "d1"}),
        entry(3, NOW + 3),
        entry(4, NOW + 4, object="run-d2/numbers"),
        entry(5, NOW + 5, kind="note", object="", who="anna"),
    ]
    assert [line.seq for line in night if wanted.holds(line)] == found


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15m", NOW - 900),
        ("02:14", NOW - 9),
        ("02:15", NOW - 9 + 60 - 86400),
        ("2026-11-21 02:14:09", NOW),
        ("2026-11-21T03:14:09+01:00", NOW),
    ],
)
def test_times_as_people_say_them(text: str, seconds: float) -> None:
    """Ago, a time of day (the last one), a date; in UTC unless said otherwise."""
    assert moment(text, NOW) == seconds


@given(st.text(max_size=30))
def test_a_time_is_a_time_or_a_sentence(text: str) -> None:
    """Anything else is refused in words, never a traceback of another kind."""
    refusal = ""
    try:
        found = moment(text, NOW)
    except ValueError as error:
        refusal, found = str(error), 0.0
    assert isinstance(found, float)
    assert not refusal or "is no time: write" in refusal


def test_a_copied_file_is_read_and_proved_where_it_lies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--file takes a copy, also in a folder that cannot be written; nothing is left beside it; the newest lines come first."""

    async def write() -> None:
        journal = await Journal.open(tmp_path / "journal.db", clock=lambda: NOW)
        for number in range(30):
            await journal.append("note", "anna", f"note {number}")
        await asyncio.to_thread(shutil.copyfile, tmp_path / "journal.db", tmp_path / "copy.db")
        await asyncio.to_thread(shutil.copyfile, tmp_path / "journal.db-wal", tmp_path / "copy.db-wal")
        await journal.close()

    asyncio.run(write())
    away = tmp_path / "away"
    away.mkdir()
    for suffix in ("", "-wal"):
        shutil.move(tmp_path / f"copy.db{suffix}", away / f"journal.db{suffix}")
    away.chmod(0o500)
    assert verify(file=away / "journal.db") == 0
    assert "whole: 30 lines" in capsys.readouterr().out
    assert show(file=away / "journal.db", last=2) == 0
    out = capsys.readouterr()
    assert [line.split()[-1] for line in out.out.splitlines()[1:]] == ["28", "29"]
    assert "28 more lines are not shown; next: --last 30" in out.err
    assert show(file=away / "journal.db", who="anna", last=1, json=True) == 0
    assert json.loads(capsys.readouterr().out)["what"] == "note 29"
    assert show(file=away / "journal.db", since="yesterday") == 2
    away.chmod(0o700)
