"""Points of no return: judged three-valued, latched, freezing, spoken of by named people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deciding.points import Standing, concerns, judged
from monitor.model import Truth
from monitor.plan import PointOfNoReturn
from monitor.serving.acts import Actor, Refusal
from tests.monitor.deciding.world import ADA, ANNA, BEN, CARL, EVE, OLGA, Plan, World, asked

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
PORT = PointOfNoReturn(name="did-port", signal="port_state", when=">= 2")


async def house(path: Path, *points: PointOfNoReturn, **desk: Any) -> World:
    """A world with points, the port not done, the trigger armed."""
    world = World(path / "journal.db", **desk)
    world.points = points or (PORT,)
    await world.start()
    await world.measure(legacy_up=1.0, port_state=1.0)
    await world.tick(abandon=FALSE)
    return world


async def test_a_passed_point_freezes_at_preflight_and_pages(tmp_path: Path) -> None:
    """A rollback that was signed is frozen, not begun, when the numbers are ported meanwhile; people are told of both."""
    world = await house(tmp_path)
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.measure(port_state=2.0)
    row = world.row()
    assert row.state == "frozen"
    assert "not past did-port" in row.detail
    assert world.executor.handles == []
    assert [kind for kind, _, _ in world.events][-1] == "frozen"
    assert any("did-port is passed" in words for words in world.told)
    await world.stop()


async def test_passing_while_people_sign_voids_their_signatures_and_is_shown(tmp_path: Path) -> None:
    """What a rollback means has changed, so who signed before is asked again, with the point in the dialog's rows."""
    world = await house(tmp_path)
    await world.tick(abandon=TRUE)
    before = await world.sign(ANNA)
    await world.measure(port_state=2.0)
    row = world.row()
    assert (row.state, row.votes) == ("awaiting", ())
    assert row.nonce != before.nonce
    assert row.digest != before.digest
    assert [(point.name, point.state) for point in row.points] == [("did-port", "passed")]
    assert ("not past did-port", "false") in [(check.what, check.state) for check in row.preflight]
    await world.stop()


async def test_an_unknown_point_waits_for_a_person_and_never_begins(tmp_path: Path) -> None:
    """Nobody knows whether the numbers are ported: the run waits, and says what can be attested."""
    world = await house(tmp_path)
    await world.measure(port_state=None)
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.sign(BEN)
    for _ in range(5):
        await world.tick()
    assert world.row().state == "preflight"
    assert "not past did-port" in world.row().detail
    assert world.executor.handles == []
    assert [row.kind for row in world.desk.waiting_rows()] == ["attest"]
    await world.stop()


async def test_once_passed_it_stays_passed_through_silence_lies_and_a_restart(tmp_path: Path) -> None:
    """A carrier that answers `not yet` after `activated` does not bring the numbers back."""
    world = await house(tmp_path)
    await world.measure(port_state=2.0)
    for value in (1.0, None, 0.0):
        await world.measure(port_state=value)
        assert [row.state for row in world.desk.office.safety.points.rows()] == ["passed"]
    world = await world.again()
    await world.measure(port_state=1.0)
    (row,) = world.desk.office.safety.points.rows()
    assert (row.state, row.by) == ("passed", "golive")
    assert row.since == pytest.approx(1000.75)
    await world.stop()


async def test_a_named_approver_says_otherwise_and_that_survives_a_restart(tmp_path: Path) -> None:
    """The signal was wrong: an approver says so with a reason, on record, and the false signal does not latch it again."""
    world = await house(tmp_path)
    await world.measure(port_state=2.0)
    row = await world.desk.counter.declare_point(ANNA, "did-port", passed=False, reason="carrier: test entry")
    assert (row.state, row.by) == ("open", "anna")
    await world.tick()
    world = await world.again()
    await world.tick()
    assert world.desk.office.safety.points.rows()[0].state == "open"
    assert any("anna: carrier: test entry" in event.what for event in world.journal.events_after(0, 100))
    await world.measure(port_state=1.0)
    await world.measure(port_state=2.0)
    assert world.desk.office.safety.points.rows()[0].state == "passed", "a second passing counts"
    await world.stop()


async def test_a_person_may_say_that_it_is_passed_before_any_signal_does(tmp_path: Path) -> None:
    """The carrier rings: from then on nothing begins, whatever the dashboard of the carrier says."""
    world = await house(tmp_path)
    await world.desk.counter.declare_point(OLGA, "did-port", passed=True, reason="carrier rang")
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "frozen"
    await world.stop()


