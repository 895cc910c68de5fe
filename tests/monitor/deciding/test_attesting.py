"""A condition that cannot be known, and a named person who vouches for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deciding.attesting import holding, holds
from monitor.deciding.decision import Attestation
from monitor.model import Truth
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import CheckRow, DecisionRow
from tests.monitor.deciding.world import ADA, ANNA, BEN, CARL, EVE, OLGA, World, asked, trigger

ITEM = "legacy_up >= 1"
TRUE, FALSE = Truth.TRUE, Truth.FALSE


async def waiting(world: World) -> DecisionRow:
    """A decision that two people signed and whose pre-flight cannot be known."""
    await asked(world)
    await world.measure(legacy_up=None)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    row = world.row()
    assert row.state == "preflight"
    return row


async def vouch(world: World, actor: Actor, row: DecisionRow, evidence: str = "saw 200 OK on the SBC") -> DecisionRow:
    return await world.desk.counter.attest(actor, row.id, ITEM, row.digest, evidence)


async def test_an_unknown_condition_that_an_approver_vouches_for_lets_the_run_begin(world: World) -> None:
    """The wait ends; who said what is in the rows, in the words of the start and in the journal."""
    row = await waiting(world)
    after = await vouch(world, CARL, row)
    (check,) = after.preflight
    await world.tick()
    assert world.row().state == "executing"
    (check,) = world.row().preflight
    assert (check.state, check.attested.startswith("carl: saw 200 OK")) == ("unknown", True)
    words = [event.what for event in world.journal.events_after(0, 100)]
    assert f"{ITEM} is attested by carl: saw 200 OK on the SBC" in words
    assert any(f"{ITEM} on the word of carl" in word for word in words)


async def test_it_is_shown_before_it_is_relied_on(world: World) -> None:
    """While people are still asked, the dialog's rows say who vouches and for how long."""
    await asked(world)
    await world.measure(legacy_up=None)
    await vouch(world, CARL, world.row())
    await world.tick()
    (check,) = world.row().preflight
    assert check.attested.startswith("carl: saw 200 OK on the SBC (for another ")
    assert world.desk.waiting_rows()[0].kind == "approval"


async def test_a_false_condition_can_never_be_attested(world: World) -> None:
    """What is measured to be false is false, before anybody's word and after it."""
    row = await waiting(world)
    await vouch(world, CARL, row)
    await world.measure(legacy_up=0.0)
    assert world.row().state == "frozen"
    assert world.executor.handles == []


async def test_nobody_attests_what_is_known_or_not_asked(world: World) -> None:
    """False, true and unknown names are refused in words."""
    await asked(world)
    for value, status in ((0.0, 409), (1.0, 409)):
        await world.measure(legacy_up=value)
        with pytest.raises(Refusal) as refused:
            await vouch(world, CARL, world.row())
        assert refused.value.status == status
    row = world.row()
    with pytest.raises(Refusal) as refused:
        await world.desk.counter.attest(CARL, row.id, "something else", row.digest, "x")
    assert refused.value.status == 404


@pytest.mark.parametrize("actor", [EVE, OLGA, ADA], ids=lambda actor: actor.role)
async def test_only_approvers_attest(world: World, actor: Actor) -> None:
    """Viewer, operator and admin are refused and nothing is changed."""
    row = await waiting(world)
    with pytest.raises(Refusal) as refused:
        await vouch(world, actor, row)
    assert refused.value.status == 403
    await world.tick()
    assert world.row().state == "preflight"


async def test_who_asked_for_it_does_not_attest_for_it(world: World) -> None:
    """The requester of a run by hand is refused, another approver is taken."""
    await world.measure(legacy_up=None)
    row = await world.desk.request_run(ANNA, "voice-back", {}, "calls are lost")
    with pytest.raises(Refusal) as refused:
        await vouch(world, ANNA, row)
    assert (refused.value.status, "cannot attest" in refused.value.what) == (403, True)
    await vouch(world, CARL, row)


