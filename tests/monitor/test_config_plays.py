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


def test_a_condition_on_a_rule_that_rests_is_told(folder: Path) -> None:
    """A pre-flight that could never pass, because its rule is not judged in the trigger's stage, is told beforehand."""
    resting = RUNBOOK.replace("preflight: [ported < 1]", "preflight: [ported < 1, not asleep]")
    (folder / "runbooks" / "rollback.yaml").write_text(resting)
    asleep = BASE[BASE.index("  - name: jitter\n") : BASE.index("triggers:\n")].replace("jitter\n", "asleep\n", 1)
    asleep = asleep.replace("active_in: [pilot]", "active_in: [legacy]")
    (folder / "golive.yaml").write_text(BASE.replace("triggers:\n", f"{asleep}triggers:\n"))
    (told,) = found(folder)
    assert "in the stage 'pilot' the runbook's 'not asleep' can never hold: asleep rests there" in told


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ('{queue: "{site}"}', []),
        ('{place: "{site}"}', ["runbook rollback has no parameter place; see `golive runbook show rollback`"]),
        (
            '{queue: "SALES"}',
            [
                "parameter queue is 'SALES', which does not match its pattern [a-z]+; see `golive runbook show rollback`",
            ],
        ),
    ],
)
def test_parameters_from_the_scope_must_exist_in_the_runbook(
    folder: Path, parameters: str, expected: list[str]
) -> None:
    """The name is checked beforehand; a value that comes from the scope can only be checked when it is there."""
    text = BASE.replace("    runbook: rollback\n", f"    runbook: rollback\n    parameters: {parameters}\n")
    (folder / "golive.yaml").write_text(text)
    assert [line.partition("parameters: ")[2] for line in found(folder)] == expected


def test_a_step_that_tells_people_needs_a_channel(folder: Path) -> None:
    """Without anything under notify, a message would stop the rollback to say so."""
    page = "  - {name: page, action: notify, effect: once, text: going back}\n  - name: tell\n"
    (folder / "runbooks" / "rollback.yaml").write_text(RUNBOOK.replace("  - name: tell\n", page))
    assert found(folder) == []
    text = BASE.replace('notify:\n  - {name: pager, kind: webhook, url: "https://pager.example/x"}\n', "")
    (folder / "golive.yaml").write_text(text)
    assert [line.partition("runbook: ")[2] for line in found(folder)] == [
        "step page tells people, and there is no channel; add one under notify"
    ]


def test_what_a_runbook_needs_on_this_machine_is_looked_for(folder: Path) -> None:
    """Secrets, certificates, programs and recordings that are missing or open to everybody are told at the trigger."""
    (folder / "open.secret").write_text("x" * 8)
    (folder / "open.secret").chmod(0o644)
    steps = """\
allow_hosts: [api.example, broker.example, sbc.example]
steps:
  - name: api
    action: http
    effect: once
    request:
      method: PUT
      url: https://api.example/x
      auth: {kind: oauth2, token_url: "https://api.example/t", client_id: me, client_secret: {file: none.secret}}
  - {name: run, action: command, effect: once, argv: [/not/there/tool], environment: {TOKEN: {file: open.secret}}}
  - name: say
    action: mqtt
    effect: once
    broker: {host: broker.example, tls: {ca: none.pem}}
    topic: a/b
    json: {to: legacy}
  - name: call
    action: test_call
    effect: once
    host: sbc.example
    to: "100"
    program: /not/there/sipp
    media: none.wav
"""
    (folder / "runbooks" / "rollback.yaml").write_text(RUNBOOK.replace("steps:\n", steps))
    assert [line.removeprefix("golive.yaml:57:14: triggers[0].runbook: step ") for line in found(folder)] == [
        "api: file none.secret: No such file or directory; make it, or point to another place",
        "run: file open.secret: others may read it; chmod 600 open.secret",
        "run: /not/there/tool: No such file or directory; make it, or point to another place",
        ("say: TLS files cannot be used (none.pem): No such file or directory; check paths, PEM and rights"),
        "call: /not/there/sipp: No such file or directory; make it, or point to another place",
        "call: none.wav: there is no such recording; make it, or point to another place",
    ]
