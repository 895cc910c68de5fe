"""What one person does on their own name, and what a signer must not miss, in the terminal."""

from __future__ import annotations

import msgspec
import pytest

from dashboards.terminal.view import Person
from monitor.serving.snapshot import CheckRow, PointRow, Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.stage import ANNA, Clock, Recorded, shown, terminal

SIZE = (110, 46)
PORT = PointRow(
    name="did-port",
    state="passed",
    after="freeze",
    scope=("dnis:0800-*",),
    since=recorded.AT - 60,
    by="golive",
    detail="port_state is 2, passed when >= 2",
)


def moment(snapshot: Snapshot = recorded.FAILING, **more: object) -> Snapshot:
    """The failing moment with its decision changed, and the points that it shows."""
    decision = msgspec.structs.replace(snapshot.decisions[0], **more)
    return msgspec.structs.replace(snapshot, decisions=(decision,), points=decision.points)


async def screen(snapshot: Snapshot, *keys: str, person: Person = ANNA) -> tuple[str, Recorded]:
    source = Recorded(snapshot, person=person)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        return await shown(app, pilot, *keys), source


async def test_the_dialog_shows_points_of_no_return_the_clock_and_what_changed() -> None:
    """A signer sees what makes this rollback different from the one that was rehearsed."""
    seen, _ = await screen(
        moment(points=(PORT,), changes=("- steps[numbers].url: a", "+ steps[numbers].url: b")), "6", "A"
    )
    assert "PASSED: did-port" in seen
    assert "takes up to 4m00s; decide by" in seen
    assert "- steps[numbers].url: a" in seen
    assert "+ steps[numbers].url: b" in seen


async def test_a_cause_that_is_gone_is_said_in_the_dialog_and_on_the_screen() -> None:
    """Nobody signs a rollback for a fault that is over without having read so."""
    seen, _ = await screen(moment(cleared=True), "6", "A")
    assert "CLEARED    its cause is gone" in seen
    seen, _ = await screen(moment(cleared=True), "6")
    assert "its cause is gone" in seen


async def test_a_cause_that_goes_while_the_dialog_is_open_disarms_it() -> None:
    """The votes are void and the nonce is new: enter sends nothing until it was opened and read again."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "A", "=rollback-voice")
        source.now = msgspec.structs.replace(moment(cleared=True, nonce="n-2", votes=()), at=recorded.AT + 1)
        assert "it changed while you were reading" in await shown(app, pilot, "enter")
        assert source.acts == []
        await shown(app, pilot, "escape", "A", "=rollback-voice", "enter")
    assert [act.body["nonce"] for act in source.acts] == ["n-2"]


async def test_after_decide_by_the_word_is_another_and_the_reason_is_needed() -> None:
    """The plain name does not sign any more; NAME LATE with a reason does, and says so to the daemon."""
    late = msgspec.structs.replace(
        recorded.FAILING, cutover=msgspec.structs.replace(recorded.FAILING.cutover, decide_by=recorded.AT - 90)
    )
    seen, source = await screen(late, "6", "A", "=rollback-voice", "enter")
    assert "not sent: type exactly rollback-voice LATE" in seen
    assert "DECIDE-BY PASSED" in seen
    seen, source = await screen(late, "6", "A", "=rollback-voice LATE", "enter")
    assert "not sent: a reason is needed" in seen
    _, source = await screen(late, "6", "A", "=rollback-voice LATE", "enter", "=forward is worse", "enter")
    assert [(act.body["late"], act.body["reason"]) for act in source.acts] == [(True, "forward is worse")]


async def test_decide_by_that_passes_while_the_dialog_is_open_stops_it() -> None:
    """Who began to read in time is told that time is up, before anything is sent."""
    source, clock = Recorded(recorded.FAILING), Clock()
    app = terminal(source, operator=True, clock=clock)
    soon = msgspec.structs.replace(recorded.FAILING.cutover, decide_by=recorded.AT + 2)
    source.now = msgspec.structs.replace(recorded.FAILING, cutover=soon)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "A", "=rollback-voice")
        source.now = msgspec.structs.replace(source.now, at=recorded.AT + 3)
        clock.seconds += 1
        assert "decide-by has passed while you were reading" in await shown(app, pilot, "enter")
    assert source.acts == []


@pytest.mark.parametrize(("not_requester", "sent"), [(True, 0), (False, 1)])
async def test_the_own_request_is_refused_only_where_the_plan_says_so(not_requester: bool, sent: int) -> None:
    """`not_requester: false` is a decision of the plan, and the terminal does not know better."""
    snapshot = moment(requester="anna", not_requester=not_requester)
    _, source = await screen(snapshot, "6", "A", "=rollback-voice", "enter")
    assert len(source.acts) == sent


async def test_who_is_locked_out_is_told_before_typing() -> None:
    """After wrong confirmations the key opens no dialog and says why."""
    seen, source = await screen(moment(locked=("anna",)), "6", "A")
    assert "locked out of it after wrong confirmations" in seen
    assert source.acts == []


UNKNOWN = (CheckRow(what="legacy_up >= 1", state="unknown", detail="legacy_up is unknown"),)


async def test_an_unknown_condition_is_attested_by_name_with_evidence() -> None:
    """T asks for the runbook's name and for what was seen; it goes out with the digest that was shown."""
    seen, source = await screen(moment(preflight=UNKNOWN), "6", "T", "=rollback-voice", "enter")
    assert "not sent: a reason is needed" in seen
    assert "ATTEST legacy_up >= 1" in seen
    _, source = await screen(moment(preflight=UNKNOWN), "6", "T", "=rollback-voice", "tab", "=saw it", "enter")
    (act,) = source.acts
    assert act.path == "/api/v1/decisions/d-17/attest"
    assert act.body == {"item": "legacy_up >= 1", "digest": recorded.DECISION.digest, "evidence": "saw it"}


