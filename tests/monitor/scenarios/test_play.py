"""Playing scenarios: what is not as written is told at its line, in a sentence with its reason; all else is silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.scenarios.parser import parse
from monitor.scenarios.play import Outcome, play

Played = Callable[[str], list[Outcome]]

WORLD = """\
config
    people:
      - {name: anna, role: approver, duties: [manager]}
      - {name: ben, role: approver, duties: [manager]}
    stages:
      - {name: pilot}
      - {name: full}
    rules:
      - name: mos_low
        metric: golive_media_mos
        by: [trunk]
        estimator: last
        window: 10s
        operator: "<"
        breach: 3.6
        hold: 20s
        missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
    gates:
      - {name: voice, rules: [mos_low]}
      - {name: smoke, signed_by: manager, active_in: [full]}
    signals:
      - {name: mos, metric: golive_media_mos, estimator: last, window: 10s}
    triggers:
      - {name: rollback, when: mos_low, runbook: back, cooldown: 1m, approval: {duties: [manager], quorum: 1}}
runbook back steps agents, route
scenario one
every 5s
    golive_media_mos{trunk="east"}  4.2x3 3.1x20
"""
LINE = WORLD.count("\n") + 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "at 39s rule mos_low is breach",
            "rule mos_low should be breach at 39s: it is warn (mos_low trunk=east 3.10 < 3.60, pending for 19s of 20s,",
        ),
        ('at 40s rule mos_low{trunk="west"} is ok', "there is no such group; there is trunk=east"),
        (
            "at 40s rule mos_low is breach value 4.2",
            "should be breach, have the value 4.2 at 40s: it has the value 3.1",
        ),
        ("at 40s rule mos_low is breach flags stale", "it has the flags none"),
        ("at 40s rule mos_low is breach samples 9", "it has 2 samples"),
        ("at 40s rule mos_low reads false", "rule mos_low should read false at 40s: it reads true"),
        ("at 40s verdict GO", "the verdict should be GO at 40s: it is NO-GO (mos_low trunk=east 3.10 < 3.60)"),
        ("at 40s verdict NO-GO because jitter", "its reason is another: mos_low trunk=east 3.10 < 3.60"),
        ("at 40s gate voice is ok", "gate voice should be ok at 40s: it is breach"),
        ("at 40s signal mos is 4", "signal mos should be 4 at 40s: it is 3.1"),
        ("at 40s signal mos is unknown", "signal mos should be unknown at 40s: it is 3.1"),
        ("at 39s alert mos_low", "there should be an alert of mos_low at 39s: there is none"),
        ("at 40s no alert", "there should be no alert at 40s: there is one: mos_low trunk=east 3.10 < 3.60"),
        (
            "at 39s decision rollback is awaiting",
            "the decision of rollback should be awaiting at 39s: there is no decision",
        ),
        ("at 40s decision rollback is frozen", "should be frozen at 40s: it is awaiting (mos_low is true)"),
        ("at 40s decision rollback is awaiting votes 1", "with 1 votes at 40s: it has 0 votes"),
        ("at 40s no decision", "there should be no decision at 40s: there is 1: rollback is awaiting since 40s"),
        ("at 40s run rollback is done", "there is no run; the decision is awaiting (mos_low is true)"),
        ("at 40s 1 run", "there should be 1 run at 40s: there are 0"),
        ("at 40s stage is full", "the stage should be full at 40s: it is pilot"),
        ("at 40s source script refused 1", "source script should have 1 samples refused at 40s: there were 0"),
        ("at 40s paged all clear", "there should be a page with 'all clear' now at 40s: there was another: CRIT"),
        ("at 40s no page NO-GO", "there was one: CRIT PROD verdict NO-GO"),
        ("at 40s anna rejects back but is refused because late", "should be refused and was accepted"),
        (
            "at 39s anna approves rollback",
            "anna approves rollback should be accepted and was refused: there is no decision of rollback",
        ),
        (
            "at 39s anna approves rollback but is refused because 409",
            "anna approves rollback should be refused with '409' and was refused with: there is no decision",
        ),
        ("from 30s to 60s rule mos_low is pending", "should be pending at 40s: it is breach"),
    ],
)
def test_what_is_not_as_written_is_told_at_its_line(played: Played, line: str, told: str) -> None:
    """file:line, what should be, at which instant, what is, and why."""
    (outcome,) = played(WORLD + line + "\n")
    assert [failure.line for failure in outcome.failures] == [LINE]
    assert told in outcome.lines[0]
    assert outcome.lines[0].startswith(f"s:{LINE}: ")


def test_every_failure_is_told_and_the_others_go_on(played: Played) -> None:
    """One run shows all that is not as written, a lasting one once."""
    lines = "at 39s verdict GO\nat 40s verdict NO-GO\nfrom 41s to 90s no alert\nat 60s no decision\n"
    (outcome,) = played(WORLD + lines)
    assert [failure.line - LINE for failure in outcome.failures] == [0, 2, 3]


def test_the_same_script_plays_the_same(played: Played) -> None:
    """Byte for byte, however often and whatever else ran before."""
    text = WORLD + "at 39s verdict GO\nat 41s anna approves rollback\nat 60s no run\nat 60s no decision\n"
    told = [outcome.lines for _ in range(3) for outcome in played(text)]
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 3


def test_the_order_of_series_in_the_script_does_not_matter(played: Played) -> None:
    """Samples of one tick judge alike in any order."""
    east, west = '    golive_media_mos{trunk="a"}  4x3 3.1x9\n', '    golive_media_mos{trunk="b"}  4x3 2.9x9\n'
    told = [played(f"{WORLD}{rows}at 50s verdict GO\n")[0].lines for rows in (east + west, west + east)]
    assert len(told[0]) == 1
    assert told[0] == told[1]


def test_hours_pass_in_moments(played: Played) -> None:
    """Nobody waits for simulated time."""
    (outcome,) = played(
        WORLD.replace("3.1x20", "3.1x200 4.2x800") + "at 1000s verdict NO-GO\nat 3600s rule mos_low is ok\n"
    )
    assert outcome.ok, outcome.lines


def test_timers_of_a_run_pass_on_the_scripts_clock(played: Played) -> None:
    """A retry's wait is waited in simulated seconds, and a step that is retried may work."""
    runbook = """runbook back
    steps:
      - {name: route, action: manual, effect: keyed, instructions: Go., retry: {times: 1, wait: 30s}}
step route fails
"""
    acts = "at 41s anna approves rollback\nat 50s run rollback is running\nat 50s step route works\nat 75s run rollback is done\n"
    (outcome,) = played(WORLD.replace("runbook back steps agents, route\n", runbook) + acts)
    assert outcome.ok, outcome.lines


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("golive_media_mos{", "s:28:5: there is no metric 'golive_media_mo'; did you mean golive_media_mos?"),
        ("breach: 3.6", "s:15:17: rules[0].breach: 'x' is not a finite number"),
        ("when: mos_low", "s:24:32: triggers[0].when: there is no rule 'mos_lo'; did you mean mos_low?"),
    ],
)
def test_a_mistake_in_the_configuration_is_told_at_its_place_in_the_script(change: str, told: str) -> None:
    """Findings point into the script, line and column."""
    broken = {
        "golive_media_mos{": "golive_media_mo{",
        "breach: 3.6": "breach: x",
        "when: mos_low": "when: mos_lo",
    }[change]
    scenarios, findings = parse(WORLD.replace(change, broken) + "at 1s verdict HOLD\n", "s")
    assert findings == ()
    outcome = play(scenarios[0])
    assert not outcome.ok
    assert any(line.startswith(told) for line in outcome.lines), outcome.lines


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("at 1s rule mos is ok", "there is nothing called 'mos' under rules; did you mean mos_low?"),
        ("at 1s gate voic is ok", "there is nothing called 'voic' under gates; did you mean voice?"),
        ("at 1s eve approves rollback", "there is nothing called 'eve' under people"),
        ("at 1s stage ful", "there is nothing called 'ful' under stages; did you mean full?"),
        ("at 1s signal x is 1", "there is nothing called 'x' under signals"),
    ],
)
def test_a_name_that_is_not_there_is_a_malformed_script(played: Played, line: str, told: str) -> None:
    """A typing mistake must not pass for an expectation that holds."""
    (outcome,) = played(f"{WORLD}{line}\n")
    assert [finding.line for finding in outcome.findings] == [LINE]
    assert told in outcome.lines[0]


