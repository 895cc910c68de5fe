"""`golive rules export`: what goes to standard output and standard error, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from monitor.cli.rules import export

CONFIG = Path(__file__).parents[1] / "export" / "every_kind.yaml"


def test_rules_go_to_output_and_what_they_do_not_say_to_error(capsys: pytest.CaptureFixture[str]) -> None:
    """So that the file can be redirected and the list still be read; the last line counts."""
    assert export(CONFIG, format="prometheus") == 0
    captured = capsys.readouterr()
    groups = yaml.safe_load(captured.out)["groups"]
    assert captured.out.startswith("# Written by `golive rules export --format prometheus`")
    *lines, counted = captured.err.splitlines()
    assert (
        "failing_surely: left out: wilson: the bounds of a confidence interval are judged, and PromQL has none" in lines
    )
    left_out = sum(": left out: " in line for line in lines)
    assert counted == (
        f"prometheus: {len(groups)} rules written, {left_out} left out, "
        f"{len(lines) - left_out} meanings not carried over"
    )


def test_the_interval_is_that_of_every_group(capsys: pytest.CaptureFixture[str]) -> None:
    """Spans that it can see twice are no longer listed."""
    assert export(CONFIG, format="prometheus", interval="5s") == 0
    captured = capsys.readouterr()
    assert {group["interval"] for group in yaml.safe_load(captured.out)["groups"]} == {"5s"}
    assert "--interval" not in captured.err


@pytest.mark.parametrize("interval", ["5", "0s", "soon"])
def test_an_interval_that_is_none_is_refused(interval: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and no output that could be taken for a rule file."""
    assert export(CONFIG, format="prometheus", interval=interval) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: --interval: ")


def test_an_invalid_configuration_exports_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, every problem by file and line."""
    path = tmp_path / "golive.yaml"
    path.write_text(CONFIG.read_text(encoding="utf-8").replace("estimator: rate", "estimator: speed"), encoding="utf-8")
    assert export(path, format="prometheus") == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{path}:" in captured.err
    assert captured.err.splitlines()[-1] == f"error: {path} is invalid, nothing was exported; next: mend it"