async def test_no_evidence_is_no_attestation(world: World) -> None:
    """An empty word counts for nothing."""
    row = await waiting(world)
    with pytest.raises(Refusal) as refused:
        await vouch(world, CARL, row, "  ")
    assert refused.value.status == 400


async def test_it_is_bound_to_what_was_shown_and_gone_when_that_changes(world: World) -> None:
    """Another digest is refused; a material change takes the word back with the signatures."""
    row = await waiting(world)
    with pytest.raises(Refusal) as refused:
        await world.desk.counter.attest(CARL, row.id, ITEM, "0" * 64, "x")
    assert refused.value.status == 409
    world.facts = msgspec.structs.replace(world.facts, stage="full")
    await world.tick()
    await world.tick()
    assert world.row().state == "awaiting"
    await vouch(world, CARL, world.row())
    world.book.plans["voice-back"] = msgspec.structs.replace(world.book.plans["voice-back"], digest="d2")
    await world.tick()
    assert [check.attested for check in world.row().preflight] == [""]


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
async def test_it_expires_on_either_clock(world: World, clock: str) -> None:
    """Ten minutes after the word the condition is unknown again, whichever clock was moved."""
    await asked(world)
    await world.measure(legacy_up=None)
    await vouch(world, CARL, world.row())
    if clock == "wall":
        world.now += 600
    else:
        world.mono += 600
    await world.tick()
    assert [check.attested for check in world.row().preflight] == [""]


async def test_it_survives_a_restart_and_still_counts_once(world: World) -> None:
    """A word given before a stop is there after it, for the rest of its time."""
    row = await waiting(world)
    world.facts = msgspec.structs.replace(world.facts, stage=world.facts.stage)
    await vouch(world, CARL, row)
    await world.again()
    await world.tick()
    assert world.row().state == "executing"


async def test_automatic_mode_never_goes_on_anybodys_word(tmp_path: Path) -> None:
    """An automatic start that meets an unknown pre-flight asks people; as an automatic one it cannot be attested."""
    world = await World(tmp_path / "j.db", trigger(mode="auto", when="abandon and mos")).start()
    await world.measure(legacy_up=None)
    await world.tick(abandon=FALSE, mos=TRUE)
    await world.tick(abandon=TRUE, mos=TRUE)
    row = world.row()
    assert (row.state, row.mode) == ("awaiting", "approve")
    assert "pre-flight cannot be known" in row.detail
    assert world.executor.handles == []
    await world.stop()


def attestation(**fields: Any) -> Attestation:
    base: dict[str, Any] = {"item": ITEM, "person": "carl", "at": 0.0, "mono": 0.0, "evidence": "x", "digest": "d"}
    return Attestation(**{**base, **fields})


async def test_as_an_automatic_decision_even_a_stored_word_counts_for_nothing(world: World) -> None:
    """Whoever edits a record cannot make auto mode trust a person."""
    await asked(world)
    decision = next(iter(world.desk._cases.values())).decision
    vouched = msgspec.structs.replace(decision, attestations=(attestation(digest=decision.digest),))
    assert list(holding(vouched, 1.0, 1.0)) == [ITEM]
    assert holding(msgspec.structs.replace(vouched, mode="auto"), 1.0, 1.0) == {}


@given(st.lists(st.tuples(st.sampled_from(["true", "false", "unknown"]), st.booleans()), max_size=6))
def test_a_false_row_outweighs_every_word(rows: list[tuple[str, bool]]) -> None:
    """Whatever is attested: one false condition makes all of it false, one unattested unknown makes it unknown."""
    checks = [
        CheckRow(what=str(n), state=state, attested="carl: x" if said else "") for n, (state, said) in enumerate(rows)
    ]
    truth = holds(checks)
    assert (truth is FALSE) == any(state == "false" for state, _ in rows)
    open_questions = any(state == "unknown" and not said for state, said in rows)
    assert (truth is Truth.UNKNOWN) == (open_questions and truth is not FALSE)
