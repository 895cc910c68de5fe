"""`golive handover` and `golive replay` as a script sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.handover import handover
from monitor.cli.replay import replay
from monitor.serving.past.archive import Archive

NOWHERE = "http://127.0.0.1:1"


def test_without_a_daemon_there_is_no_hand_over(capsys: pytest.CaptureFixture[str]) -> None:
    """Code 1 and a sentence on standard error; nothing on standard output that could be pasted as a hand-over."""
    assert handover(url=NOWHERE) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no hand-over from http://127.0.0.1:1" in said.err
    assert "golive run" in said.err


@pytest.mark.parametrize("hours", [0.0, -1.0, 1e9, float("nan")])
def test_senseless_hours_are_a_usage_error(hours: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 2, before anything is asked."""
    assert handover(hours=hours, url=NOWHERE) == 2
    assert "--hours must be above 0" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["missing", "text", "empty"])
def test_what_cannot_be_played_is_said(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 2, and what to name instead."""
    path = tmp_path / "file"
    if kind == "text":
        path.write_text("a letter")
    elif kind == "empty":
        Archive(path, limit=1 << 20).close()
    assert replay(path) == 2
    assert "next: name the past.db of a state directory" in capsys.readouterr().err


def test_a_time_that_is_none_and_no_terminal_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 2 with how to write a time; without a terminal to draw on, code 2 as well."""
    archive = Archive(tmp_path / "file", limit=1 << 20)
    archive.put(1_795_226_400.0, b"x")
    archive.close()
    assert replay(tmp_path / "file", at="yesterday") == 2
    assert "'yesterday' is no time" in capsys.readouterr().err
    assert replay(tmp_path / "file") == 2
    assert "needs a terminal" in capsys.readouterr().err
