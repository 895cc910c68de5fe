"""Mutes and acknowledgements at any time, on the real parts: the story that is judged and decided is the same without them."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notify.message import Message
from monitor.scenarios.parser import parse
from monitor.scenarios.rig import Rig
from monitor.scenarios.setting import prepare
from monitor.scenarios.simulated_loop import SimulatedLoop
from monitor.serving.acts import Actor, Refusal

SCRIPT = """
config
    people: [{name: anna, role: approver, duties: [manager]}, {name: olga, role: operator}]
    stages: [{name: pilot}]
    rules:
      - name: loss
        title: Packet loss
        metric: golive_media_packet_loss_ratio
        by: [trunk]
        estimator: last
        window: 10s
        operator: ">="
        breach: 1%
        hold: 5s
        missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
      - name: mos
        metric: golive_media_mos
        estimator: last
        window: 10s
        operator: "<"
        breach: 3.6
        missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
    gates:
      - {name: voice, rules: [loss, mos]}
    triggers:
      - name: rollback
        when: loss and mos
        runbook: back
        mode: auto
        scope: all
        cooldown: 60s
        approval: {duties: [manager], quorum: 1, deadline: 60s}
runbook back steps route
scenario trunks break, heal and break again
source edge every 5s independence passive
    golive_media_packet_loss_ratio{trunk="a"}  0.001x3 0.05x6 0.001x6 0.05x9
    golive_media_packet_loss_ratio{trunk="b"}  0.001x5 0.05x4 0.001x8 _x7
source probe every 5s independence active
    golive_media_mos                           4.2x6 3.1x4 4.2x6 3.1x8
at 60s verdict GO
"""
END = 120.0
_ACTS = st.tuples(
    st.integers(0, int(END)),
    st.sampled_from(["mute", "unmute", "ack", "release"]),
    st.sampled_from(["loss:trunk=a", "loss:trunk=b", "loss", "mos"]),
    st.sampled_from([60.0, 90.0, 3600.0]),
    st.booleans(),
)
_PEOPLE = (Actor(name="anna", role="approver"), Actor(name="olga", role="operator"))


class Story(NamedTuple):
    """All that a night came to."""

    verdicts: list[str]
    lines: list[tuple[float, str, str, str]]
    """Journalled transitions, verdicts, decisions, runs and steps."""
    standings: list[tuple[str, ...]]
    pages: list[Message]


async def told(loop: SimulatedLoop, acts: list[tuple[int, str, str, float, bool]]) -> Story:
    """Play the script and do these acts at their seconds."""
    (scenario,), findings = parse(SCRIPT, "s")
    assert findings == ()
    prepared = prepare(scenario, None)
    assert prepared.setting is not None, prepared.findings
    rig = Rig(prepared.setting, loop)
    await rig.open()
    verdicts, standings = [], []
    try:
        for number in range(int(END * 2)):
            at = number / 2
            await rig.tick(at)
            verdicts.append(rig.ticker.ruling.verdict.word)
            standings.append(tuple(judge.standing(0).word for judge in rig.engine.judges.values()))
            for when, act, name, seconds, whole in acts:
                if when == at:
                    await done(rig, act, name, seconds, whole=whole)
        kinds = ("transition", "verdict", "decision", "run", "step", "stage")
        lines = [(e.at, e.kind, e.what, e.state) for e in await rig.journal.entries() if e.kind in kinds]
        return Story(verdicts, lines, standings, rig.pages)
    finally:
        await rig.close()


async def done(rig: Rig, act: str, name: str, seconds: float, *, whole: bool) -> None:
    """Somebody does it; what is refused is refused."""
    who = _PEOPLE[whole]
    try:
        if act == "mute":
            await rig.helm.mute(who, name, seconds, "because", whole=whole)
        elif act == "unmute":
            await rig.helm.unmute(who, name, "", whole=whole)
        elif act == "ack":
            await rig.helm.acknowledge(who, name, seconds, "")
        else:
            await rig.helm.release(who, name, "")
    except Refusal:
        return


def story(acts: list[tuple[int, str, str, float, bool]]) -> Story:
    """On a loop whose time only the test turns."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SimulatedLoop)
        return runner.run(told(loop, acts))


@cache
def untouched() -> Story:
    """The same night without any act."""
    return story([])


def test_the_story_without_any_mute_is_worth_telling() -> None:
    """The night that the property is tested on has a NO-GO, an automatic rollback, and pages; else it would prove nothing."""
    assert {"GO", "NO-GO"} <= set(untouched().verdicts)
    assert any(kind == "run" for _, kind, _, _ in untouched().lines)
    assert sum(page.event == "alert" for page in untouched().pages) >= 4
    muted = story([(1, "mute", "loss", 3600.0, True), (1, "mute", "mos", 3600.0, True)])
    assert [page for page in muted.pages if page.event == "alert"] == []


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(_ACTS, max_size=8))
def test_muting_changes_who_hears_never_what_is_true(acts) -> None:
    """Whatever is muted and taken when: the same verdicts, standings, transitions, decisions and steps, at the same time."""
    touched = story(acts)
    assert touched.verdicts == untouched().verdicts
    assert touched.standings == untouched().standings
    assert touched.lines == untouched().lines


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(_ACTS, max_size=8))
def test_every_page_that_opens_is_ended_whatever_is_muted(acts) -> None:
    """A story that people heard the beginning of is told to its end, after a mute too."""
    pages = [page for page in story(acts).pages if page.event == "alert"]
    stories: dict[str, list[str]] = {}
    for page in pages:
        stories.setdefault(page.dedupe_key, []).append(page.state)
    for states in stories.values():
        for before, after in zip(["resolved", *states], states, strict=False):
            assert (after == "opened") == (before == "resolved")
