"""What the reference page shows is what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.cli.history import import_

PAGE = (Path(__file__).parents[3] / "monitor" / "history" / "README.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_page_can_be_used_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its configuration is valid, and its report is read by the very command that it shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("monitor.cli.history.time.time", lambda: 1_795_900_000.0)
    Path("golive.yaml").write_text("schema: 1\nstages: [{name: only}]\n" + block("yaml"))
    Path("pbx.csv").write_text(block("csv"))
    command = "golive history import pbx.csv --rule queue_wait --interval 30m"
    assert command in PAGE
    assert import_(Path("pbx.csv"), rule="queue_wait", interval="30m") == 0, capsys.readouterr()
    assert "3 rows, 4 quarter hours; 1 rows below min_count left out" in capsys.readouterr().out
