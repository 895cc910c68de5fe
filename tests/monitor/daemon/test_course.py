"""The course of a cutover: forward only when everything says so, back at any time, remembered over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.daemon.course import Course
from monitor.deciding.journal import Journal
from monitor.plan import Gate, Stage, StageGate
from monitor.serving.acts import Actor, Refusal

ANNA = Actor(name="anna", role="approver", duties=("cutover-manager",))
BEN = Actor(name="ben", role="approver", duties=("telephony-lead",))
STAGES = (
    Stage(name="legacy"),
    Stage(name="pilot", min_dwell=60.0, gate=StageGate(needs=("loss",), quorum=2)),
    Stage(name="full"),
)
GATES = (Gate(name="loss", rules=("loss",)), Gate(name="smoke", title="Smoke calls", signed_by="telephony-lead"))


class Rig:
    """A course on a journal in a file, with a clock that the test turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 1000.0
        self.entered: list[str] = []

    async def open(self) -> Course:
        """A daemon's start."""
        self.journal = await Journal.open(self.path, clock=lambda: self.now)
        course = Course(STAGES, GATES, self.journal, lambda: self.now, lambda name, _: self.entered.append(name))
        await course.start()
        return course


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A rig whose journal is closed at the end."""
    made = Rig(tmp_path / "journal.db")
    yield made
    await made.journal.close()


async def refused(work: object, status: int, says: str) -> None:
    """The act is refused with this status and these words."""
    with pytest.raises(Refusal, match=says) as caught:
        await work  # type: ignore[misc]
    assert caught.value.status == status


async def test_stages_are_taken_in_order(rig: Rig) -> None:
    """Nobody jumps over the pilot, and nobody names a stage that is not there."""
    course = await rig.open()
    await refused(course.advance(ANNA, "full", "hurry", "", []), 409, "not the stage after")
    await refused(course.advance(ANNA, "ful", "typo", "", []), 404, "no stage")
    await course.advance(ANNA, "pilot", "all good", "", [])
    assert (course.stage.name, course.index) == ("pilot", 1)


async def test_forward_waits_for_decision_dwell_gates_and_a_second_person(rig: Rig) -> None:
    """Each obstacle is named; one person twice is one; the second person moves the stage."""
    course = await rig.open()
    await course.advance(ANNA, "pilot", "all good", "", [])
    await refused(course.advance(ANNA, "full", "", "a rollback is asked for", []), 409, "rollback is asked for")
    await refused(course.advance(ANNA, "full", "", "", []), 409, "must stand for 1m00s more")
    rig.now += 60
    await refused(course.advance(ANNA, "full", "", "", ["loss"]), 409, "loss")
    answers = await asyncio.gather(*(course.advance(ANNA, "full", "yes", "", []) for _ in range(20)))
    assert all("1 of 2" in answer for answer in answers)
    assert course.stage.name == "pilot"
    await course.advance(BEN, "full", "yes", "", [])
    assert course.stage.name == "full"


async def test_two_people_who_ask_at_once_are_counted_one_after_the_other(rig: Rig) -> None:
    """Concurrent votes of two people meet a quorum of two, whichever comes first."""
    course = await rig.open()
    await course.advance(ANNA, "pilot", "all good", "", [])
    rig.now += 60
    await asyncio.gather(course.advance(ANNA, "full", "", "", []), course.advance(BEN, "full", "", "", []))
    assert course.stage.name == "full"


async def test_a_held_stage_says_who_holds_it_and_moving_on_ends_the_hold(rig: Rig) -> None:
    """A person's hold is a reason like any other, with a name."""
    course = await rig.open()
    await course.hold(ANNA, "legacy", "waiting for the carrier")
    assert course.held == "held by anna: waiting for the carrier"
    await refused(course.hold(ANNA, "full", ""), 409, "not the present stage")
    await course.advance(ANNA, "pilot", "carrier is there", "", [])
    assert course.held == ""


