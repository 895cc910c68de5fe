"""Several triggers, runbooks and people at one desk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from monitor.model import Truth
from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ANNA, BEN, EVE, OLGA, Plan, World, asked, executing, trigger

TRUE, FALSE = Truth.TRUE, Truth.FALSE


async def test_a_second_trigger_with_the_same_runbook_joins_as_evidence(tmp_path: Path) -> None:
    """Two alarms that call for the same act are one request; it is withdrawn only when both have cleared."""
    world = await World(tmp_path / "j.db", trigger(), trigger("deaf", "no_audio")).start()
    await asked(world)
    digest = world.row().digest
    await world.tick(no_audio=TRUE)
    row = world.row()
    assert (row.trigger, row.digest) == ("rollback, deaf", digest)
    assert [each.rule for each in row.evidence] == ["abandon", "no_audio"]
    await world.tick(abandon=FALSE)
    assert world.row().state == "awaiting"
    await world.tick(no_audio=FALSE)
    assert world.row().state == "withdrawn"
    await world.stop()


async def test_five_hundred_triggers_at_once_make_one_request(tmp_path: Path) -> None:
    """A storm of alarms with one runbook is one decision and at most one run."""
    many = [trigger(f"t{number}", f"r{number}") for number in range(500)]
    world = await World(tmp_path / "j.db", *many).start()
    await world.measure(legacy_up=1.0)
    await world.tick(**{f"r{number}": TRUE for number in range(500)})
    assert len(world.rows()) == 1
    assert len(world.row().evidence) == 500
    await world.stop()


async def test_another_runbook_opens_its_own_request_and_waits_for_the_wheel(tmp_path: Path) -> None:
    """One run at a time a cutover, held from the first step to the end."""
    world = await World(tmp_path / "j.db", trigger(), trigger("pause", "crm", runbook="pause-wave")).start()
    world.book.plans["pause-wave"] = Plan(name="pause-wave", preflight=())
    await executing(world)
    await world.tick(crm=TRUE)
    second = next(row for row in world.rows() if row.runbook == "pause-wave")
    await world.sign(ANNA, second)
    await world.sign(BEN, second)
    for _ in range(3):
        await world.tick()
    second = next(row for row in world.rows() if row.runbook == "pause-wave")
    assert second.state == "preflight"
    assert "has a run" in second.detail
    world.executor.handles[0].report("aborted", "")
    await world.settled()
    await world.tick()
    assert [row.state for row in world.rows()] == ["executing", "partial"]
    await world.stop()


async def test_an_absolute_stop_supersedes_a_request_that_nobody_approved(tmp_path: Path) -> None:
    """The graver alarm asks in its own name."""
    world = await World(tmp_path / "j.db", trigger(), trigger("emergency", "calls112", absolute=True)).start()
    await asked(world)
    await world.tick(calls112=TRUE)
    assert {row.trigger: row.state for row in world.rows()} == {"rollback": "withdrawn", "emergency": "awaiting"}
    await world.stop()


async def test_a_request_by_hand_needs_another_person_and_is_one_however_often_pressed(world: World) -> None:
    """The presser is the requester; fifty presses are one request; somebody else signs."""
    await world.measure(legacy_up=1.0)
    rows = await asyncio.gather(
        *(world.desk.request_run(ANNA, "voice-back", {}, "I see dead calls") for _ in range(50))
    )
    assert len({row.id for row in rows}) == 1
    assert (world.row().requester, world.row().trigger, world.row().quorum) == ("anna", "by hand", 1)
    with pytest.raises(Refusal) as refused:
        await world.sign(ANNA)
    assert refused.value.status == 403
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "executing"


async def test_an_operator_who_presses_is_not_one_of_the_signers(world: World) -> None:
    """Who could not have signed does not count towards the quorum by asking."""
    await world.measure(legacy_up=1.0)
    row = await world.desk.request_run(OLGA, "voice-back", {}, "")
    assert row.quorum == 2
    for actor, name, parameters, status in (
        (EVE, "voice-back", {}, 403),
        (ANNA, "nothing", {}, 404),
        (ANNA, "voice-back", {"bad": "x"}, 422),
    ):
        with pytest.raises(Refusal) as refused:
            await world.desk.request_run(actor, name, parameters, "")
        assert refused.value.status == status


async def test_after_max_runs_only_people_ask(tmp_path: Path) -> None:
    """The cap on runs ends what a trigger may do; a person may still ask by hand."""
    world = await World(tmp_path / "j.db", trigger(max_runs=1)).start()
    await executing(world)
    world.executor.handles[0].report("ineffective", "not verified")
    await world.settled()
    with pytest.raises(Refusal) as refused:
        await world.desk.rearm(ANNA, world.row().id, "again")
    assert "max_runs" in refused.value.what
    row = await world.desk.request_run(ANNA, "voice-back", {}, "once more")
    assert row.state == "awaiting"
    await world.stop()


async def test_what_was_executed_is_executed_again_only_with_a_reason_and_as_a_run_of_its_own(tmp_path: Path) -> None:
    """A finished rollback asked for again: refused without a reason; with one it is another decision and another run."""
    world = await World(tmp_path / "j.db", trigger(max_runs=1)).start()
    await executing(world)
    first = world.row()
    world.executor.handles[0].report("done", "verified")
    await world.settled()
    with pytest.raises(Refusal) as refused:
        await world.desk.request_run(ANNA, "voice-back", {}, " ")
    assert refused.value.status == 422
    assert refused.value.what == f"voice-back was executed already, as {first.run}, and is rolled back"
    await world.tick(1.0)
    row = await world.desk.request_run(ANNA, "voice-back", {}, "calls came back to target by mistake")
    assert row.id != first.id
    await world.sign(BEN, row)
    await world.tick()
    orders = [handle.order for handle in world.executor.handles]
    assert len({order.run for order in orders}) == len(orders) == 2
    await world.stop()
