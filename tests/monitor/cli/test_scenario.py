"""`golive scenario`: what it prints and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.scenario import scenario

MISSING = "missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}"
RULE = 'metric: golive_media_mos, estimator: last, window: 10s, operator: "<"'
CONFIG = f"""\
schema: 1
cutover: {{name: retail}}
stages: [{{name: only}}]
collectors:
  - {{name: edge, kind: mqtt, every: 5s, max_age: 15s, broker: {{host: 127.0.0.1}}, subscriptions: [{{topic: a, decode: {{format: native}}}}]}}
people:
  - {{name: anna, role: approver, duties: [manager]}}
rules:
  - {{name: mos_low, {RULE}, breach: 3.6, {MISSING}}}
  - {{name: mos_bad, {RULE}, breach: 2, {MISSING}}}
  - {{name: mos_other, {RULE.replace("mos", "r_factor")}, breach: 50, {MISSING}}}
gates:
  - {{name: voice, rules: [mos_low]}}
  - {{name: others, rules: [mos_bad], required: false}}
"""
SCRIPT = """\
scenario one
source edge
    golive_media_mos  4.2x3 3.1x3
at 30s rule mos_low is breach
at 51s rule mos_low is breach flags stale
scenario two
source edge
    golive_media_mos  4.2x3
at 10s verdict GO
"""


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """The journal of a scenario is written in its loop, on purpose."""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "golive.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "night.scenario"
    path.write_text(SCRIPT)
    return path


def test_all_as_written_is_one_line_and_zero(script: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A scenario without a configuration plays in that of --rules, with its collectors' greatest ages."""
    assert scenario(script, rules=rules) == 0
    assert capsys.readouterr().out == "2 scenarios, 3 sentences: all as written\n"


def test_what_is_not_as_written_is_file_line_and_sentence(
    script: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and the line that a reader can jump to."""
    script.write_text(SCRIPT.replace("verdict GO", "verdict NO-GO"))
    assert scenario(script, rules=rules) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{script}:9: the verdict should be NO-GO at 10s: it is GO (all 1 required gates are good)")
    assert last == "2 scenarios, 3 sentences: 1 not as written"


def test_a_malformed_script_is_told_with_line_and_column_and_the_others_are_played(
    script: Path, rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2; one bad file hides no other."""
    broken = tmp_path / "broken.scenario"
    broken.write_text("scenario x\nat 1s verdikt GO\n")
    assert scenario(broken, script, rules=rules) == 2
    first, last = capsys.readouterr().out.splitlines()
    what = "expected an expectation, or a person and what they do, found 'verdikt'; did you mean verdict?"
    assert first == f"{broken}:2:7: {what}"
    assert last == "2 scenarios, 3 sentences: all as written"


@pytest.mark.parametrize("name", ["missing.scenario", "."])
def test_a_file_that_cannot_be_read_is_malformed(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Never a traceback for a path."""
    assert scenario(tmp_path / name) == 2
    assert str(tmp_path) in capsys.readouterr().out


def test_an_invalid_configuration_ends_before_anything_is_played(
    script: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, with the findings of `golive check`."""
    rules.write_text(CONFIG.replace("breach: 50", "breach: 500"))
    assert scenario(script, rules=rules) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "rules[2].breach: 500 is a limit that golive_media_r_factor can never pass" in captured.err


def test_coverage_lists_what_was_never_put_to_the_test(
    script: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over all scenarios that play in one configuration."""
    assert scenario(script, rules=rules, coverage=True) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [
        f"{rules}: rule mos_bad never left OK",
        f"{rules}: rule mos_other was never measured",
        f"{rules}: 1 of 3 rules were in BREACH, 0 of 0 triggers had an edge, 2 of 2 gates changed",
    ]


def test_coverage_of_scenarios_with_a_configuration_of_their_own_is_told_by_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Triggers without an edge and gates that never changed are listed too."""
    path = tmp_path / "own.scenario"
    path.write_text(
        f"""\
config
    people: [{{name: anna, role: approver, duties: [manager]}}]
    rules:
      - {{name: mos_low, {RULE}, breach: 3.6, {MISSING}}}
    gates: [{{name: smoke, signed_by: manager}}]
    triggers:
      - {{name: back, when: mos_low, runbook: b, cooldown: 1m, approval: {{duties: [manager], quorum: 1}}}}
scenario one
every 5s
    golive_media_mos 4.2x9
at 10s rule mos_low is ok
"""
    )
    assert scenario(path, coverage=True) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [
        f"{path}: rule mos_low never left OK",
        f"{path}: trigger back never had an edge",
        f"{path}: gate smoke was never anything but unsigned",
        f"{path}: 0 of 1 rules were in BREACH, 0 of 1 triggers had an edge, 0 of 1 gates changed",
    ]