async def test_what_is_attested_is_shown_as_a_word_not_as_a_fact() -> None:
    """The condition stays unknown on the screen, with the name, the evidence and the time left beside it."""
    vouched = (msgspec.structs.replace(UNKNOWN[0], attested="carl: saw the SBC (for another 8m00s)"),)
    seen, _ = await screen(moment(preflight=vouched), "6", "A")
    assert "UNKNOWN: legacy_up >= 1" in seen
    assert "attested by carl: saw the SBC" in seen
    seen, source = await screen(moment(preflight=vouched), "6", "T")
    assert "no unknown pre-flight condition to attest here" in seen
    assert source.acts == []


async def test_who_asked_for_it_attests_nothing() -> None:
    """The requester is told that another approver attests."""
    seen, source = await screen(moment(preflight=UNKNOWN, requester="anna"), "6", "T")
    assert "another approver attests" in seen
    assert source.acts == []


async def test_the_glass_is_broken_with_the_runbook_and_the_environment_typed() -> None:
    """The runbook's name alone starts nothing; name, environment and a reason do."""
    keys = ("colon", "=break-glass rollback-voice queue=sales", "enter")
    seen, source = await screen(recorded.HEALTHY, *keys, "=rollback-voice", "enter")
    assert "ALONE: nobody else signs" in seen
    assert source.acts == []
    word = f"rollback-voice {recorded.HEALTHY.cutover.environment}"
    _, source = await screen(recorded.HEALTHY, *keys, f"={word}", "tab", "=nobody answers", "enter")
    (act,) = source.acts
    assert act.path == "/api/v1/runs/break-glass"
    assert act.body == {
        "runbook": "rollback-voice",
        "parameters": {"queue": "sales"},
        "reason": "nobody answers",
        "confirm": word,
    }


async def test_only_an_approver_gets_to_the_glass() -> None:
    """An operator is told so, and no dialog opens."""
    person = Person(name="olga", role="operator")
    seen, source = await screen(recorded.HEALTHY, "colon", "=break-glass rollback-voice", "enter", person=person)
    assert "only an approver breaks the glass" in seen
    assert source.acts == []


def running(**more: object) -> Snapshot:
    """The running moment with its run changed."""
    run = msgspec.structs.replace(recorded.RUNNING.runs[0], **more)
    return msgspec.structs.replace(recorded.RUNNING, runs=(run,))


