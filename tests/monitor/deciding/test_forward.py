"""Going forward again after something went back."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.model import Truth
from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ADA, ANNA, BEN, OLGA, World, executing, trigger

TRUE, FALSE = Truth.TRUE, Truth.FALSE


async def ended(world: World, report: str) -> None:
    """Bring the world to a decision whose run has ended so."""
    await executing(world)
    await world.tick(abandon=FALSE)
    world.executor.handles[0].report(report, "as the test says")
    await world.settled()


@pytest.mark.parametrize("report", ["done", "aborted", "ineffective"])
async def test_nothing_goes_forward_before_a_person_has_armed_again(world: World, report: str) -> None:
    """Rolled back, half done or not seen to work: a person with a reason, then the pre-flight afresh."""
    await ended(world, report)
    row = world.row()
    assert "nobody has armed it again" in world.desk.forward_blocked()
    for actor, reason, status in ((OLGA, "fine", 403), (ADA, "", 422), (ADA, "  ", 422)):
        with pytest.raises(Refusal) as refused:
            await world.desk.rearm(actor, row.id, reason)
        assert refused.value.status == status
    await world.desk.rearm(ADA, row.id, "carrier has mended the trunk")
    assert world.desk.forward_blocked() == ""
    assert world.journal.events_after(0, 100)[-1].what == "armed again by ada: carrier has mended the trunk"


async def test_the_way_back_must_be_seen_at_the_moment_of_going_forward(world: World) -> None:
    """False and unknown both block, with the condition in words; a step forward that was taken asks no more."""
    await ended(world, "done")
    await world.desk.rearm(ANNA, world.row().id, "looked at it")
    await world.measure(legacy_up=0.0)
    assert "the pre-flight of voice-back does not hold: legacy_up >= 1 is false" in world.desk.forward_blocked()
    await world.measure(legacy_up=None)
    assert "legacy_up >= 1 is unknown" in world.desk.forward_blocked()
    assert world.desk.forward_blocked(world.now + 1.0) == ""
    del world.book.plans["voice-back"]
    assert "cannot be judged" in world.desk.forward_blocked()


async def test_it_survives_a_restart(world: World) -> None:
    """What must be armed again is on disk, and so is that it was."""
    await ended(world, "done")
    await world.again()
    await world.tick()
    assert "nobody has armed it again" in world.desk.forward_blocked()
    await world.desk.rearm(ANNA, world.row().id, "looked at it")
    await world.again()
    assert "cannot be judged" in world.desk.forward_blocked(), "nothing was judged yet"
    await world.tick()
    assert world.desk.forward_blocked() == ""


async def test_what_is_left_to_people_needs_no_arming_but_a_way_back(tmp_path: Path) -> None:
    """With max_runs used up there is nothing to arm; the pre-flight is asked all the same."""
    world = await World(tmp_path / "j.db", trigger(max_runs=1)).start()
    await ended(world, "done")
    with pytest.raises(Refusal, match="max_runs"):
        await world.desk.rearm(ANNA, world.row().id, "again")
    assert world.desk.forward_blocked() == ""
    await world.measure(legacy_up=0.0)
    assert "no way back" in world.desk.forward_blocked()
    await world.stop()


async def test_what_a_person_asked_for_is_armed_again_too(world: World) -> None:
    """A rollback by hand blocks the way forward like any other."""
    await world.measure(legacy_up=1.0)
    row = await world.desk.request_run(ANNA, "voice-back", {}, "I hear them")
    await world.sign(BEN, row)
    await world.tick()
    world.executor.handles[0].report("done", "")
    await world.settled()
    assert "nobody has armed it again" in world.desk.forward_blocked()
    assert world.desk.holding() == "", "the verdict is the legacy stage's own"
    await world.desk.rearm(BEN, row.id, "the carrier confirms")
    assert world.desk.forward_blocked() == ""


async def test_what_only_asked_blocks_nothing_once_it_has_ended(world: World) -> None:
    """Withdrawn, rejected, denied and recorded arm themselves; an open one blocks."""
    await world.measure(legacy_up=1.0)
    await world.tick(abandon=TRUE)
    assert "is awaiting" in world.desk.forward_blocked()
    await world.desk.reject(BEN, world.row().id, "false alarm")
    assert world.desk.forward_blocked() == ""
    with pytest.raises(Refusal, match="nothing to arm"):
        await world.desk.rearm(ANNA, world.row().id, "again")
