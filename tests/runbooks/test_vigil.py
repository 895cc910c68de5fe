"""A program that stood still does not go on as if nothing had happened, and a wall clock that jumps is no reason for anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from monitor.model import Truth
from runbooks import caution, vigil
from runbooks.facts_watch import PULSE, FactsWatch, hold
from tests.monitor.deciding.world import BEN, Facts
from tests.runbooks.rollback import Rollback
from tests.runbooks.target import Target
from tests.runbooks.test_run import MANUAL, book, http


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_two_minutes_of_silence_are_told_once() -> None:
    """Short gaps are nothing; what is longer than a run may be interrupted for stands until people were told."""
    clock = Clock()
    watched = vigil.Vigil(clock)
    clock.now += 119.0
    watched.beat()
    assert watched.slept() == 0.0
    clock.now += 121.0
    watched.beat()
    clock.now += 0.25
    assert watched.slept() == 121.0
    watched.forget()
    assert watched.slept() == 0.0


def test_an_intent_is_good_for_two_seconds() -> None:
    """What was written down and not sent at once is not sent any more; a probe in between may take its time."""
    clock = Clock()
    watched = vigil.Vigil(clock)
    watched.intend()
    clock.now += 2.0
    assert watched.too_late() == 0.0
    clock.now += 0.1
    assert watched.too_late() == pytest.approx(2.1)
    watched.intend()
    watched.allow(10.0)
    clock.now += 11.0
    assert watched.too_late() == 0.0


async def test_an_intent_that_grew_old_begins_anew_at_no_cost(
    tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is not sent late; it begins again with a fresh intent, and no attempt of its retries is used up."""
    late = iter([3.0, 0.0, 0.0, 0.0])
    monkeypatch.setattr(vigil.Vigil, "too_late", lambda _: next(late))
    async with Rollback(tmp_path, book(target, http(target, "one", "once"))) as world:
        await world.sign()
        await world.reaches("rolled_back")
        told = [line.what for line in await world.journal.entries(kind="step")]
        assert "not sent: 3s passed after it was to be sent; it begins again" in told[1]
        assert (target.requests, world.step("one").attempt) == (["one"], 1)


async def test_a_machine_that_is_always_late_asks_a_person(
    tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not try for ever: after five times the step fails with the reason, and nothing was sent."""
    monkeypatch.setattr(vigil.Vigil, "too_late", lambda _: 3.0)
    async with Rollback(tmp_path, book(target, http(target, "one", "once"))) as world:
        await world.sign()
        await world.reaches("paused")
        assert world.step("one").state == "failed"
        assert target.requests == []
        assert caution.LATE_TIMES == 5


async def test_what_was_done_by_hand_during_a_pause_is_not_done_again(tmp_path: Path, target: Target) -> None:
    """After a pause a step with a probe looks first: what is so already is done, and nothing is sent on top of it."""
    async with Rollback(tmp_path, book(target, MANUAL, http(target, "one", "checked"))) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        await world.desk.act_on_run(BEN, world.run.id, "pause", "wait")
        target.applied["one"] = 1
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "told")
        await world.desk.act_on_run(BEN, world.run.id, "resume", "go on")
        await world.reaches("rolled_back")
        assert target.requests == []
        assert "done already, not sent" in world.step("one").outcome


async def test_after_a_pause_a_probe_that_cannot_tell_sends_nothing(tmp_path: Path, target: Target) -> None:
    """Somebody may have done it: without an answer a person decides; their retry is sent whatever the probe says."""
    target.ways["probe one"] = "refuse"
    async with Rollback(tmp_path, book(target, MANUAL, http(target, "one", "checked"))) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        await world.desk.act_on_run(BEN, world.run.id, "pause", "wait")
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "told")
        await world.desk.act_on_run(BEN, world.run.id, "resume", "go on")
        await world.until(lambda: world.step("one").state == "failed")
        assert target.requests == []
        await world.desk.act_on_step(BEN, world.run.id, "one", "retry", "", "I looked")
        await world.reaches("rolled_back")
        assert target.requests == ["one"]


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86400.0])
async def test_a_wall_clock_that_jumps_neither_serves_nor_ends_a_verification(jump: float) -> None:
    """V5: the hold is not served by a jump, and time is not up; ticks on the steady clock decide."""
    watch = FactsWatch()
    task = asyncio.create_task(hold(watch, ["share >= 0.9"], 0.1, 0.6))
    at = 1000.0
    for number in range(5):
        await asyncio.sleep(0.01)
        at += jump if number == 2 else 0.01
        watch.publish(Facts(at=at, rules={"x": Truth.TRUE}, signals={"share": 0.1}))
        assert not task.done()
    while not task.done():
        await asyncio.sleep(0.01)
        watch.publish(Facts(at=at, signals={"share": 1.0}))
    held = task.result()
    assert held.held
    assert 0.1 <= held.after < PULSE
