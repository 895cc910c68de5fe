"""What a runbook may say about a step: its deadline, what follows a failure, the word that confirms, agents before calls."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.serving.acts import Refusal
from runbooks.actions.http import Http
from runbooks.actions.manual import Manual
from runbooks.actions.verify import Verify
from runbooks.book import Book
from runbooks.model import Runbook
from runbooks.pairing import unpaired
from runbooks.probe import Probe
from runbooks.request import Request
from tests.monitor.deciding.world import BEN
from tests.rig.waiting import until
from tests.runbooks.rollback import Rollback, runbook
from tests.runbooks.target import Target

HEAD = """
name: line
title: A line of steps
scope: queue {queue}
parameters: {queue: {pattern: "[a-z]+", default: sales}}
allow_hosts: ["127.0.0.1:8931"]
verify: [legacy_share >= 0.95]
verify_hold: 0s
verify_within: 5s
steps:
"""
AGENTS = "  - {name: agents, action: manual, effect: checked, instructions: x, probe: {signal: ready >= 1}%s}\n"
MOVE = "  - {name: move, action: http, effect: keyed, request: {method: PUT, url: 'http://127.0.0.1:8931/x'}%s}\n"
LOOK = "  - {name: look, action: verify, effect: read, that: [ready >= 1]%s}\n"


def http(target: Target, name: str, more: str) -> str:
    return (
        f'  - {{name: {name}, action: http, request: {{method: PUT, url: "{target.base}/apply/{name}"}},'
        f" expect: {{json: {{to: legacy}}}}{more}}}\n"
    )


def book(target: Target, *steps: str) -> Runbook:
    return runbook(HEAD.replace("127.0.0.1:8931", target.host) + "".join(steps))


def found(tmp_path: Path, *steps: str, head: str = HEAD) -> list[str]:
    (tmp_path / "line.yaml").write_text(head + "".join(steps))
    return [f"{finding.where}: {finding.what}" for finding in Book.load(tmp_path).findings]


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ((MOVE % ", moves: calls",), "steps[0].moves: moves calls before it is proved that agents are there"),
        (
            (AGENTS % ", proves: agents", MOVE % ", moves: numbers"),
            "steps[1].moves: moves numbers before it is proved that agents are there",
        ),
        (
            (MOVE % ", proves: agents",),
            "steps[0].proves: a http step with effect keyed proves nothing by itself",
        ),
        (
            (LOOK % ", proves: agents", AGENTS % ", moves: agents", MOVE % ", moves: calls, needs: [look]"),
            "steps[2].moves: moves calls before it is proved that agents are there",
        ),
        (
            (LOOK % ", proves: agents, on_fail: continue",),
            "steps[0].on_fail: a step that changes or proves something cannot be gone on without",
        ),
        ((MOVE % ", on_fail: continue",), "steps[0].on_fail: a step that changes or proves something"),
        ((MOVE % ", takes: 2m, deadline: 1m",), "steps[0].deadline: its deadline of 1m ends before the 2m it takes"),
        ((MOVE % ", deadline: 0s",), "steps[0].deadline: its deadline of 0s"),
    ],
)
def test_a_step_that_could_leave_callers_alone_is_refused(tmp_path: Path, steps: tuple[str, ...], what: str) -> None:
    """Calls before their agents, proofs that prove nothing, failures passed over and deadlines that cannot be kept."""
    (line,) = found(tmp_path, *steps)
    assert line.startswith(what)


def test_agents_first_then_calls_is_accepted_at_any_distance(tmp_path: Path) -> None:
    """A proof counts for what needs it through other steps too; and a scope names only parameters there are."""
    between = "  - {name: rest, action: wait, effect: read, span: 1s, needs: [agents]}\n"
    good = (AGENTS % ", moves: agents, proves: agents", between, MOVE % ", moves: calls, needs: [rest]")
    assert found(tmp_path, *good) == []
    (line,) = found(tmp_path, *good, head=HEAD.replace("{queue}", "{site}"))
    assert "{site}" in line


@st.composite
def lines(draw: st.DrawFn) -> Runbook:
    """Runbooks of agents, looks and calls in any order, each needing some of those before it."""
    steps: list[Http | Manual | Verify] = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(["agents", "look", "calls"]), min_size=1, max_size=7))):
        before = [step.name for step in steps]
        needs = tuple(draw(st.lists(st.sampled_from(before), unique=True, max_size=3))) if before else ()
        name = f"s{number}"
        if kind == "agents":
            probe = Probe(signal="ready >= 1")
            steps.append(
                Manual(name=name, effect="checked", needs=needs, moves="agents", instructions="x", probe=probe)
            )
        elif kind == "look":
            steps.append(Verify(name=name, effect="read", needs=needs, proves="agents", that=("ready >= 1",)))
        else:
            steps.append(Http(name=name, effect="keyed", needs=needs, moves="calls", request=Request(url="http://h/x")))
    return Runbook(name="line", title="x", steps=tuple(steps), verify=("ready >= 1",))


@given(line=lines())
def test_no_accepted_line_moves_calls_without_its_agents_whatever_is_skipped(line: Runbook) -> None:
    """In an accepted runbook every step that moves calls is held up by some proof that no later move of agents undid."""
    wrong = {found.at for found in unpaired(line)}
    names = {step.name: index for index, step in enumerate(line.steps)}

    def behind(index: int) -> set[int]:
        seen: set[int] = set()
        for need in line.steps[index].needs:
            seen |= {names[need]} | behind(names[need])
        return seen

    for index, step in enumerate(line.steps):
        if step.moves == "calls":
            last = max((at for at in range(index) if line.steps[at].moves == "agents"), default=-1)
            proved = any(line.steps[at].proves and at > last for at in behind(index))
            assert (index in wrong) is not proved


async def test_a_deadline_ends_what_hangs_and_no_try_follows_it(tmp_path: Path, target: Target) -> None:
    """A keyed step that may be tried ten times is parked at its deadline, since its last try may have arrived."""
    target.ways["one"] = "hang"
    more = ", effect: keyed, timeout: 100ms, retry: {times: 10, wait: 0s}, deadline: 350ms"
    async with Rollback(tmp_path, book(target, http(target, "one", more))) as world:
        await world.sign()
        await world.reaches("paused")
        assert world.step("one").state == "parked"
        assert 2 <= len(target.requests) <= 4
        target.ways["one"] = "ok"
        await world.desk.act_on_step(BEN, world.run.id, "one", "retry", "", "the carrier is back")
        await world.reaches("rolled_back")
        assert len(target.keys["one"]) == 1


async def test_nobody_who_answers_in_time_is_a_question_to_everybody(tmp_path: Path, target: Target) -> None:
    """A manual step past its deadline pauses the run, which pages; a late answer still counts, with its word."""
    manual = "  - {name: floor, action: manual, effect: once, instructions: Tell them., confirm: 'type:TOLD', deadline: 100ms}\n"
    async with Rollback(tmp_path, book(target, manual)) as world:
        await world.sign()
        await world.reaches("paused")
        assert "nobody answered within its deadline" in world.step("floor").outcome
        with pytest.raises(Refusal) as refused:
            await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "told them")
        assert refused.value.status == 400
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "TOLD: all of them")
        await world.reaches("rolled_back")


async def test_a_restart_does_not_give_a_step_more_time(tmp_path: Path, target: Target) -> None:
    """The deadline is counted from the first try: after a restart past it nobody is asked as if nothing had happened."""
    manual = "  - {name: floor, action: manual, effect: once, instructions: Tell them., deadline: 400ms}\n"
    line = book(target, manual, http(target, "one", ", effect: keyed, needs: [floor]"))
    async with Rollback(tmp_path, line) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        began = world.step("floor").started_at
    await until(lambda: time.time() > began + 0.5, 5)
    async with Rollback(tmp_path, line) as world:
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "failed")
        assert "its deadline has passed" in world.step("floor").outcome
        assert target.requests == []


async def test_done_needs_the_word_that_the_step_asks_for(tmp_path: Path, target: Target) -> None:
    """`done` with another word changes nothing and says what to type; `not_done` needs no word."""
    manual = "  - {name: floor, action: manual, effect: once, instructions: Tell them., confirm: 'type:AGENTS'}\n"
    async with Rollback(tmp_path, book(target, manual)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        assert world.step("floor").question == "Tell them. [to confirm, begin with: AGENTS]"
        for reason in ("", "agents", "all AGENTS"):
            with pytest.raises(Refusal) as refused:
                await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", reason)
            assert "begin with the word AGENTS" in refused.value.what
        assert world.step("floor").state == "waiting"
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "AGENTS 84 of 84")
        await world.reaches("rolled_back")


async def test_a_look_that_may_fail_is_passed_over_and_told(tmp_path: Path, target: Target) -> None:
    """on_fail: continue goes on without a look that failed; what needs it still asks a person first."""
    look = (
        "  - {name: look, action: verify, effect: read, that: [legacy_share >= 2], within: 50ms, on_fail: continue}\n"
    )
    steps = (
        look,
        http(target, "one", ", effect: keyed"),
        http(target, "two", ", effect: keyed, needs: [look]"),
    )
    async with Rollback(tmp_path, book(target, *steps)) as world:
        await world.sign()
        await world.reaches("paused")
        assert (world.step("look").state, world.step("one").state, world.step("two").state) == (
            "skipped",
            "done",
            "failed",
        )
        assert "the runbook goes on without it" in world.step("look").outcome
        assert target.requests == ["one"]
