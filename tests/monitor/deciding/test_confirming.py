"""What a confirmation is good for: for what was shown, by whom, for how long, how often; and what stops a wrong one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.deciding.differing import MOST, differences
from monitor.deciding.locking import ATTEMPTS
from monitor.model import Truth
from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ANNA, BEN, OLGA, Plan, World, asked, trigger

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


async def refused(attempt: Any) -> Refusal:
    """What an attempt is told."""
    with pytest.raises(Refusal) as said:
        await attempt
    return said.value


async def test_a_captured_approval_is_worth_nothing_after_what_it_was_for(world: World) -> None:
    """Replayed after a rejection, after a restart, and for the next decision of the same trigger: refused each time."""
    await asked(world)
    row = world.row()
    captured = (row.id, row.digest, row.nonce, "as shown")
    await world.desk.reject(ANNA, row.id, "false alarm")
    assert (await refused(world.desk.approve(BEN, *captured))).status == 409
    await world.again()
    assert (await refused(world.desk.approve(BEN, *captured))).status == 409
    await world.tick(61.0, abandon=FALSE)
    await world.tick(abandon=TRUE)
    new = world.rows()[0]
    assert new.id != row.id
    assert (await refused(world.desk.approve(BEN, new.id, row.digest, row.nonce, ""))).status == 409
    assert (await refused(world.desk.approve(BEN, new.id, new.digest, row.nonce, ""))).status == 409
    assert new.votes == ()


async def test_a_captured_approval_counts_once_also_across_a_restart(world: World) -> None:
    """The same request again and again is one vote; after votes were voided it is none."""
    await asked(world)
    row = world.row()
    for _ in range(3):
        await world.desk.approve(ANNA, row.id, row.digest, row.nonce, "")
    await world.again()
    await world.tick()
    after = await world.desk.approve(ANNA, row.id, row.digest, row.nonce, "")
    assert [vote.person for vote in after.votes] == ["anna"]
    world.facts = msgspec.structs.replace(world.facts, stage="full")
    await world.tick()
    assert (await refused(world.desk.approve(ANNA, row.id, row.digest, row.nonce, ""))).status == 409
    assert world.row().votes == ()


async def test_what_was_shown_long_ago_is_not_signed_any_more(tmp_path: Path) -> None:
    """Ten minutes after it was shown a nonce is worth nothing; it is still asked, people hear so, signatures stay."""
    world = await World(tmp_path / "j.db", trigger(approval=trigger().approval)).start()
    await asked(world)
    shown = world.row()
    await world.tick(400.0)
    assert world.row().state == "escalated"
    await world.sign(ANNA)
    await world.tick(205.0)
    row = world.row()
    assert row.nonce != shown.nonce
    assert row.digest == shown.digest
    assert [vote.person for vote in row.votes] == ["anna"]
    assert (await refused(world.desk.approve(BEN, row.id, shown.digest, shown.nonce, ""))).status == 409
    assert "asked" in [kind for kind, _, _ in world.events]
    assert (await world.sign(BEN)).state == "preflight"
    await world.stop()


async def test_five_guesses_lock_a_person_out_of_one_decision_and_page(world: World) -> None:
    """Wrong digests or nonces are counted, the fifth locks and alerts, others sign on, a restart does not unlock."""
    await asked(world)
    row = world.row()
    guesses = [("0" * 64, row.nonce), (row.digest, "n"), ("x", "y"), ("", ""), (row.digest[:-1], row.nonce)]
    assert len(guesses) == ATTEMPTS
    for digest, nonce in guesses:
        assert (await refused(world.desk.approve(BEN, row.id, digest, nonce, ""))).status == 409
    told = await refused(world.sign(BEN))
    assert (told.status, "locked out" in told.what) == (403, True)
    assert world.row().locked == ("ben",)
    assert [kind for kind, _, _ in world.events].count("locked") == 1
    await world.again()
    await world.tick()
    assert (await refused(world.sign(BEN))).status == 403
    await world.sign(ANNA)


async def test_who_was_only_too_slow_is_not_locked_out(world: World) -> None:
    """What was once shown is late, not guessed: a night of changing facts locks nobody."""
    await asked(world)
    old = [world.row()]
    for stage in ("a", "b", "c", "d", "e", "f"):
        world.facts = msgspec.structs.replace(world.facts, stage=stage)
        await world.tick()
        old.append(world.row())
    for row in old[:-1]:
        assert (await refused(world.sign(BEN, row))).status == 409
    await world.sign(BEN)


async def test_guesses_at_an_attestation_count_as_well(world: World) -> None:
    """A wrong digest is a guess wherever it is given."""
    await asked(world)
    row = world.row()
    for n in range(ATTEMPTS):
        await refused(world.desk.counter.attest(BEN, row.id, "legacy_up >= 1", f"{n}", "x"))
    assert (await refused(world.sign(BEN))).status == 403


async def test_fifty_requests_at_once_are_one_and_each_is_told_whose(world: World) -> None:
    """Two people, the same and different keys, a held Enter: one decision, and who asked for it how long ago."""
    await world.measure(legacy_up=1.0)
    actors = [ANNA, OLGA]
    asks = [world.desk.request_run(actors[n % 2], "voice-back", {}, "calls are lost", f"k{n // 10}") for n in range(50)]
    rows = await asyncio.gather(*asks)
    assert len({row.id for row in rows}) == 1
    assert [row.answer for row in rows].count("") == 1
    assert {row.answer for row in rows} == {"", "asked for by anna 1s ago"}
    world.now += 5
    row = await world.desk.request_run(BEN, "voice-back", {}, "")
    assert row.answer == "asked for by anna 5s ago"


async def test_a_key_means_its_request_also_when_that_is_over(world: World) -> None:
    """A client that repeats itself after the end, or after a restart, opens nothing new; a new key is a new request."""
    await world.measure(legacy_up=1.0)
    first = await world.desk.request_run(ANNA, "voice-back", {}, "why", "key-1")
    await world.desk.reject(BEN, first.id, "no")
    await world.again()
    await world.tick()
    again = await world.desk.request_run(ANNA, "voice-back", {}, "why", "key-1")
    assert (again.id, again.state) == (first.id, "rejected")
    told = await refused(world.desk.request_run(ANNA, "voice-back", {"queue": "x"}, "why", "key-1"))
    assert told.status == 422
    other = await world.desk.request_run(BEN, "voice-back", {}, "why", "key-1")
    assert other.id != first.id, "another person's key is another key"


async def test_a_finished_rollback_is_run_again_only_with_a_reason_and_a_new_id(world: World) -> None:
    """Rolling back what is rolled back is a new request with a word why, never a slip."""
    await world.measure(legacy_up=1.0)
    row = await world.desk.request_run(OLGA, "voice-back", {}, "calls are lost")
    await world.sign(ANNA, row)
    await world.sign(BEN)
    await world.tick()
    world.executor.handles[0].report("done", "verified")
    await world.settled()
    told = await refused(world.desk.request_run(OLGA, "voice-back", {}, ""))
    assert (told.status, f"run-{row.id}" in told.what) == (422, True)
    again = await world.desk.request_run(OLGA, "voice-back", {}, "the carrier undid it")
    assert again.id != row.id


async def test_a_cause_that_clears_withdraws_unless_the_trigger_says_otherwise(tmp_path: Path) -> None:
    """abort_if_clear: false keeps asking, says that the cause is gone, and takes back what was signed before."""
    world = await World(tmp_path / "j.db", trigger(abort_if_clear=False)).start()
    await asked(world)
    shown = await world.sign(ANNA)
    await world.tick(abandon=FALSE)
    await world.tick()
    row = world.row()
    assert (row.state, row.cleared, row.votes) == ("awaiting", True, ())
    assert "abandon is no longer in breach" in row.detail
    assert (await refused(world.sign(BEN, shown))).status == 409, "the approve key is disarmed until read again"
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "executing"
    await world.stop()


async def test_an_edited_runbook_voids_and_shows_what_changed(world: World) -> None:
    """The signers are asked again and see, line by line, what is different from what they read before."""
    old: dict[str, object] = {
        "name": "voice-back",
        "steps": [{"name": "numbers", "request": {"url": "https://a/1"}}],
        "verify_hold": 30.0,
    }
    new: dict[str, object] = {
        "name": "voice-back",
        "steps": [{"name": "numbers", "request": {"url": "https://a/2"}}, {"name": "more"}],
    }
    world.book.plans["voice-back"] = Plan(pinned=old)
    await asked(world)
    await world.sign(ANNA)
    world.book.plans["voice-back"] = Plan(pinned=new, digest="d2")
    await world.tick()
    row = world.row()
    assert (row.votes, row.changes) == (
        (),
        (
            "- steps[numbers].request.url: https://a/1",
            "+ steps[numbers].request.url: https://a/2",
            "- verify_hold: 30.0",
            "+ steps[more].name: more",
        ),
    )


def test_a_rewritten_runbook_is_cut_and_counted() -> None:
    """A diff never floods a dialog, and says how much there is beyond."""
    lines = differences({}, {f"k{n}": n for n in range(100)})
    assert len(lines) == MOST + 1
    assert lines[-1] == f"and {100 - MOST} more lines"
    assert differences({"a": "x\x1b[2J"}, {"a": "y"})[0] == "- a: x\\x1b[2J"


async def test_after_decide_by_a_signature_needs_an_explicit_word(tmp_path: Path) -> None:
    """A rollback that ends after the window may be right, but nobody chooses it unawares: late, with a reason."""
    world = World(tmp_path / "j.db")
    world.decide_by = 1100.0
    await world.start()
    await asked(world)
    await world.sign(ANNA)
    await world.tick(150.0)
    row = world.row()
    told = await refused(world.desk.approve(BEN, row.id, row.digest, row.nonce, "as shown"))
    assert (told.status, "decide-by was" in told.what) == (409, True)
    told = await refused(world.desk.approve(BEN, row.id, row.digest, row.nonce, " ", late=True))
    assert told.status == 409
    assert world.row().locked == ()
    await world.desk.approve(BEN, row.id, row.digest, row.nonce, "forward is worse", late=True)
    await world.tick()
    assert world.row().state == "executing"
    await world.stop()


async def test_after_decide_by_nothing_begins_by_itself(tmp_path: Path) -> None:
    """Automatic mode asks people once waiting has stopped being an option."""
    world = World(tmp_path / "j.db", trigger(mode="auto", when="abandon and mos"))
    world.decide_by = 1000.0
    await world.start()
    await world.tick(mos=Truth.TRUE)
    await asked(world)
    await world.tick()
    assert (world.row().state, world.row().mode, world.executor.handles) == ("awaiting", "approve", [])
    assert "decide-by has passed" in world.row().detail
    await world.stop()


async def test_who_waits_for_a_person_is_said_again_and_to_more(world: World) -> None:
    """An unanswered question is a reminder after two minutes and a wider page after five, not a page a tick."""
    await asked(world)
    await world.measure(legacy_up=None)
    await world.sign(ANNA)
    await world.sign(BEN)
    for _ in range(12):
        await world.tick(30.0)
    kinds = [kind for kind, _, _ in world.events if kind in ("reminder", "overdue")]
    assert kinds == ["reminder", "overdue"]
    await world.journal.append("note", "test", "all lines before this one are written")
    assert any("waits for a person" in event.what for event in world.journal.events_after(0, 200))


async def test_a_persons_request_is_not_withdrawn_when_a_cause_that_joined_it_clears(world: World) -> None:
    """A trigger that joins a request by hand is further evidence; its end does not end what a person asked for."""
    await world.measure(legacy_up=1.0)
    await world.tick(abandon=FALSE)
    row = await world.desk.request_run(OLGA, "voice-back", {}, "calls are lost")
    await world.tick(abandon=TRUE)
    assert world.row().trigger == "by hand, rollback"
    await world.tick(abandon=FALSE)
    await world.tick()
    assert (world.row().id, world.row().state, world.row().cleared) == (row.id, "awaiting", False)