async def test_the_marks_of_a_run_stand_above_everything() -> None:
    """Broken glass, the undo window with its countdown, and people at work by hand are seen at once."""
    seen, _ = await screen(running(mode="break_glass"), "6")
    assert "BREAK-GLASS by" in seen
    seen, _ = await screen(running(begins_at=recorded.RUNNING.at + 4), "6")
    assert "first step in 00:05" in seen
    assert "B aborts: nothing is done yet" in seen
    seen, _ = await screen(running(by_hand="olga"), "6")
    assert "taken over by hand by olga" in seen


async def test_a_run_is_taken_over_with_a_reason() -> None:
    """H asks for the runbook's name and for a reason; one that is taken over already is not offered again."""
    seen, source = await screen(recorded.RUNNING, "6", "H", "=rollback-voice", "enter")
    assert "not sent: a reason is needed" in seen
    _, source = await screen(recorded.RUNNING, "6", "H", "=rollback-voice", "tab", "=API lies", "enter")
    assert [(act.path, act.body) for act in source.acts] == [("/api/v1/runs/r-7f3a/takeover", {"reason": "API lies"})]
    seen, source = await screen(running(by_hand="olga"), "6", "H")
    assert "olga has taken it over already" in seen


async def test_the_last_done_step_is_taken_back_while_the_run_is_paused() -> None:
    """U shows what would be sent and sends the act for the newest step that states an undo."""
    base = recorded.with_run("paused", recorded.progressed(3, "next"), decision="paused")
    steps = tuple(
        msgspec.structs.replace(step, undo=f"PUT https://cc.example/undo/{step.name}") for step in base.runs[0].steps
    )
    snapshot = msgspec.structs.replace(base, runs=(msgspec.structs.replace(base.runs[0], steps=steps),))
    done = [step.name for step in steps if step.state == "done"][-1]
    seen, _ = await screen(snapshot, "6", "U")
    assert f"PUT https://cc.example/undo/{done}" in seen
    _, source = await screen(snapshot, "6", "U", "=rollback-voice", "tab", "=wrong queue", "enter")
    assert [act.path for act in source.acts] == [f"/api/v1/runs/r-7f3a/steps/{done}/undo"]
    seen, source = await screen(recorded.RUNNING, "6", "U")
    assert source.acts == []


async def test_an_ended_decision_is_armed_again() -> None:
    """E on a frozen decision asks first and sends one act."""
    _, source = await screen(moment(state="frozen"), "6", "E", "=rollback-voice", "enter")
    assert [act.path for act in source.acts] == ["/api/v1/decisions/d-17/rearm"]
    seen, source = await screen(recorded.FAILING, "6", "E")
    assert "nothing here waits to be armed again" in seen
    assert source.acts == []


async def test_a_word_on_a_point_of_no_return_goes_through_the_command_bar() -> None:
    """:point NAME open needs the name typed and a reason; an unknown name and a wrong state are told."""
    snapshot = moment(points=(PORT,))
    keys = ("colon", "=point did-port open", "enter", "=did-port", "tab", "=test entry", "enter")
    _, source = await screen(snapshot, *keys)
    assert [(act.path, act.body) for act in source.acts] == [
        ("/api/v1/points/did-port/declare", {"passed": False, "reason": "test entry"})
    ]
    seen, source = await screen(snapshot, "colon", "=point other passed", "enter")
    assert "no point of no return is called 'other'" in seen
    seen, source = await screen(snapshot, "colon", "=point did-port maybe", "enter")
    assert "point NAME passed" in seen
    assert source.acts == []


async def test_points_of_no_return_are_on_the_screen_before_anything_is_asked() -> None:
    """With no runbook proposed the points and their states are still there to be read."""
    snapshot = msgspec.structs.replace(recorded.HEALTHY, points=(PORT,), decisions=(), runs=())
    seen, _ = await screen(snapshot, "6")
    assert "POINTS OF NO RETURN" in seen
    assert "did-port" in seen
