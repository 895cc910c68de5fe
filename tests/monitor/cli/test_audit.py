"""`golive audit` as a script sees it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from monitor.cli.audit import show, verify
from monitor.deciding.journal import Journal


def written(folder: Path) -> tuple[int, str]:
    async def write() -> tuple[int, str]:
        journal = await Journal.open(folder / "journal.db", clock=lambda: 0.0)
        for word in ("begun", "done", "over"):
            journal.append("note", "anna", f"it is {word}", data={"word": word})
        await journal.close()
        return journal.head

    return asyncio.run(write())


def test_a_whole_journal_is_shown_and_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """verify prints the head that can be kept as an anchor; show prints each line, or all of it as JSON."""
    seq, digest = written(tmp_path)
    assert verify(state_dir=tmp_path) == 0
    assert capsys.readouterr().out == f"whole: 3 lines, head {seq}:{digest}\n"
    assert verify(state_dir=tmp_path, anchor=(f"{seq}:{digest}",)) == 0
    capsys.readouterr()
    assert show(state_dir=tmp_path, after=1, limit=1) == 0
    assert capsys.readouterr().out == (
        "Thursday 01 January 1970, UTC\n     2  00:00:00  note                     anna            it is done\n"
    )
    assert show(state_dir=tmp_path, json=True) == 0
    assert [json.loads(line)["data"]["word"] for line in capsys.readouterr().out.splitlines()] == [
        "begun",
        "done",
        "over",
    ]


def test_a_changed_line_is_exit_10_with_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first bad number is named on standard output, what to do on standard error."""
    seq, digest = written(tmp_path)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE journal SET body = replace(body, 'done', 'gone') WHERE seq = 2")
    database.close()
    assert verify(state_dir=tmp_path) == 10
    out = capsys.readouterr()
    assert out.out.startswith("broken at line 2: ")
    assert "Next:" in out.err
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("DELETE FROM journal WHERE seq > 1")
    database.close()
    assert verify(state_dir=tmp_path) == 0
    assert verify(state_dir=tmp_path, anchor=(f"{seq}:{digest}",)) == 10


def test_wrong_calls_are_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No journal is 1, a malformed anchor is 2, a file that is no journal is 10."""
    assert verify(state_dir=tmp_path) == 1
    assert show(state_dir=tmp_path) == 1
    written(tmp_path)
    assert verify(state_dir=tmp_path, anchor=("seven",)) == 2
    (tmp_path / "journal.db").write_bytes(b"not a database at all" * 100)
    assert verify(state_dir=tmp_path) == 10
    assert show(state_dir=tmp_path) == 10
    assert "next:" in capsys.readouterr().err.lower()


def test_a_journal_is_shown_as_a_table_for_spreadsheets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--csv prints a heading and a line each, with what everyone may read; a text that begins a formula is harmless."""

    async def write() -> None:
        journal = await Journal.open(tmp_path / "journal.db", clock=lambda: 0.0)
        journal.append("note", "anna", '=HYPERLINK("http://evil")', data={"secret": "hidden"})
        await journal.close()

    asyncio.run(write())
    assert show(state_dir=tmp_path, csv=True) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading == "t_unix_seconds,clock,kind,who,what,object,state,via,seq,hash"
    assert "'=HYPERLINK" in line
    assert "hidden" not in line
