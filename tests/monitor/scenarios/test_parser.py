"""Scripts as text: read, or told what is wrong with line and column."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.scenarios import statements as say
from monitor.scenarios.grammar import ACTS
from monitor.scenarios.parser import parse
from monitor.scenarios.script import START, Feed

HEAD = "scenario one\n"


def problems(text: str) -> list[str]:
    """What is found wrong, without the file."""
    return [str(finding).removeprefix("s:").strip() for finding in parse(text, "s")[1]]


def said(line: str) -> say.Statement:
    """The statement of one line."""
    scenarios, findings = parse(f"{HEAD}at 40s {line}\n", "s")
    assert findings == ()
    return scenarios[0].moments[0].statement


def test_a_script_is_read_whole() -> None:
    """Sources, series, steps, moments and comments, each where it stands."""
    text = """\
# shared
config
    rules: []
tick 500ms
scenario first promise
source edge every 5s max_age 15s independence a   # a comment
    golive_media_mos{trunk="e # st", site="x"}  4.2x1 _
step route fails after 3s
from 1s to 2.5s verdict GO
at 40s no alert

scenario second promise
every 2s
    my_metric  1
at 1s stage full
"""
    (first, second), findings = parse(text, "s")
    assert findings == ()
    assert (first.title, first.line, first.start, first.tick, first.end) == ("first promise", 5, START, 0.5, 40.0)
    assert first.feeds == {"edge": Feed(name="edge", every=5.0, max_age=15.0, independence="a", line=6)}
    (series,) = first.series
    assert series.labels == (("site", "x"), ("trunk", "e # st"))
    assert (series.every, series.source, len(series.points), series.line) == (5.0, "edge", 3, 7)
    assert first.steps == [say.StepDoes(step="route", outcome="failed", after=3.0)]
    assert [(m.at, m.until, m.line) for m in first.moments] == [(1.0, 2.5, 9), (40.0, 40.0, 10)]
    assert (second.series[0].source, second.series[0].every, second.tick) == ("", 2.0, 0.5)
    assert [fragment.line for fragment in second.config] == [2]


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        (
            'rule mos{trunk="east"} is pending value 3.1 flags stale unknown samples 3 because no data',
            say.RuleIs(
                rule="mos",
                labels=(("trunk", "east"),),
                state="pending",
                value=3.1,
                flags=frozenset({"stale", "unknown"}),
                samples=3,
                because="no data",
            ),
        ),
        ("rule mos reads unknown", say.RuleIs(rule="mos", reads="unknown")),
        ("rule mos is ok flags none", say.RuleIs(rule="mos", state="ok", flags=frozenset())),
        ("verdict NO-GO because mos", say.VerdictIs(word="NO-GO", because="mos")),
        ("gate voice is stale", say.GateIs(gate="voice", state="stale")),
        ("signal moved is 95%", say.SignalIs(signal="moved", value=0.95)),
        ("signal moved is unknown", say.SignalIs(signal="moved", value=None)),
        ("alert mos", say.AlertIs(rule="mos", there=True)),
        ("no alert", say.AlertIs(there=False)),
        ("decision back is awaiting votes 1", say.DecisionIs(trigger="back", state="awaiting", votes=1)),
        ("no decision", say.Count(count=0, what="decision")),
        ("2 decisions of back", say.Count(count=2, what="decision", trigger="back")),
        ("no run back", say.Count(count=0, what="run", trigger="back")),
        ("run back is done", say.RunIs(trigger="back", state="done")),
        ("stage is full", say.StageIs(stage="full")),
        ("source edge refused 3 future", say.Refused(source="edge", count=3, reason="future")),
        ("paged verdict NO-GO", say.Paged(words="verdict NO-GO", there=True)),
        ("no page", say.Paged(there=False)),
        ("stage full", say.Enter(stage="full")),
        ("restart", say.Restart()),
        ("step route is unknown", say.StepDoes(step="route", outcome="unknown")),
        ("gate smoke signed by ben", say.PersonDoes(person="ben", act="signs", what="smoke")),
        ("ben signs smoke", say.PersonDoes(person="ben", act="signs", what="smoke")),
        ("anna approves back as shown at 30s", say.PersonDoes(person="anna", act="approves", what="back", shown=30.0)),
        (
            "anna approves back but is refused because no duty",
            say.PersonDoes(person="anna", act="approves", what="back", refused="no duty"),
        ),
        ("anna asks for back", say.PersonDoes(person="anna", act="asks", what="back")),
        ("anna goes back to legacy", say.PersonDoes(person="anna", act="goes", what="legacy")),
        (
            "ben resolves route of back as not_done",
            say.PersonDoes(person="ben", act="resolves", what="back", step="route", outcome="not_done"),
        ),
    ],
)
def test_sentences_are_read(line: str, statement: say.Statement) -> None:
    """Every kind of expectation and act."""
    assert said(line) == statement


def test_recorded_weeks_are_read() -> None:
    """A number a week, and numbers of single quarter hours; a gap is none. What is said twice is said last."""
    lines = "recorded mos 1 2\nrecorded mos 4 _ 3\n" + 'recorded mos{b="2",a="1"} at 2026-02-23T08:15:00Z 4 _ 5\n'
    scenario = parse(HEAD + lines + "at 1s verdict GO\n", "f")[0][0]
    assert scenario.recorded["mos", ()].weeks == (4.0, None, 3.0)
    assert scenario.recorded["mos", (("a", "1"), ("b", "2"))].slots == {1_771_834_500: 4.0, 1_771_836_300: 5.0}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "1:1: there is no scenario; write: scenario what it promises"),
        (HEAD, "1:1: the scenario says nothing; write such as: at 40s verdict GO"),
        (
            HEAD + "at 40s rule mos is brech\n",
            "2:20: expected a state, found 'brech'; did you mean breach?",
        ),
        (HEAD + "at soon verdict GO\n", "2:4: expected a time such as 40s: 'soon' is not a duration"),
        (HEAD + "at 40.5s verdict GO\n", "2:4: nothing is judged at 40s500ms: the tick is 1s"),
        (HEAD + "from 9s to 3s verdict GO\n", "2:6: the end comes before the beginning"),
        (HEAD + "from 1s to 3s anna approves back\n", "2:15: something that is done happens at one instant: write at"),
        (HEAD + "at 1s verdict GO now\n", "2:18: expected the end of the line, found 'now'"),
        (HEAD + "    mos{trunk=east} 1\n", '2:8: expected labels such as {trunk="east", platform="target"}'),
        (HEAD + "    mos 4.2 y\n", "2:13: 'y' is no point"),
        (HEAD + "    mos\n", "2:8: expected points such as 4.2x3 3.1x6 _x4, found the end of the line"),
        (HEAD + "    mos 1\n    mos 2\nat 1s verdict GO\n", "3:5: this series stands here twice"),
        ("at 1s verdict GO\n" + HEAD, "1:1: 'at' stands before the first scenario"),
        ("    mos 1\n" + HEAD, "1:1: a series before the first scenario"),
        (HEAD + "wenn 1s verdict GO\n", "2:1: expected a line of a scenario, found 'wenn'"),
        (HEAD + "config\nat 1s verdict GO\n", "2:1: an empty config: indent its lines"),
        (HEAD + "tick 2h\n", "2:6: a tick lasts from 10ms to 1m"),
        (HEAD + "recorded mos 4 x\n", "2:16: expected a number: 'x' is not a finite number"),
        (HEAD + "recorded mos at noon 4\n", "2:17: 'noon' is not a time: write date, time and offset"),
        (
            HEAD + "recorded mos at 2026-02-23T08:07:00Z 4\n",
            "2:17: a slot begins at a quarter hour: :00, :15, :30 or :45",
        ),
        (HEAD + "source edge every 0s\n", "2:19: every must be longer than 0s"),
        (HEAD + "at 99999h verdict GO\n", "1:1: the scenario lasts more than 200,000 ticks"),
        (HEAD + "at 1s verdict GO\nscenario one\n", "3:10: another scenario of this file promises the same"),
        (HEAD + "at 1s verdict GO\nrefused because x\n", "1:1: a configuration that is refused judges nothing"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, found: str) -> None:
    """Line, column, what was expected and what was found."""
    assert any(line.startswith(found) for line in problems(text)), problems(text)


def test_every_problem_is_told_at_once() -> None:
    """One run of the command shows all that has to be mended."""
    assert [line.split(":")[0] for line in problems(HEAD + "at x verdict GO\nevery\n    1 2\nat 1s verdict GO\n")] == [
        "2",
        "3",
        "4",
    ]


WORDS = st.sampled_from(
    ["scenario", "config", "at", "from", "to", "40s", "1s", "rule", "mos", "is", "breach", "verdict", "GO", "source",
     "edge", "every", "5s", "no", "alert", "decision", "because", "    ", "\n", "\n    ", "{", "}", 'a="b"', "4.2x3",
     "_x6", "stale", "#", "step", "fails", "anna", "approves", "refused", "but", "runbook", "steps", "tick", "start",
     "recorded", "\t", "\r", "é", "\x00", "%", '"', *ACTS]
)  # fmt: skip


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join)))
def test_any_text_is_a_script_or_a_located_error(text: str) -> None:
    """Nothing that a file may hold breaks the parser, and every finding points into the file."""
    scenarios, findings = parse(text, "s")
    lines = text.count("\n") + 1
    assert scenarios or findings
    for finding in findings:
        assert 1 <= finding.line <= lines
        assert finding.column >= 1
        assert finding.what


def test_a_huge_script_is_refused() -> None:
    """A file that is no script does not fill the memory."""
    assert problems("#" * ((1 << 20) + 1)) == ["is larger than 1 MiB; split it"]
