"""A run under fair and foul conditions: the real desk, the real runner, a real HTTP target."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from monitor.deciding.ledger import JournalError
from monitor.serving.acts import Refusal
from runbooks import steering
from tests.monitor.deciding.world import ADA, ANNA, BEN, EVE, OLGA
from tests.runbooks.rollback import Rollback, runbook
from tests.runbooks.target import Target

HEAD = """
name: line
title: A line of steps
allow_hosts: ["{host}"]
preflight: [legacy_up >= 1]
verify: [legacy_share >= 0.95]
verify_hold: {hold}
verify_within: {within}
steps:
"""


def book(target: Target, *steps: str, hold: str = "0s", within: str = "5s"):
    return runbook(HEAD.format(host=target.host, hold=hold, within=within) + "".join(f"  - {step}\n" for step in steps))


def http(target: Target, name: str, effect: str = "keyed", more: str = "") -> str:
    probe = f', probe: {{url: "{target.base}/state/{name}", expect: {{json: {{to: legacy}}}}}}'
    return (
        f'{{name: {name}, action: http, effect: {effect}, request: {{method: PUT, url: "{target.base}/apply/{name}",'
        f" json: {{to: legacy}}}}, expect: {{json: {{to: legacy}}}}{probe}{more}}}"
    )


MANUAL = "{name: floor, action: manual, effect: once, owner: wfm-lead, instructions: tell the floor}"


async def test_intent_is_on_disk_before_each_effect(tmp_path: Path, target: Target) -> None:
    """Every request that arrives finds its own intent in the journal; results come after."""
    async with Rollback(tmp_path, book(target, http(target, "one"), MANUAL, http(target, "two"))) as world:
        await world.sign()
        await world.until(lambda: world.step("floor").state == "waiting" if world.desk.run_rows() else False)
        (row,) = world.desk.waiting_rows()
        assert (row.kind, row.id, row.detail) == ("manual", f"{world.run.id}/floor", "tell the floor")
        assert world.run.state == "waiting"
        await world.desk.act_on_step(OLGA, world.run.id, "floor", "resolve", "done", "all told")
        assert (await world.reaches("rolled_back")).run == world.run.id
        await world.until(lambda: world.concluded == 1)
        told = [(line.state, line.what) for line in await world.journal.entries(kind="step")]
        request = f'PUT {target.base}/apply/one {{"to":"legacy"}} (Idempotency-Key: {world.decision.id}/one)'
        assert told[0] == ("running", f"step 1/3 one: begins: {request}")
        assert told[1][0] == "done"
        assert told[1][1].startswith("step 1/3 one: 200 in 0.")
        assert told[2:5] == [
            ("waiting", "step 2/3 floor: waits for wfm-lead"),
            ("waiting", "step 2/3 floor: done, says olga: all told"),
            ("done", "step 2/3 floor: done, says olga: all told"),
        ]
        assert target.keys == {"one": {f"{world.decision.id}/one"}, "two": {f"{world.decision.id}/two"}}


async def test_a_200_with_the_wrong_body_pauses_and_a_person_decides(tmp_path: Path, target: Target) -> None:
    """A polite answer that says nothing was moved is a failure; nothing goes on by itself; retry mends it."""
    target.ways["one"] = "error"
    async with Rollback(tmp_path, book(target, http(target, "one", "once"), http(target, "two"))) as world:
        await world.sign()
        await world.reaches("paused")
        assert world.step("one").state == "failed"
        assert 'to is "target", expected "legacy"' in world.step("one").outcome
        assert target.requests == ["one"]
        with pytest.raises(Refusal) as refused:
            await world.desk.act_on_run(BEN, world.run.id, "resume", "")
        assert refused.value.status == 409
        target.ways["one"] = "ok"
        await world.desk.act_on_step(BEN, world.run.id, "one", "retry", "", "the carrier mended it")
        await world.reaches("rolled_back")
        assert target.requests == ["one", "one", "two"]


@pytest.mark.parametrize(
    ("effect", "way", "state", "requests"),
    [
        ("once", "cut", "parked", 1),
        ("once", "hang", "parked", 1),
        ("keyed", "cut", "parked", 3),
        ("read", "cut", "failed", 3),
        ("once", "refuse", "failed", 1),
        ("once", "redirect", "failed", 1),
        ("once", "bomb", "parked", 1),
    ],
)
async def test_an_outcome_follows_its_effect_class(
    tmp_path: Path, target: Target, effect: str, way: str, state: str, requests: int
) -> None:
    """An outcome that is not known is never taken for done: once parks, keyed sends again under its key, then asks."""
    target.ways["one"] = way
    more = ", timeout: 300ms, retry: {times: 2, wait: 10ms}"
    async with Rollback(tmp_path, book(target, http(target, "one", effect, more))) as world:
        await world.sign()
        await world.reaches("paused")
        assert (world.step("one").state, target.requests) == (state, ["one"] * requests)
        assert world.desk.waiting_rows()[0].kind == "parked"
        assert len(target.keys["one"]) == 1


async def test_a_lost_reply_of_a_checked_step_is_settled_by_its_probe(tmp_path: Path, target: Target) -> None:
    """The target applied it and cut the line: the probe says so, and it is not sent twice."""
    target.ways["one"] = "cut"
    async with Rollback(tmp_path, book(target, http(target, "one", "checked"))) as world:
        await world.sign()
        await world.reaches("rolled_back")
        assert target.requests == ["one"]
        assert "the probe says it took effect" in world.step("one").outcome


async def test_a_probe_that_cannot_tell_parks(tmp_path: Path, target: Target) -> None:
    """Neither yes nor no is neither done nor sent again."""
    target.ways.update({"one": "cut", "probe one": "refuse"})
    async with Rollback(tmp_path, book(target, http(target, "one", "checked", ", retry: {times: 5}"))) as world:
        await world.sign()
        await world.reaches("paused")
        assert (world.step("one").state, target.requests) == ("parked", ["one"])


async def test_nothing_sent_is_tried_again_under_every_effect_class(tmp_path: Path, target: Target) -> None:
    """A refused connection has changed nothing: even a once step may try again, and then pauses."""
    step = (
        '{name: one, action: http, effect: once, request: {url: "http://127.0.0.1:9/x"}, retry: {times: 1, wait: 0s}}'
    )
    text = HEAD.format(host="127.0.0.1:9", hold="0s", within="5s") + f"  - {step}\n"
    async with Rollback(tmp_path, runbook(text)) as world:
        await world.sign()
        await world.reaches("paused")
        assert (world.step("one").state, world.step("one").attempt) == ("failed", 2)
        assert "no connection to 127.0.0.1:9" in world.step("one").outcome
    assert target.requests == []


@pytest.mark.parametrize("moment", range(8))
async def test_aborted_at_any_moment(
    tmp_path: Path, target: Target, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within two seconds no step begins any more, and what is half done is said."""
    if moment:
        monkeypatch.setattr(steering, "GRACE", 0.2)
    target.ways["two"] = "hang"
    steps = (http(target, "one"), http(target, "two", "once"), http(target, "three"))
    async with Rollback(tmp_path, book(target, *steps)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()))
        await asyncio.sleep(moment * 0.012)
        before = asyncio.get_running_loop().time()
        row = await world.desk.act_on_run(ADA, world.run.id, "abort", "stop it")
        assert asyncio.get_running_loop().time() - before < 3.0
        assert row.state == "aborted"
        sent = list(target.requests)
        assert (await world.reaches("partial")).detail == row.detail
        await asyncio.sleep(0.1)
        assert target.requests == sent
        assert "three" not in sent
        states = [step.state for step in row.steps]
        assert states[1] == ("parked" if "two" in sent else "aborted")
        with pytest.raises(Refusal):
            await world.desk.act_on_run(ADA, world.run.id, "abort", "again")


