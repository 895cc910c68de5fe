"""`golive init`: a configuration to start from."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from monitor.cli.init import Strategy, init, starting_point
from monitor.config_file import read


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_what_it_writes_is_valid(strategy: Strategy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each strategy gives a file without a finding, with the stages of that strategy."""
    monkeypatch.chdir(tmp_path)
    assert init(strategy=strategy) == 0
    loaded = read(tmp_path / "golive.yaml")
    assert [str(finding) for finding in loaded.findings] == []
    assert loaded.value is not None
    assert loaded.value.cutover.strategy == strategy
    assert loaded.value.stages[0].name == "legacy"


def test_strategies_differ_in_their_stages() -> None:
    """A phased cutover has a pilot, a big bang has none."""
    assert "name: pilot" in starting_point("phased")
    assert "name: pilot" not in starting_point("big_bang")


def test_it_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is there stays as it is, and the words say so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "golive.yaml").write_text("mine")
    assert init() == 1
    assert (tmp_path / "golive.yaml").read_text() == "mine"
    assert "stays as it is" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason and the next step, no traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "nowhere")
    assert init() == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
