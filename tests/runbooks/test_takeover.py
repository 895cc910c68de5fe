"""People take a run over: golive sends nothing more, asks what they did, and verifies all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.serving.acts import Refusal
from runbooks import interventions
from tests.monitor.deciding.world import ADA, ANNA, BEN, EVE, OLGA
from tests.runbooks.rollback import Rollback
from tests.runbooks.steps import MANUAL, book, http
from tests.runbooks.target import Target


async def at_the_floor(world: Rollback) -> None:
    """Signed, the first step sent, the manual one waiting."""
    await world.sign()
    await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")


async def take_over(world: Rollback, reason: str = "the carrier's API lies") -> None:
    await world.desk.act_on_run(OLGA, world.run.id, "takeover", reason)


async def test_nothing_more_is_sent_each_step_is_answered_and_the_world_decides(tmp_path: Path, target: Target) -> None:
    """After the takeover no request leaves; steps are asked one by one in order; verification declares the rollback."""
    async with Rollback(
        tmp_path, book(target, http(target, "one"), MANUAL, http(target, "two"), http(target, "three"))
    ) as world:
        await at_the_floor(world)
        await take_over(world)
        assert world.run.by_hand == "olga"
        await world.until(lambda: "By hand" in world.step("floor").question)
        for name, outcome in (("floor", "done"), ("two", "done"), ("three", "not_done")):
            await world.until(lambda name=name: world.step(name).state == "waiting")
            (row,) = world.desk.waiting_rows()
            assert row.id == f"{world.run.id}/{name}"
            await world.desk.act_on_step(ANNA, world.run.id, name, "resolve", outcome, "did it in the portal")
        await world.reaches("rolled_back")
        assert target.requests == ["one"]
        assert [step.state for step in world.run.steps] == ["done", "done", "done", "skipped"]
        words = [event.what for event in world.journal.events_after(0, 200)]
        assert any("taken over by hand by olga: the carrier's API lies" in word for word in words)
        assert any("two: done by hand, says anna: did it in the portal" in word for word in words)
        assert any("three: left undone, says anna" in word for word in words)


async def test_people_saying_done_is_not_enough(tmp_path: Path, target: Target) -> None:
    """Every step is said to be done and the old path carries nothing: ineffective, not rolled back."""
    async with Rollback(tmp_path, book(target, MANUAL)) as world:
        world.signals["legacy_share"] = 0.0
        await at_the_floor(world)
        await take_over(world)
        await world.until(lambda: "By hand" in world.step("floor").question)
        await world.desk.act_on_step(ANNA, world.run.id, "floor", "resolve", "done", "")
        await world.reaches("ineffective")


async def test_a_step_in_flight_is_cut_within_two_seconds_and_asked_about(
    tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that hangs is not awaited for ever; whether it took effect is a question, and it is not sent again."""
    monkeypatch.setattr("runbooks.takeover.GRACE", 0.2)
    assert interventions.GRACE == 2.0
    target.ways["one"] = "hang"
    async with Rollback(tmp_path, book(target, http(target, "one", "once"), http(target, "two"))) as world:
        await world.sign()
        await world.until(lambda: target.requests == ["one"])
        await take_over(world)
        await world.until(lambda: world.step("one").state == "waiting")
        assert "nobody knows whether it took effect" in world.step("one").question
        await world.desk.act_on_step(ANNA, world.run.id, "one", "resolve", "done", "the portal shows it")
        await world.until(lambda: world.step("two").state == "waiting")
        await world.desk.act_on_step(ANNA, world.run.id, "two", "skip", "", "not needed")
        await world.reaches("rolled_back")
        assert target.requests == ["one"]


async def test_a_failed_step_is_taken_over_from_a_paused_run(tmp_path: Path, target: Target) -> None:
    """What failed is asked about first, with what is known of it."""
    target.ways["one"] = "refuse"
    async with Rollback(tmp_path, book(target, http(target, "one", "once"), http(target, "two"))) as world:
        await world.sign()
        await world.reaches("paused")
        await take_over(world)
        await world.until(lambda: world.step("one").state == "waiting")
        assert "it failed: answered 404" in world.step("one").question


async def test_a_restart_does_not_take_the_run_back(tmp_path: Path, target: Target) -> None:
    """Taken over, stopped, started again: still by hand, still the same question, nothing sent."""
    steps = book(target, http(target, "one"), MANUAL, http(target, "two"))
    async with Rollback(tmp_path, steps) as world:
        await at_the_floor(world)
        await take_over(world)
        await world.until(lambda: "By hand" in world.step("floor").question)
    async with Rollback(tmp_path, steps) as world:
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        assert world.run.by_hand == "olga"
        for name in ("floor", "two"):
            await world.until(lambda name=name: world.step(name).state == "waiting")
            await world.desk.act_on_step(ANNA, world.run.id, name, "resolve", "done", "seen")
        await world.reaches("rolled_back")
    assert target.requests == ["one"]


async def test_who_may_and_when(tmp_path: Path, target: Target) -> None:
    """Viewer and admin may not; a reason is needed; twice is refused with who was first; retry and undo send nothing."""
    async with Rollback(tmp_path, book(target, MANUAL)) as world:
        await at_the_floor(world)
        for actor, reason, status in ((EVE, "x", 403), (ADA, "x", 403), (OLGA, " ", 400)):
            with pytest.raises(Refusal) as refused:
                await world.desk.act_on_run(actor, world.run.id, "takeover", reason)
            assert refused.value.status == status
        assert world.run.by_hand == ""
        await take_over(world)
        with pytest.raises(Refusal) as refused:
            await world.desk.act_on_run(BEN, world.run.id, "takeover", "me too")
        assert (refused.value.status, "olga" in refused.value.what) == (409, True)
        await world.until(lambda: "By hand" in world.step("floor").question)
        for act in ("retry", "undo"):
            with pytest.raises(Refusal) as refused:
                await world.desk.act_on_step(BEN, world.run.id, "floor", act, "", "x")
            assert refused.value.status == 409
        await world.desk.act_on_run(BEN, world.run.id, "abort", "enough")
        await world.reaches("partial")