async def test_pause_holds_before_the_next_step_and_resume_goes_on(tmp_path: Path, target: Target) -> None:
    """The step in flight ends and is recorded; the next one waits for a person."""
    target.ways["one"] = "hang"
    async with Rollback(tmp_path, book(target, http(target, "one"), http(target, "two"))) as world:
        await world.sign()
        await world.until(lambda: target.requests == ["one"])
        row = await world.desk.act_on_run(BEN, world.run.id, "pause", "wait for the carrier")
        assert row.state == "paused"
        target.release.set()
        await world.until(lambda: world.step("one").state == "done")
        await asyncio.sleep(0.1)
        assert (target.requests, world.decision.state) == (["one"], "paused")
        with pytest.raises(Refusal):
            await world.desk.act_on_run(ADA, world.run.id, "resume", "")
        await world.desk.act_on_run(BEN, world.run.id, "resume", "carrier is ready")
        await world.reaches("rolled_back")


async def test_a_manual_step_is_answered_once(tmp_path: Path, target: Target) -> None:
    """The first answer wins and the second hears who was first; fifty answers at once are one."""
    async with Rollback(tmp_path, book(target, MANUAL)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        with pytest.raises(Refusal):
            await world.desk.act_on_step(EVE, world.run.id, "floor", "resolve", "done", "")
        answers = await asyncio.gather(
            *(world.desk.act_on_step(a, world.run.id, "floor", "resolve", "done", "") for a in (ANNA, BEN) * 25),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert len(refused) == 49
        assert {refusal.status for refusal in refused} == {409}
        await world.reaches("rolled_back")


async def test_not_done_fails_the_step_and_a_probe_overrules_done(tmp_path: Path, target: Target) -> None:
    """Saying done while the signal says otherwise is a failure with both facts, not a success."""
    manual = (
        "{name: floor, action: manual, effect: checked, instructions: agents back,"
        " probe: {signal: legacy_ready >= 0.6}}"
    )
    async with Rollback(tmp_path, book(target, manual)) as world:
        await world.measure(legacy_ready=0.2)
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "")
        await world.reaches("paused")
        assert "says ben, but the probe says legacy_ready is 0.2" in world.step("floor").outcome
        await world.measure(legacy_ready=0.7)
        await world.desk.act_on_step(BEN, world.run.id, "floor", "retry", "", "they are here now")
        await world.until(lambda: world.step("floor").state == "waiting")
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "")
        await world.reaches("rolled_back")