def test_a_scenario_needs_a_configuration(played: Played) -> None:
    """Without one there is nothing to judge by, and that is said."""
    (outcome,) = played("scenario one\nat 1s verdict GO\n")
    assert "s:1:1: the scenario has no configuration; write config" in outcome.lines[0]


def test_a_refusal_that_does_not_come_fails(played: Played) -> None:
    """A configuration that is accepted, or refused for another reason, is not what was written."""
    good = WORLD[: WORLD.index("scenario one")] + "scenario one\nrefused because clear\n"
    bad = good.replace("breach: 3.6", "breach: 3.6\n        warn: 3")
    assert "the configuration should be refused and is accepted" in played(good)[0].lines[0]
    assert "should be refused with 'clear'; found: s:" in played(bad)[0].lines[0]


def test_the_example_of_the_readme_plays(played: Played) -> None:
    """Documentation that fails is worse than none."""
    readme = (Path(__file__).parents[3] / "monitor" / "scenarios" / "README.md").read_text()
    example = readme.split("## One whole scenario")[1].split("```")[1]
    (outcome,) = played(example)
    assert outcome.ok, outcome.lines
    assert outcome.checked == 7


def test_the_whole_suite_of_scenarios_is_quick(played: Played) -> None:
    """A thousand ticks of a small configuration are judged within seconds, or nobody would run them before a change."""
    began = time.perf_counter()
    (outcome,) = played(WORLD + "from 0s to 1000s verdict NO-GO\n")
    assert outcome.failures
    assert time.perf_counter() - began < 10
