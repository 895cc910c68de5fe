"""The decision's states, from candidate to rolled back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from monitor.judging.triggers import Approval
from monitor.model import Truth
from monitor.serving.acts import Actor, Refusal
from tests.monitor.deciding.world import ADA, ANNA, BEN, CARL, EVE, OLGA, Plan, World, asked, trigger

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


async def test_an_edge_opens_one_decision_and_repeats_join_it(world: World) -> None:
    """The same breach seen on forty ticks is one decision with one id."""
    await asked(world)
    first = world.row()
    for _ in range(40):
        await world.tick(abandon=TRUE)
    assert world.row().id == first.id
    assert (first.state, first.votes) == ("awaiting", ())
    assert [row.rule for row in first.evidence] == ["abandon"]


async def test_unknown_opens_nothing_unless_the_trigger_says_ask(world: World) -> None:
    """An unknown cause is no cause."""
    await world.tick(abandon=FALSE)
    for _ in range(5):
        await world.tick(abandon=UNKNOWN)
    assert world.rows() == ()


async def test_unknown_asks_a_person_where_the_trigger_says_so_and_never_acts(tmp_path: Path) -> None:
    """With unknown_is: ask, even an automatic trigger only asks; a start without data is no loss of sight."""
    world = await World(tmp_path / "j.db", trigger(unknown_is="ask", mode="auto")).start()
    await world.measure(legacy_up=1.0)
    await world.tick(abandon=UNKNOWN)
    assert world.rows() == ()
    await world.tick(abandon=FALSE)
    await world.tick(abandon=UNKNOWN)
    assert (world.row().state, world.row().mode) == ("awaiting", "approve")
    for _ in range(5):
        await world.tick()
    assert world.executor.handles == []
    await world.stop()


async def test_two_people_approve_and_it_executes_and_ends_rolled_back(world: World) -> None:
    """The whole line: asked, approved by two, pre-flight, executed, verified, concluded."""
    await asked(world)
    row = await world.sign(ANNA)
    assert (row.state, [vote.person for vote in row.votes]) == ("awaiting", ["anna"])
    assert (await world.sign(BEN)).state == "preflight"
    await world.tick()
    assert world.row().state == "executing"
    (handle,) = world.executor.handles
    assert handle.order.run == world.row().run
    handle.report("verifying", "")
    await world.settled()
    assert world.row().state == "verifying"
    handle.report("done", "verified after 31 s")
    await world.settled()
    assert world.row().state == "rolled_back"
    assert world.concluded == [world.row().id]
    words = [event.what for event in world.journal.events_after(0, 100)]
    assert words == [
        "rollback asks for voice-back",
        "approved by anna (1 of 2)",
        "approved by ben (2 of 2)",
        "pre-flight holds: voice-back begins",
        "verifying",
        "rolled back: verified after 31 s",
        "the rollback is concluded",
    ]


async def test_the_same_vote_fifty_times_at_once_counts_once(world: World) -> None:
    """A person who presses Enter fifty times has signed once, and fifty presses never meet a quorum of two."""
    await asked(world)
    row = world.row()
    answers = await asyncio.gather(*(world.sign(ANNA, row) for _ in range(50)))
    assert {len(answer.votes) for answer in answers} == {1}
    await world.tick()
    assert (world.row().state, len(world.row().votes)) == ("awaiting", 1)
    lines = await world.journal.entries(kind="decision")
    assert sum(line.who == "anna" for line in lines) == 1


async def test_fifty_votes_of_two_people_at_once_start_one_run(world: World) -> None:
    """Both quorum votes racing with their own copies start exactly one run."""
    await asked(world)
    row = world.row()
    answers = await asyncio.gather(
        *(world.sign(actor, row) for _ in range(25) for actor in (ANNA, BEN)), return_exceptions=True
    )
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    for _ in range(3):
        await world.tick()
    assert len(world.executor.handles) == 1


@pytest.mark.parametrize(
    ("actor", "status"), [(EVE, 403), (OLGA, 403), (ADA, 403), (CARL, 403)], ids=["viewer", "operator", "admin", "duty"]
)
async def test_who_may_not_sign_is_refused(world: World, actor: Actor, status: int) -> None:
    """Only an approver with one of the asked duties signs."""
    await asked(world)
    with pytest.raises(Refusal) as refused:
        await world.sign(actor)
    assert refused.value.status == status
    assert world.row().votes == ()


async def test_a_signature_under_another_digest_or_nonce_is_refused(world: World) -> None:
    """What you see is what you sign."""
    await asked(world)
    row = world.row()
    for digest, nonce in (("0" * 64, row.nonce), (row.digest, "old")):
        with pytest.raises(Refusal) as refused:
            await world.desk.approve(ANNA, row.id, digest, nonce, "")
        assert refused.value.status == 409
    assert world.row().votes == ()


async def test_the_cause_clearing_withdraws_the_request(world: World) -> None:
    """Nobody is asked for what is no longer so; after the cooldown the trigger is armed with a new epoch."""
    await asked(world)
    first = world.row()
    await world.tick(abandon=FALSE)
    assert world.row().state == "withdrawn"
    await world.tick(abandon=TRUE)
    assert len(world.rows()) == 1, "the cooldown of 60 s is not over"
    await world.tick(61.0)
    assert [row.state for row in world.rows()] == ["awaiting", "withdrawn"]
    assert world.rows()[0].id != first.id


@pytest.mark.parametrize("change", ["rule unknown", "preflight", "stage", "runbook"])
async def test_a_material_change_voids_the_signatures_and_asks_again(tmp_path: Path, change: str) -> None:
    """Votes rest on what was shown: when that changes they are void, with a new nonce, and the request stays."""
    world = await World(tmp_path / "j.db", trigger(when="abandon or probe_fails")).start()
    await world.tick(probe_fails=TRUE)
    await world.tick(abandon=TRUE, probe_fails=TRUE)
    await world.tick(61.0)
    await world.measure(legacy_up=1.0)
    before = world.row()
    signed = await world.sign(ANNA)
    if change == "rule unknown":
        await world.tick(probe_fails=UNKNOWN)
    elif change == "preflight":
        await world.measure(legacy_up=None)
    elif change == "stage":
        world.facts = type(world.facts)(
            at=world.now, stage="full", rules=world.facts.rules, signals=world.facts.signals
        )
        await world.tick()
    else:
        world.book.plans["voice-back"] = Plan(digest="d2")
        await world.tick()
    after = world.row()
    assert (after.state, after.votes, after.id) == ("awaiting", (), before.id)
    assert after.nonce != signed.nonce
    assert after.digest != signed.digest
    assert "anna are void" in world.events[-1][2]
    with pytest.raises(Refusal):
        await world.sign(ANNA, signed)
    await world.stop()


async def test_a_number_that_moves_voids_nothing(world: World) -> None:
    """A value that changes inside the same breach leaves signatures, digest and nonce as they are."""
    await asked(world)
    signed = await world.sign(ANNA)
    for value in (0.2, 0.3, 0.25):
        await world.measure(abandon=value)
    assert (world.row().votes, world.row().digest, world.row().nonce) == (signed.votes, signed.digest, signed.nonce)


async def test_nobody_answering_escalates_and_it_can_still_be_approved(world: World) -> None:
    """Silence never executes: at the deadline more people hear of it."""
    await asked(world)
    await world.tick(299.0)
    assert world.row().state == "awaiting"
    await world.tick(1.0)
    assert world.row().state == "escalated"
    await world.sign(ANNA)
    assert (await world.sign(BEN)).state == "preflight"


async def test_a_deadline_may_deny_and_then_rearms_by_itself(tmp_path: Path) -> None:
    """Where the trigger says deny, the request ends; it asks again after the cooldown."""
    approval = Approval(duties=(), quorum=1, deadline=30.0, on_deadline="deny")
    world = await World(tmp_path / "j.db", trigger(approval=approval)).start()
    await asked(world)
    await world.tick(30.0)
    assert world.row().state == "denied"
    await world.tick(60.0)
    assert [row.state for row in world.rows()] == ["awaiting", "denied"]
    await world.stop()


async def test_signatures_expire_on_the_wall_clock_and_on_the_monotonic_clock(world: World) -> None:
    """A signature holds for ten minutes, also when the wall clock was set back meanwhile."""
    await asked(world)
    await world.sign(ANNA)
    world.mono += 600.0
    await world.tick()
    assert world.row().votes == ()
    await world.tick()
    assert world.row().state == "escalated"
    await world.sign(ANNA)
    await world.tick(600.0)
    assert world.row().votes == ()


async def test_a_false_preflight_freezes_and_needs_a_person(world: World) -> None:
    """With the old platform down nothing is moved there; only a person arms the trigger again."""
    await asked(world)
    await world.measure(legacy_up=0.0)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    assert (world.row().state, world.executor.handles) == ("frozen", [])
    assert "frozen" in world.desk.forward_blocked()
    await world.tick(3600.0)
    assert len(world.rows()) == 1
    with pytest.raises(Refusal):
        await world.desk.rearm(OLGA, world.row().id, "")
    await world.desk.rearm(BEN, world.row().id, "trunks are back")
    await world.tick()
    assert [row.state for row in world.rows()] == ["awaiting", "frozen"]


async def test_an_unknown_preflight_waits_and_is_shown(world: World) -> None:
    """Unknown never executes, approved or not; once it is known to hold, it goes on."""
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.sign(BEN)
    for _ in range(3):
        await world.tick()
    row = world.row()
    assert (row.state, world.executor.handles) == ("preflight", [])
    assert "legacy_up >= 1" in row.detail
    await world.measure(legacy_up=1.0)
    assert world.row().state == "executing"


async def test_approved_but_the_signatures_expire_before_it_can_execute(world: World) -> None:
    """Four eyes are enforced at execution: an approval that grew old while waiting is asked for again."""
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick(601.0)
    assert (world.row().state, world.row().votes) == ("awaiting", ())


async def test_rejecting_ends_it_and_it_asks_again_after_the_cooldown(world: World) -> None:
    """A person's no is the end of this request, not of the alarm."""
    await asked(world)
    row = await world.desk.reject(BEN, world.row().id, "false alarm\x1b[2J")
    assert (row.state, row.votes[0].vote, row.votes[0].reason) == ("rejected", "reject", "false alarm\\x1b[2J")
    with pytest.raises(Refusal) as refused:
        await world.sign(ANNA)
    assert refused.value.status == 409
    await world.tick(60.0)
    assert [each.state for each in world.rows()] == ["awaiting", "rejected"]