async def test_a_verified_rollback_goes_to_the_stage_it_names_or_one_back(rig: Rig) -> None:
    """The runbook's word counts where it fits; done twice it is done once."""
    course = await rig.open()
    await course.advance(ANNA, "pilot", "", "", [])
    rig.now += 60
    await course.advance(ANNA, "full", "", "", [])
    await course.advance(BEN, "full", "", "", [])
    await course.rolled_back("", "verified")
    assert course.stage.name == "pilot"
    await course.rolled_back("legacy", "verified")
    await course.rolled_back("legacy", "verified")
    assert course.stage.name == "legacy"


async def test_only_the_holder_of_the_duty_signs_a_gate(rig: Rig) -> None:
    """A signature is somebody's, can be taken back, and a judged gate has none."""
    course = await rig.open()
    await refused(course.sign(ANNA, "smoke", "", signed=True), 403, "telephony-lead")
    await refused(course.sign(BEN, "loss", "", signed=True), 409, "judged by rules")
    await refused(course.sign(BEN, "none", "", signed=True), 404, "no gate")
    await course.sign(BEN, "smoke", "ten calls", signed=True)
    assert course.signatures == {"smoke": "ben"}
    await course.sign(BEN, "smoke", "one failed after all", signed=False)
    assert course.signatures == {}


async def test_after_a_restart_it_stands_where_it_stood(rig: Rig) -> None:
    """Stage, time of entry, T0, hold and signatures come back from the journal."""
    course = await rig.open()
    await course.sign(BEN, "smoke", "ten calls", signed=True)
    rig.now += 10
    await course.advance(ANNA, "pilot", "", "", [])
    await course.hold(ANNA, "pilot", "lunch")
    await rig.journal.close()
    rig.now += 500
    again = await rig.open()
    assert (again.stage.name, again.stage_since, again.started_at) == ("pilot", 1010.0, 1000.0)
    assert (again.held, again.signatures) == ("held by anna: lunch", {"smoke": "ben"})
    assert rig.entered[-1] == "pilot"


async def test_who_agreed_to_go_on_is_known_after_a_restart(rig: Rig) -> None:
    """One of two has agreed, golive is restarted: the second person moves the stage, and agreeing twice is still once."""
    course = await rig.open()
    await course.advance(ANNA, "pilot", "all good", "", [])
    rig.now += 60
    assert "1 of 2" in await course.advance(ANNA, "full", "yes", "", [])
    await rig.journal.close()
    again = await rig.open()
    assert again.rows("", [])[2].votes == ("anna",)
    assert "1 of 2" in await again.advance(ANNA, "full", "yes", "", [])
    await again.advance(BEN, "full", "yes", "", [])
    assert again.stage.name == "full"
    await rig.journal.close()
    last = await rig.open()
    assert last.rows("", [])[2].votes == ()


async def test_a_vote_of_an_earlier_visit_to_a_stage_is_void(rig: Rig) -> None:
    """Back and forth again: who agreed before the way back has not agreed to the next way forward, after a restart neither."""
    course = await rig.open()
    await course.advance(ANNA, "pilot", "all good", "", [])
    rig.now += 60
    await course.advance(ANNA, "full", "yes", "", [])
    await course.back("anna", "legacy", "calls drop")
    await course.advance(ANNA, "pilot", "again", "", [])
    await rig.journal.close()
    again = await rig.open()
    assert again.rows("", [])[2].votes == ()


async def test_the_board_is_told_where_the_cutover_stands_and_what_is_missing(rig: Rig) -> None:
    """Past, present, next and later, who holds it, how many must agree, and the first thing that stands against it."""
    course = await rig.open()
    assert [row.place for row in course.rows("", [])] == ["present", "next", "later"]
    await course.advance(ANNA, "pilot", "all good", "", [])
    await course.hold(ANNA, "pilot", "bridge asks")
    past, present, following = course.rows("", ["loss"])
    assert (past.place, present.held, following.quorum) == ("past", "held by anna: bridge asks", 2)
    assert following.blocked == "pilot must stand for 1m00s more"
    rig.now += 60
    assert course.rows("", ["loss"])[2].blocked == "gates that must be GO are not: loss"
    assert course.rows("a rollback is asked for", [])[2].blocked.endswith("a rollback is asked for")
    assert course.rows("", [])[2].blocked == ""