async def test_a_skipped_step_stops_those_that_need_it(tmp_path: Path, target: Target) -> None:
    """Agents first, then numbers: without the first the second asks again before it moves anything."""
    steps = (MANUAL, http(target, "two", "keyed", ", needs: [floor]"))
    async with Rollback(tmp_path, book(target, *steps)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        await world.desk.act_on_step(BEN, world.run.id, "floor", "skip", "", "nobody to tell")
        await world.reaches("paused")
        assert (world.step("two").state, target.requests) == ("failed", [])
        await world.desk.act_on_step(BEN, world.run.id, "two", "retry", "", "go on all the same")
        await world.reaches("rolled_back")
        assert [step.state for step in world.run.steps] == ["skipped", "done"]


async def test_what_cannot_be_verified_is_ineffective_and_unknown_never_verifies(
    tmp_path: Path, target: Target
) -> None:
    """All steps done is not success: without traffic on the old way, or without knowing, it is INEFFECTIVE."""
    async with Rollback(tmp_path, book(target, http(target, "one"), hold="100ms", within="400ms")) as world:
        world.signals["legacy_share"] = None
        await world.sign()
        assert "legacy_share is unknown" in (await world.reaches("ineffective")).detail
        assert world.run.verify[0].state == "unknown"
        assert world.concluded == 0


async def test_verification_needs_its_hold_on_end(tmp_path: Path, target: Target) -> None:
    """A moment's good number is not a hold."""
    async with Rollback(tmp_path, book(target, http(target, "one"), hold="150ms", within="10s")) as world:
        world.signals["legacy_share"] = 0.5
        await world.sign()
        await world.reaches("verifying")
        for share in (1.0, 0.5, 1.0, 0.5):
            world.signals["legacy_share"] = share
            await asyncio.sleep(0.05)
        assert world.decision.state == "verifying"
        world.signals["legacy_share"] = 1.0
        await world.reaches("rolled_back")


async def test_an_edited_runbook_voids_votes_and_a_run_keeps_what_was_approved(tmp_path: Path, target: Target) -> None:
    """Approval is bound to the digest; once running, the run does what was signed, not what the file says now."""
    first = book(target, MANUAL, http(target, "one"))
    async with Rollback(tmp_path, first) as world:
        await world.until(lambda: bool(world.desk.decision_rows()))
        row = world.decision
        await world.desk.approve(ANNA, row.id, row.digest, row.nonce, "")
        world.book.runbook = book(target, MANUAL, http(target, "other"))
        await world.until(lambda: world.decision.nonce != row.nonce)
        assert world.decision.votes == ()
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        world.book.runbook = first
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "")
        await world.reaches("rolled_back")
        assert target.requests == ["other"]