async def test_observe_records_and_asks_nobody(tmp_path: Path) -> None:
    """In observe mode the journal says what would have been asked, and nobody is."""
    world = await World(tmp_path / "j.db", trigger(mode="observe")).start()
    await asked(world)
    await world.tick()
    assert (world.row().state, world.desk.waiting_rows()) == ("recorded", ())
    await world.stop()


@pytest.mark.parametrize(
    ("fields", "facts", "why"),
    [
        (
            {"when": "abandon and mos"},
            {"rules": {"mos": TRUE}, "witnesses": dict.fromkeys(("abandon", "mos"), frozenset({"connect"}))},
            "1 of 2 independent sources",
        ),
        ({}, {"witnesses": {"abandon": frozenset({"connect", "probe"})}}, "1 of 2 independent sources"),
        (
            {"when": "abandon and mos", "distinct_sources": 3},
            {"rules": {"mos": TRUE}},
            "2 of 3 independent sources",
        ),
        ({"when": "abandon or probe_fails"}, {}, "probe_fails unknown"),
        ({"absolute": True}, {}, "an absolute stop always asks"),
    ],
    ids=["one source", "one rule of two collectors", "three wanted", "a rule unknown", "absolute"],
)
async def test_automatic_mode_asks_where_its_guard_does_not_hold(
    tmp_path: Path, fields: dict, facts: dict, why: str
) -> None:
    """Stale, thin or single-source evidence never acts by itself; the reason is on screen."""
    world = await World(tmp_path / "j.db", trigger(mode="auto", **fields)).start()
    world.facts = type(world.facts)(at=world.now, known={}, **facts)
    await asked(world)
    await world.tick()
    assert (world.row().state, world.executor.handles) == ("awaiting", [])
    assert why in world.row().detail
    await world.stop()


