"""Triggers against runbooks: what would show only in the middle of a rollback is told beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config_file import read
from tests.monitor.config_base import BASE

RUNBOOK = """\
name: rollback
title: Back
parameters: {queue: {pattern: "[a-z]+", default: all}}
preflight: [ported < 1]
steps:
  - name: tell
    action: manual
    effect: once
    owner: manager
    takes: 2m
    instructions: Tell the floor.
verify: [ported <= 0, not mos]
back_to: legacy
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "golive.yaml").write_text(BASE)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "rollback.yaml").write_text(RUNBOOK)
    return tmp_path


def found(folder: Path) -> list[str]:
    return [str(finding).replace(f"{folder}/", "") for finding in read(folder / "golive.yaml").findings]


def test_a_runbook_that_fits_has_no_problem(folder: Path) -> None:
    """A trigger, its runbook and the rest agree."""
    assert found(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "preflight: [ported < 1]",
            "preflight: [portd < 1]",
            "the runbook asks for the signal 'portd', which is not there; did you mean ported?",
        ),
        ("not mos", "not loss", "the runbook asks for the rule 'loss', which is not there; add it under rules"),
        (
            "owner: manager",
            "owner: floor",
            "a step of the runbook needs somebody: nobody has the duty 'floor'; known here: manager or telephony",
        ),
        (
            "back_to: legacy",
            "back_to: legcay",
            "the runbook ends in the stage 'legcay', which is not there; did you mean legacy?",
        ),
        (
            "takes: 2m",
            "takes: 2h",
            (
                "its steps take 2h, the rollback budget is 18m; "
                "raise cutover.rollback_budget, so that decide_by is computed from the truth"
            ),
        ),
        (
            "  - name: tell\n",
            "  - {name: page, action: notify, effect: once, text: going back, channels: [pagr]}\n  - name: tell\n",
            "step page tells the channel 'pagr', which is not there; did you mean pager?",
        ),
    ],
)
def test_what_a_runbook_needs_must_be_there(folder: Path, old: str, new: str, expected: str) -> None:
    """Signals, rules, people, stages and time that a runbook counts on are told at its trigger when missing."""
    (folder / "runbooks" / "rollback.yaml").write_text(RUNBOOK.replace(old, new))
    assert found(folder) == [f"golive.yaml:57:14: triggers[0].runbook: {expected}"]


def test_parameters_must_fit_the_runbook(folder: Path) -> None:
    """A parameter the runbook does not have, or would refuse, is told at the trigger."""
    text = BASE.replace("runbook: rollback", "runbook: rollback\n    parameters: {quue: sales}")
    (folder / "golive.yaml").write_text(text)
    (line,) = found(folder)
    assert line.startswith("golive.yaml:58:17: triggers[0].parameters: runbook rollback has no parameter quue;")


def test_a_broken_runbook_is_told_in_its_own_file_and_not_called_missing(folder: Path) -> None:
    """The finding points into the runbook; its trigger is not blamed as well."""
    (folder / "runbooks" / "rollback.yaml").write_text(RUNBOOK.replace("effect: once", "effect: twice"))
    (line,) = found(folder)
    assert line.startswith("runbooks/rollback.yaml:8:13: steps[0].effect: 'twice' is not one of ")


def test_a_trigger_names_a_runbook_that_is_there(folder: Path) -> None:
    """A runbook that is neither shipped nor in the folder is told, with the nearest name."""
    (folder / "golive.yaml").write_text(BASE.replace("runbook: rollback", "runbook: voice-back-to-legcy"))
    assert found(folder) == [
        (
            "golive.yaml:57:14: triggers[0].runbook: there is no runbook 'voice-back-to-legcy'; "
            "did you mean voice-back-to-legacy?"
        )
    ]