async def test_an_internal_error_is_paused_and_told(
    tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the runner is PAUSED with an event, never a forgotten task; a person goes on from there."""
    monkeypatch.setenv("GOLIVE_FAILPOINTS", "step.before_done=raise")
    async with Rollback(tmp_path, book(target, http(target, "one"))) as world:
        await world.sign()
        await world.reaches("paused")
        assert (world.step("one").state, target.requests) == ("parked", ["one"])
        assert any("FailpointError" in what for kind, what in world.events if kind == "paused")
        monkeypatch.delenv("GOLIVE_FAILPOINTS")
        await world.desk.act_on_step(BEN, world.run.id, "one", "resolve", "done", "the carrier shows it")
        await world.reaches("rolled_back")
        assert target.requests == ["one"]


async def test_without_a_journal_no_step_is_sent(
    tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the intent cannot be written nothing leaves this machine."""
    async with Rollback(tmp_path, book(target, MANUAL, http(target, "one"))) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        real = world.journal._ledger.append

        def only_answers(lines):
            if any("begins" in line.what for line in lines):
                raise JournalError("the journal cannot be written: disk full")
            return real(lines)

        monkeypatch.setattr(world.journal._ledger, "append", only_answers)
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", "")
        await world.reaches("paused")
        assert target.requests == []
        monkeypatch.undo()
        await world.desk.act_on_run(BEN, world.run.id, "resume", "disk is free")
        await world.reaches("rolled_back")


async def test_secrets_travel_to_the_target_and_nowhere_else(tmp_path: Path, target: Target) -> None:
    """A token read from a file arrives in the header; rows, journal and questions show ***."""
    secret = tmp_path / "carrier.token"
    secret.write_text("Bearer canary-4711\n")
    secret.chmod(0o600)
    step = (
        f'{{name: one, action: http, effect: once, request: {{method: PUT, url: "{target.base}/apply/one",'
        " headers: {Authorization: {file: carrier.token}}}}"
    )
    target.ways["one"] = "refuse"
    async with Rollback(tmp_path, book(target, step)) as world:
        await world.sign()
        await world.reaches("paused")
        assert target.headers[0]["Authorization"] == "Bearer canary-4711"
        assert "Authorization: ***" in world.step("one").request
        shown = str(world.desk.decision_rows()) + str(world.desk.run_rows()) + str(world.desk.waiting_rows())
        stored = [json.dumps(line.data) + line.what for line in await world.journal.entries()]
        assert "canary" not in shown + "".join(stored)


async def test_outside_text_in_an_answer_is_shown_and_not_obeyed(tmp_path: Path, target: Target) -> None:
    """What the target says is cut and cleaned before it reaches a row."""
    target.ways["one"] = "evil"
    async with Rollback(tmp_path, book(target, http(target, "one", "once"))) as world:
        await world.sign()
        await world.reaches("paused")
        assert "\\x1b]0;owned\\x07 [@click=app.approve]Sales[/] \\u202e" in world.step("one").outcome


@pytest.mark.parametrize(("effect", "state"), [("keyed", "parked"), ("once", "parked"), ("checked", "parked")])
async def test_a_run_held_after_a_restart_sends_nothing_by_itself(
    tmp_path: Path, target: Target, effect: str, state: str
) -> None:
    """Under an edited runbook even what is safe to repeat waits for a person; then it does what was signed."""
    target.ways["one"] = "hang"
    signed = book(target, http(target, "one", effect), http(target, "two"))
    async with Rollback(tmp_path, signed) as world:
        await world.sign()
        await world.until(lambda: target.requests == ["one"])
    target.release.set()
    async with Rollback(tmp_path, book(target, http(target, "one", effect), http(target, "edited"))) as world:
        await world.reaches("paused")
        assert world.step("one").state == state
        assert "runbook was changed" in world.run.detail
        await asyncio.sleep(0.1)
        assert target.requests == ["one"]
        await world.desk.act_on_step(BEN, world.run.id, "one", "resolve", "done", "it shows legacy")
        await world.reaches("rolled_back")
        assert target.requests == ["one", "two"]


async def test_a_stop_in_verification_begins_it_again(tmp_path: Path, target: Target) -> None:
    """Looking sends nothing: after a restart it looks again, however long it was away."""
    line = book(target, http(target, "one"), hold="100ms", within="5s")
    async with Rollback(tmp_path, line) as world:
        world.signals["legacy_share"] = 0.1
        await world.sign()
        await world.reaches("verifying")
    async with Rollback(tmp_path, line) as world:
        await world.reaches("rolled_back")
        assert target.requests == ["one"]


async def test_a_run_that_ended_is_shown_and_not_run_again(tmp_path: Path, target: Target) -> None:
    """A finished decision stays finished over restarts."""
    line = book(target, http(target, "one"))
    async with Rollback(tmp_path, line) as world:
        await world.sign()
        await world.reaches("rolled_back")
        await world.until(lambda: world.concluded == 1)
    async with Rollback(tmp_path, line) as world:
        await world.measure(legacy_up=1.0)
        assert (world.decision.state, world.concluded, target.requests) == ("rolled_back", 0, ["one"])