async def test_automatic_mode_acts_once_a_cutover_when_its_guard_holds(tmp_path: Path) -> None:
    """Two rules on sources of their own run it without being asked; a second time a person is asked."""
    world = await World(tmp_path / "j.db", trigger(mode="auto", when="abandon and mos", cooldown=10.0)).start()
    await world.tick(mos=TRUE)
    await asked(world)
    await world.tick()
    assert world.row().state == "executing"
    world.executor.handles[0].report("ineffective", "")
    await world.settled()
    await world.desk.rearm(ANNA, world.row().id, "looked at it")
    await world.tick(10.0)
    assert [(row.state, row.mode) for row in world.rows()] == [("awaiting", "approve"), ("ineffective", "auto")]
    await world.stop()


async def test_automatic_mode_that_loses_sight_before_the_first_step_asks(tmp_path: Path) -> None:
    """The guard is asked again right before executing."""
    world = await World(tmp_path / "j.db", trigger(mode="auto", when="abandon and mos")).start()
    await world.measure(legacy_up=1.0)
    assert world.desk.office.wheel.take("another")
    await world.tick(abandon=TRUE, mos=TRUE)
    assert world.row().state == "preflight"
    await world.tick(abandon=UNKNOWN)
    assert (world.row().state, world.row().mode, world.executor.handles) == ("awaiting", "approve", [])
    await world.stop()