@pytest.mark.parametrize(
    ("actor", "passed", "reason", "status"),
    [
        (EVE, True, "x", 403),
        (ADA, True, "x", 403),
        (OLGA, False, "x", 403),
        (ANNA, True, " ", 400),
        (ANNA, False, "x", 409),
    ],
    ids=["viewer", "admin", "operator-reopens", "no-reason", "is-so-already"],
)
async def test_who_may_speak_of_a_point(tmp_path: Path, actor: Actor, passed: bool, reason: str, status: int) -> None:
    """Freezing needs an operator, opening an approver, both a reason; refused words change nothing."""
    world = await house(tmp_path)
    with pytest.raises(Refusal) as refused:
        await world.desk.counter.declare_point(actor, "did-port", passed=passed, reason=reason)
    assert refused.value.status == status
    assert world.desk.office.safety.points.rows()[0].state == "open"
    with pytest.raises(Refusal) as unknown:
        await world.desk.counter.declare_point(CARL, "other", passed=True, reason="x")
    assert unknown.value.status == 404
    await world.stop()


async def test_a_point_that_only_warns_is_shown_and_voids_but_never_freezes(tmp_path: Path) -> None:
    """`after: warn` tells the signers; signed knowing it, the rollback begins."""
    world = await house(tmp_path, PointOfNoReturn(name="desk-moved", signal="port_state", when=">= 2", after="warn"))
    await world.tick(abandon=TRUE)
    await world.sign(ANNA)
    await world.measure(port_state=2.0)
    assert world.row().votes == ()
    assert "desk-moved is now passed" in world.row().detail
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "executing"
    await world.stop()


async def test_a_runbook_may_ask_by_name_whether_it_is_past(tmp_path: Path) -> None:
    """`not past_point_of_no_return` in a pre-flight reads the points that concern the decision."""
    world = World(tmp_path / "journal.db")
    world.points = (PORT,)
    world.book.plans["voice-back"] = Plan(preflight=("not past_point_of_no_return",))
    await world.start()
    for value, state in ((1.0, "true"), (None, "unknown"), (2.0, "false")):
        await world.measure(port_state=value)
        await world.tick(61.0, abandon=FALSE)
        await world.tick(abandon=TRUE)
        checks = {check.what: check.state for check in world.rows()[0].preflight}
        assert checks == {"not past_point_of_no_return": state, "not past did-port": state}
    await world.stop()


async def test_no_points_at_all_is_known_not_to_be_past(world: World) -> None:
    """A runbook that asks for points of no return works where none are configured."""
    world.book.plans["voice-back"] = Plan(preflight=("not past_point_of_no_return",))
    await asked(world)
    assert [(check.what, check.state) for check in world.row().preflight] == [("not past_point_of_no_return", "true")]


@pytest.mark.parametrize(
    ("scope", "decision", "parameters", "concerned"),
    [
        ((), "all", {}, True),
        (("dnis:0800-*",), "all", {}, True),
        (("dnis:0800-*",), "dnis:0800-123", {}, True),
        (("dnis:0800-*",), "dnis:0900-123", {}, False),
        (("dnis:0800-*",), "dnis=0900-123", {}, False),
        (("dnis:0800-*",), "queue=sales", {}, True),
        (("dnis:0800-*", "dnis:0801-*"), "dnis:0801-5", {}, True),
        (("dnis:0800-*",), "all", {"dnis": "0900-1"}, False),
        (("dnis:0800-*",), "all", {"dnis": "all"}, True),
        (("dnis:0800-*",), "dnis:08*", {}, True),
        (("dnis:0800-*",), "dnis:09*", {}, False),
        (("dnis:0800-*",), "dnis:0900-1, dnis:0800-7", {}, True),
        (("queue:sales",), "dnis:0900-1 queue=sales-en", {}, False),
    ],
)
def test_a_point_concerns_what_it_overlaps_and_what_cannot_be_told_apart(
    scope: tuple[str, ...], decision: str, parameters: dict[str, str], concerned: bool
) -> None:
    """A scope in other words than the decision's is taken to overlap: the careful side is to freeze."""
    assert concerns(scope, decision, parameters) is concerned


@given(st.lists(st.sampled_from([TRUE, FALSE, UNKNOWN]), max_size=30))
def test_nothing_that_signals_say_ever_opens_a_passed_point(truths: list[Truth]) -> None:
    """After the first TRUE every tick reads passed; before it no tick does, and unknown is never open."""
    standing = Standing()
    seen = False
    for at, truth in enumerate(truths):
        state, standing = judged(standing, truth, float(at))
        seen = seen or truth is TRUE
        assert state == ("passed" if seen else "unknown" if truth is UNKNOWN else "open")
    assert standing.passed is seen


async def test_a_passing_that_could_not_be_written_is_written_later(tmp_path: Path, monkeypatch: Any) -> None:
    """A full disk at the moment of passing freezes all the same, and the journal gets it when it can."""
    world = await house(tmp_path)
    ledger = world.journal._ledger
    real = ledger.append

    def full(_lines: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr(ledger, "append", full)
    await world.measure(port_state=2.0)
    assert world.desk.office.safety.points.rows()[0].state == "passed"
    monkeypatch.setattr(ledger, "append", real)
    for _ in range(3):
        await world.tick()
        await world.journal.entries(kind="point")
    world = await world.again()
    assert world.desk.office.safety.points.rows()[0].state == "passed"
    await world.stop()
