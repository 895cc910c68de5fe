"""Taking one step back: asked for by a person, intent first, and by the step's effect class."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ANNA, BEN, EVE, OLGA
from tests.runbooks.rollback import Rollback
from tests.runbooks.steps import MANUAL, book, http
from tests.runbooks.target import Target


async def paused(world: Rollback) -> None:
    """The first step is done, the floor is asked, people paused the run."""
    await world.sign()
    await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
    await world.desk.act_on_run(ANNA, world.run.id, "pause", "wait")
    await world.reaches("paused")


async def undo(world: Rollback, name: str = "one", reason: str = "wrong queue") -> None:
    await world.desk.act_on_step(OLGA, world.run.id, name, "undo", "", reason)


async def test_a_done_step_is_taken_back_and_done_again_under_another_key(tmp_path: Path, target: Target) -> None:
    """Intent before the undo, its own key; a retry after it is another doing, or the target would take it for known."""
    async with Rollback(tmp_path, book(target, http(target, "one"), MANUAL)) as world:
        await paused(world)
        await undo(world)
        await world.until(lambda: world.step("one").state == "undone")
        key = f"{world.decision.id}/one"
        assert target.requests == ["one", "undo-one"]
        assert target.keys["undo-one"] == {f"{key}/undo"}
        told = [(line.state, line.what) for line in await world.journal.entries(kind="step") if "one" in line.object]
        assert [state for state, _ in told] == ["running", "done", "undoing", "undone"]
        assert f"is taken back by olga: wrong queue: PUT {target.base}/apply/undo-one" in told[2][1]
        assert world.decision.state == "paused", "nothing goes on by itself"
        with pytest.raises(Refusal):
            await world.desk.act_on_run(ANNA, world.run.id, "resume", "")
        await world.desk.act_on_step(OLGA, world.run.id, "one", "retry", "", "the right queue now")
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "told them")
        await world.until(lambda: target.requests == ["one", "undo-one", "one"])
        assert target.keys["one"] == {key, f"{key}/2"}
        assert target.applied["one"] == 2


async def test_an_abort_says_what_was_taken_back(tmp_path: Path, target: Target) -> None:
    """Undone and left so: the end of the run tells done, taken back and not begun apart."""
    async with Rollback(tmp_path, book(target, http(target, "one"), MANUAL, http(target, "two"))) as world:
        await paused(world)
        await undo(world)
        await world.until(lambda: world.step("one").state == "undone")
        await world.desk.act_on_run(ANNA, world.run.id, "abort", "leave it")
        await world.reaches("partial")
        assert "taken back: one" in world.run.detail
        assert "not begun: two" in world.run.detail


@pytest.mark.parametrize(
    ("effect", "way", "probe", "state", "sent"),
    [
        ("keyed", "refuse", "", "done", 1),
        ("keyed", "cut", "", "parked", 1),
        ("once", "cut", "", "parked", 1),
        ("checked", "cut", "", "done", 1),
        ("checked", "cut", "refuse", "parked", 1),
    ],
    ids=["refused", "keyed-lost", "once-lost", "checked-still-there", "checked-nobody-knows"],
)
async def test_an_undo_follows_the_effect_class(
    tmp_path: Path, target: Target, effect: str, way: str, probe: str, state: str, sent: int
) -> None:
    """Refused: the step is as it was. Lost: parked, or what the probe says; never sent a second time by itself."""
    target.ways.update({"undo-one": way, "probe one": probe} if probe else {"undo-one": way})
    async with Rollback(tmp_path, book(target, http(target, "one", effect), MANUAL)) as world:
        await paused(world)
        await undo(world)
        await world.until(lambda: world.step("one").state == state)
        assert target.requests.count("undo-one") == sent
        if state == "parked":
            assert "was it taken back?" in world.step("one").question
        else:
            assert "not taken back" in world.step("one").outcome


@pytest.mark.parametrize(("outcome", "state"), [("done", "undone"), ("not_done", "done")])
async def test_a_parked_undo_is_resolved_by_a_person_with_a_reason(
    tmp_path: Path, target: Target, outcome: str, state: str
) -> None:
    """Retry and skip are refused until somebody says whether it is in effect; then the run is still paused."""
    target.ways["undo-one"] = "cut"
    async with Rollback(tmp_path, book(target, http(target, "one", "once"), MANUAL)) as world:
        await paused(world)
        await undo(world)
        await world.until(lambda: world.step("one").state == "parked")
        for act in ("retry", "skip"):
            with pytest.raises(Refusal) as refused:
                await world.desk.act_on_step(BEN, world.run.id, "one", act, "", "x")
            assert refused.value.status == 409
        await world.desk.act_on_step(BEN, world.run.id, "one", "resolve", outcome, "I looked in the portal")
        assert (world.step("one").state, world.run.state) == (state, "paused")


@pytest.mark.parametrize(
    ("effect", "sent", "state"), [("keyed", 2, "undone"), ("once", 1, "parked"), ("checked", 1, "done")]
)
async def test_a_stop_in_the_middle_of_an_undo(
    tmp_path: Path, target: Target, effect: str, sent: int, state: str
) -> None:
    """Stopped between sending and answer: keyed goes out again under its key, once is parked, checked asks its probe."""
    target.ways["undo-one"] = "hang"
    steps = book(target, http(target, "one", effect), MANUAL)
    async with Rollback(tmp_path, steps) as world:
        await paused(world)
        await undo(world)
        await world.until(lambda: target.requests.count("undo-one") == 1)
    target.ways["undo-one"] = "ok"
    async with Rollback(tmp_path, steps) as world:
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("one").state == state)
        assert target.requests.count("undo-one") == sent
        assert len(target.keys["undo-one"]) == 1
        assert world.decision.state == "paused"


async def test_where_an_undo_is_refused(tmp_path: Path, target: Target) -> None:
    """Not while it runs, not without a stated undo or a reason, not what is not done, not under something that rests on it."""
    needs = http(target, "two", more=", needs: [one]")
    async with Rollback(tmp_path, book(target, http(target, "one"), needs, MANUAL, http(target, "three"))) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")

        async def told(name: str, actor=OLGA, reason: str = "x") -> int:
            with pytest.raises(Refusal) as refused:
                await world.desk.act_on_step(actor, world.run.id, name, "undo", "", reason)
            return refused.value.status

        assert await told("two") == 409
        await world.desk.act_on_run(ANNA, world.run.id, "pause", "wait")
        assert await told("two", EVE) == 403
        assert await told("two", reason=" ") == 400
        assert await told("one") == 409
        assert await told("three") == 409
        assert await told("nowhere") == 404
        await undo(world, "two")
        await world.until(lambda: world.step("two").state == "undone")
        await undo(world, "one")
        await world.until(lambda: world.step("one").state == "undone")
        assert target.requests == ["one", "two", "undo-two", "undo-one"]
