"""Five seconds in which a person's start can be taken back, aborts at any moment, and questions that nobody answers."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from monitor.plan import Cutover
from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ANNA, BEN
from tests.runbooks.rollback import Rollback
from tests.runbooks.steps import MANUAL, book, http
from tests.runbooks.target import Target


async def running(world: Rollback) -> None:
    await world.sign()
    await world.until(lambda: bool(world.desk.run_rows()) and bool(world.run.begins_at))


async def test_an_abort_in_the_window_leaves_nothing_done(tmp_path: Path, target: Target) -> None:
    """The run stands there with its countdown; an abort in it has sent nothing."""
    async with Rollback(tmp_path, book(target, http(target, "one")), window=30.0) as world:
        await running(world)
        begins = world.run.begins_at
        assert begins is not None
        assert 25 < begins - time.time() <= 30
        await world.desk.act_on_run(ANNA, world.run.id, "abort", "wrong environment")
        await world.reaches("partial")
        assert target.requests == []
        assert world.run.detail == "not begun: one"


async def test_the_first_step_waits_for_the_window_and_then_goes(tmp_path: Path, target: Target) -> None:
    """Nothing is sent before the window closes; then the run goes on by itself."""
    async with Rollback(tmp_path, book(target, http(target, "one")), window=0.3) as world:
        await running(world)
        assert target.requests == []
        await world.reaches("rolled_back")
        first = next(line for line in await world.journal.entries(kind="step"))
        begun = next(line for line in await world.journal.entries(kind="run"))
        assert first.mono - begun.mono >= 0.29
        assert world.run.begins_at is None


async def test_an_automatic_run_has_no_window(tmp_path: Path, target: Target) -> None:
    """Nobody pressed anything, so there is nothing to take back: the first step goes at once."""
    async with Rollback(
        tmp_path, book(target, http(target, "one")), window=60.0, mode="auto", when="abandon and mos"
    ) as world:
        await world.reaches("rolled_back")
        assert target.requests == ["one"]


async def test_a_restart_in_the_window_opens_it_again(tmp_path: Path, target: Target) -> None:
    """Stopped in the window: the next start still gives people the time, and sends nothing at once."""
    steps = book(target, http(target, "one"))
    async with Rollback(tmp_path, steps, window=30.0) as world:
        await running(world)
    async with Rollback(tmp_path, steps, window=30.0) as world:
        await world.until(lambda: bool(world.desk.run_rows()) and world.run.begins_at is not None)
        await world.desk.act_on_run(BEN, world.run.id, "abort", "no")
        await world.reaches("partial")
    assert target.requests == []


def test_the_window_is_five_seconds_unless_somebody_says_otherwise() -> None:
    """The default of a configuration that is silent about it."""
    assert Cutover(name="x").undo_window == 5.0


async def test_an_abort_at_a_hundred_random_moments_begins_no_further_step(tmp_path: Path, target: Target) -> None:
    """Wherever the run is: after the abort is answered no request leaves, and what is half done is said."""
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    names = [f"s{n}" for n in range(6)]
    steps = book(target, *(http(target, name, dice.choice(["keyed", "once", "checked"])) for name in names))
    aborted = 0
    for number in range(100):
        state = tmp_path / str(number)
        state.mkdir()
        target.requests.clear()
        async with Rollback(state, steps, window=dice.choice([0.0, 0.01])) as world:
            await world.sign()
            await asyncio.sleep(dice.random() * 0.12)
            await world.until(lambda world=world: bool(world.desk.run_rows()))
            asked = time.monotonic()
            try:
                row = await world.desk.act_on_run(ANNA, world.run.id, "abort", "stop")
            except Refusal:
                await world.until(lambda world=world: world.run.state in ("done", "verifying", "ineffective"))
                continue
            aborted += 1
            assert time.monotonic() - asked < 2.0
            sent = list(target.requests)
            await asyncio.sleep(0.02)
            assert target.requests == sent, f"seed {seed}, run {number}"
            assert row.state == "aborted", f"seed {seed}, run {number}"
            done = [step.name for step in row.steps if step.state == "done"]
            assert set(done) <= set(sent)
            begun = [step.name for step in row.steps if step.state in ("done", "parked")]
            assert set(sent) <= set(begun), f"seed {seed}: what was sent is done or a question"
    assert aborted >= 20, f"seed {seed}: {aborted} aborts came in time, too few to prove anything"


async def test_a_question_that_nobody_answers_expires_into_a_pause(tmp_path: Path, target: Target) -> None:
    """Silence is never a yes: the step fails, the run waits for people, nothing behind it is sent."""
    manual = MANUAL.replace("owner:", "expires_after: 100ms, owner:")
    async with Rollback(tmp_path, book(target, manual, http(target, "two"))) as world:
        await world.sign()
        await world.reaches("paused")
        assert "nobody answered within" in world.step("floor").outcome
        assert target.requests == []
        await world.desk.act_on_step(BEN, world.run.id, "floor", "skip", "", "they know")
        await world.reaches("rolled_back")


async def test_two_answers_at_once_count_once_and_the_second_hears_who_was_first(
    tmp_path: Path, target: Target
) -> None:
    """One question, two people: the first answer holds, the other is told whose it was."""
    async with Rollback(tmp_path, book(target, MANUAL)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        run = world.run.id
        answers = await asyncio.gather(
            world.desk.act_on_step(ANNA, run, "floor", "resolve", "done", "told them"),
            world.desk.act_on_step(BEN, run, "floor", "resolve", "not_done", "nobody is there"),
            return_exceptions=True,
        )
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert (refusal.status, "anna was first" in refusal.hint) == (409, True)
        await world.reaches("rolled_back")
        assert "says anna" in world.step("floor").outcome


async def test_a_parked_step_is_answered_for_with_a_reason(tmp_path: Path, target: Target) -> None:
    """Who says what a step did says how they know; the words stay in the journal with the name."""
    target.ways["one"] = "cut"
    async with Rollback(tmp_path, book(target, http(target, "one", "once"))) as world:
        await world.sign()
        await world.reaches("paused")
        with pytest.raises(Refusal) as refused:
            await world.desk.act_on_step(BEN, world.run.id, "one", "resolve", "done", "")
        assert refused.value.status == 400
        await world.desk.act_on_step(BEN, world.run.id, "one", "resolve", "done", "the portal shows legacy")
        await world.reaches("rolled_back")
        words = [event.what for event in world.journal.events_after(0, 200)]
        assert any("resolved as done by ben: the portal shows legacy" in word for word in words)
