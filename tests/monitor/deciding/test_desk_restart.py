"""The desk over restarts, and with a journal that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.model import Truth
from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ANNA, BEN, PEOPLE, Plan, World, asked, executing

TRUE, FALSE = Truth.TRUE, Truth.FALSE


async def test_a_restart_keeps_signatures_nonce_and_deadline(world: World) -> None:
    """An open request comes back as it was: one signature given before the stop still counts."""
    await asked(world)
    before = await world.sign(ANNA)
    await world.again()
    after = world.row()
    assert (after.id, after.nonce, after.digest, after.votes) == (before.id, before.nonce, before.digest, before.votes)
    await world.tick()
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "executing"


async def test_a_restart_under_another_configuration_voids_signatures(world: World) -> None:
    """The configuration is part of what was signed."""
    await asked(world)
    await world.sign(ANNA)
    await world.again(config_digest="c2")
    await world.tick()
    assert (world.row().votes, world.row().state) == ((), "awaiting")
    assert "configuration" in world.row().detail


async def test_a_restart_keeps_cooldowns_and_epochs(world: World) -> None:
    """A withdrawn request does not open again before its cooldown because the daemon was restarted."""
    await asked(world)
    first = world.row().id
    await world.tick(abandon=FALSE)
    await world.again()
    await world.tick(abandon=TRUE)
    assert world.row().state == "withdrawn"
    await world.tick(61.0)
    assert world.rows()[0].id != first


async def test_a_restart_takes_a_run_up_and_holds_it_when_it_is_too_old(world: World) -> None:
    """Within two minutes the executor goes on by itself; later, or under an edited runbook, a person decides."""
    await executing(world)
    await world.again()
    (handle,) = world.executor.handles
    assert (handle.hold, handle.order.run) == ("", world.row().run)
    world.now += 121.0
    await world.again()
    assert "interrupted 2m01s ago" in world.executor.handles[0].hold
    world.now -= 121.0
    world.book.plans["voice-back"] = Plan(digest="d2")
    await world.again()
    assert "runbook was changed" in world.executor.handles[0].hold


async def test_what_follows_a_rollback_is_done_again_when_a_crash_cut_it_off(tmp_path: Path) -> None:
    """The stage moves back once the rollback is verified, even when the daemon died in between."""

    async def dies(_row: object) -> None:
        raise OSError("no more")

    world = await World(tmp_path / "j.db", on_rolled_back=dies).start()
    await executing(world)
    world.executor.handles[0].report("done", "")
    await world.settled()
    assert (world.row().state, world.concluded) == ("rolled_back", [])
    await world.again(on_rolled_back=world._concluded)
    assert world.concluded == [world.row().id]
    await world.again()
    assert world.concluded == [world.row().id]
    await world.stop()


async def test_a_person_who_was_removed_does_not_count_any_more(world: World) -> None:
    """Signatures are checked again right before the first step, against the people there are."""
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.again(people=[person for person in PEOPLE if person.name != "ben"])
    await world.measure(legacy_up=1.0)
    assert (world.row().state, world.executor.handles) == ("awaiting", [])


async def test_with_a_journal_that_cannot_be_written_nothing_happens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line, no act: the vote is refused in words, the decision stays as it is."""
    await asked(world)
    row = world.row()

    def full(_lines: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.journal._ledger, "append", full)
    with pytest.raises(Refusal) as refused:
        await world.sign(ANNA, row)
    assert refused.value.status == 503
    assert world.row().votes == ()


async def test_a_disabled_desk_opens_and_runs_nothing(tmp_path: Path) -> None:
    """With a damaged journal the desk says why and does nothing."""
    world = await World(tmp_path / "j.db", disabled="the journal is damaged").start()
    await asked(world)
    assert world.rows() == ()
    with pytest.raises(Refusal) as refused:
        await world.desk.request_run(ANNA, "voice-back", {}, "")
    assert (refused.value.status, "damaged" in refused.value.what) == (503, True)
    await world.stop()
