"""`golive check`: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli.check import check
from monitor.cli.init import starting_point
from tests.monitor.config_base import BASE

ALONE = BASE[: BASE.index("triggers:")] + BASE[BASE.index("notify:") :]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "golive.yaml"
    path.write_text(ALONE)
    return path


def test_a_valid_configuration_is_told_in_sentences(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and for each rule a sentence with its limits, its hold and what nothing means."""
    assert check(path) == 0
    mos, jitter, pages, end = capsys.readouterr().out.splitlines()
    assert mos == (
        "mos: the median of golive_media_mos (platform=target) for each site over 5m breaches below 3.60 "
        "in 3 of 5 buckets of 1m, held for 1m; warns below 4.00, and is good again at or above 3.80. "
        "When the source found nothing it keeps its level, when it cannot compute it is INSUFFICIENT, "
        "when it cannot be asked it is UNKNOWN, when its samples are old it is UNKNOWN."
    )
    assert jitter.startswith(
        "jitter: the 95th percentile of golive_media_jitter_seconds over 5m breaches at or above 30ms at once; "
        "warns at or above 20ms, and is good again below 25ms."
    )
    assert pages == "Pages go to pager."
    assert end.startswith("ok: 1 collectors, 2 rules, 2 gates, 0 triggers")


def test_every_problem_is_one_line_and_the_exit_code_is_3(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """file:line:column: where: what; hint, for all problems at once."""
    path.write_text(ALONE.replace("share: 10", "share: 110").replace("breach: 30ms", "breach: 30 ms"))
    assert check(path) == 3
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        f"{path}:17:26: stages[1].share: 110 is not a share; it is percent, from 0 to 100",
        f"{path}:50:13: rules[1].breach: '30 ms' is not a finite number; write it plainly, such as 0.08, 8% or 30ms",
    ]
    assert captured.err == f"2 problems in {path}; nothing would start with it\n"


def test_json_is_one_object(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs, valid or not."""
    assert check(path, json=True) == 0
    good = json.loads(capsys.readouterr().out)
    assert (good["schema"], good["ok"], good["findings"]) == (1, True, [])
    path.write_text(ALONE.replace("share: 10", "share: 110"))
    assert check(path, json=True) == 3
    bad = json.loads(capsys.readouterr().out)
    assert bad["ok"] is False
    assert bad["findings"] == [
        {
            "file": str(path),
            "line": 17,
            "column": 26,
            "where": "stages[1].share",
            "what": "110 is not a share",
            "hint": "it is percent, from 0 to 100",
        }
    ]
    assert bad["digest"] != good["digest"]


def test_what_is_printed_cannot_steer_the_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a configuration are shown as escapes."""
    path.write_text(ALONE.replace("name: cara", 'name: "ca\\e[2Jra"') + '"\\e[2Jkey": 1\n')
    assert check(path) == 3
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "'\\x1b'" in out


def test_a_file_included_by_mistake_is_not_shown(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of a file that is no configuration, which may hold secrets, do not reach the screen."""
    (path.parent / "passwords").write_text("root:$6$hunter2:x: 1\nhunter2\n")
    (path.parent / "token").write_text("root:$6$hunter2:x: 1\nhunter2!: {a: [hunter2]}\n")
    path.write_text(ALONE + "include: [passwords, token]\n")
    assert check(path) == 3
    assert "hunter2" not in capsys.readouterr().out


@pytest.mark.e2e
def test_the_command_ends_with_its_codes(path: Path) -> None:
    """`golive check` from a shell: 0 valid, 3 invalid, 2 wrong usage; the default path is ./golive.yaml."""

    def golive(*words: str) -> int:
        command = [sys.executable, "-c", "from monitor.cli.main import main; main()", *words]
        return subprocess.run(command, cwd=path.parent, capture_output=True, timeout=30, check=False).returncode

    assert golive("check") == 0
    assert golive("check", str(path), "--json") == 0
    assert golive("check", "nowhere.yaml") == 3
    assert golive("check", "--jsno") == 2


@pytest.mark.parametrize("strategy", ["parallel", "phased", "big_bang"])
def test_every_rule_of_the_starting_point_has_its_sentence(
    strategy: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `golive init` writes is valid and explained."""
    path.write_text(starting_point(strategy))  # type: ignore[arg-type] # the three are the literal's
    assert check(path) == 0, capsys.readouterr().out
    assert "media_one_way: the increase of golive_media_one_way_calls_total" in capsys.readouterr().out
