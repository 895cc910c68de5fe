"""Triggers with scopes: one decision per trigger and scope, one request for what breaches together, one run at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.deciding import causes, docket
from monitor.deciding.watch import MOST_APART, WITHOUT_ROOM
from monitor.model import Truth
from monitor.serving.acts import Refusal
from monitor.serving.snapshot import DecisionRow
from tests.monitor.deciding import world as worlds
from tests.monitor.deciding.world import ANNA, BEN, Plan, World, trigger

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
BY_QUEUE = {"rollback": ("queue",), "other": ("queue",), "emergency": ("queue",)}


def scoped(name: str = "rollback", when: str = "abandon and probe", **fields: Any) -> Any:
    """A trigger by queue whose runbook takes the queue."""
    return trigger(name, when, **{"parameters": {"queue": "{queue}"}, **fields})


async def begun(path: Path, *triggers: Any, **desk: Any) -> World:
    """A world with scopes, its pre-flight fine, nothing bad."""
    world = await World(path / "j.db", *(triggers or (scoped(),)), **{"scopes": BY_QUEUE, **desk}).start()
    await world.measure(legacy_up=1.0)
    await world.tick(abandon=FALSE, probe=FALSE)
    return world


async def bad(world: World, *queues: str, seconds: float = 0.25) -> None:
    """Both rules of the trigger are in breach in these queues."""
    await world.tick(seconds, **{f"{rule}@{queue}": TRUE for queue in queues for rule in ("abandon", "probe")})


async def good(world: World, *queues: str) -> None:
    """Neither is any more."""
    await world.tick(**{f"{rule}@{queue}": FALSE for queue in queues for rule in ("abandon", "probe")})


def of(world: World, scope: str) -> DecisionRow:
    """The newest decision that is asked for in a scope."""
    return next(row for row in world.rows() if scope in row.scopes)


async def test_bad_in_different_queues_proposes_nothing(tmp_path: Path) -> None:
    """`a and b` is not true because a is bad in one queue and b in another."""
    world = await begun(tmp_path)
    await world.tick(**{"abandon@sales": TRUE, "probe@claims": TRUE})
    assert world.rows() == ()
    await world.tick(**{"probe@sales": TRUE})
    assert (world.row().scope, world.row().parameters) == ("queue=sales", {"queue": "sales"})
    await world.stop()


async def test_together_they_are_one_request_that_names_them_all(tmp_path: Path) -> None:
    """Three queues at once: one dialog, one digest over all of them, one run that deals with one after the other."""
    world = await begun(tmp_path)
    await bad(world, "sales", "claims", "billing")
    row = world.row()
    assert row.scopes == ("queue=sales", "queue=claims", "queue=billing")
    assert row.targets == ({"queue": "sales"}, {"queue": "claims"}, {"queue": "billing"})
    assert row.parameters == {"queue_1": "sales", "queue_2": "claims", "queue_3": "billing"}
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    (handle,) = world.executor.handles
    assert handle.order.pinned == {"targets": [{"queue": "sales"}, {"queue": "claims"}, {"queue": "billing"}]}
    await world.stop()


async def test_a_further_queue_voids_the_signatures_of_a_young_request(tmp_path: Path) -> None:
    """What is asked for has changed, so everybody looks again; an old signature does not count for more than it saw."""
    world = await begun(tmp_path)
    await bad(world, "sales")
    signed = await world.sign(ANNA)
    await bad(world, "claims")
    row = world.row()
    assert (row.id, row.votes, row.scopes) == (signed.id, (), ("queue=sales", "queue=claims"))
    assert (row.digest != signed.digest, row.nonce != signed.nonce) == (True, True)
    assert "signatures of anna are void" in world.events[-1][2]
    with pytest.raises(Refusal):
        await world.sign(BEN, signed)
    await world.stop()


async def test_after_the_window_a_signed_request_stays_as_it_is(tmp_path: Path) -> None:
    """Nobody's signature is voided for ever by one queue after the other: a later one is asked for apart."""
    world = await begun(tmp_path, scoped(group_within=10.0))
    await bad(world, "sales")
    await world.sign(ANNA)
    await bad(world, "claims", seconds=10.0)
    assert [(row.scopes, len(row.votes)) for row in reversed(world.rows())] == [
        (("queue=sales",), 1),
        (("queue=claims",), 0),
    ]
    await world.stop()


async def test_after_approval_a_further_queue_waits_its_turn(tmp_path: Path) -> None:
    """It opens its own request, may be approved, and runs when the first run has ended."""
    world = await begun(tmp_path)
    await bad(world, "sales")
    await world.sign(ANNA)
    await world.sign(BEN)
    await bad(world, "claims")
    assert of(world, "queue=sales").state == "executing"
    second = of(world, "queue=claims")
    await world.sign(ANNA, second)
    await world.sign(BEN, second)
    await world.tick()
    assert (of(world, "queue=claims").state, len(world.executor.handles)) == ("preflight", 1)
    world.executor.handles[0].report("done", "")
    await world.settled()
    await world.tick()
    assert of(world, "queue=claims").state == "executing"
    await world.stop()


async def test_what_has_cleared_leaves_and_the_rest_is_asked_again(tmp_path: Path) -> None:
    """A queue that recovered is not rolled back because another one did not; unknown leaves nothing."""
    world = await begun(tmp_path)
    await bad(world, "sales", "claims")
    await world.sign(ANNA)
    await world.tick(**{"abandon@claims": UNKNOWN})
    assert (world.row().scopes, world.row().votes) == (("queue=sales", "queue=claims"), ())
    await good(world, "claims")
    row = world.row()
    assert (row.scopes, row.targets, row.parameters) == (("queue=sales",), ({"queue": "sales"},), {"queue": "sales"})
    await good(world, "sales")
    assert world.row().state == "withdrawn"
    await world.stop()


async def test_what_clears_after_the_quorum_is_not_run(tmp_path: Path) -> None:
    """Approved and waiting for its pre-flight: a queue that recovers takes the approval with it."""
    world = await begun(tmp_path)
    await world.measure(legacy_up=None)
    await bad(world, "sales", "claims")
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "preflight"
    await good(world, "claims")
    await world.measure(legacy_up=1.0)
    assert (world.row().state, world.row().scopes, world.executor.handles) == ("awaiting", ("queue=sales",), [])
    await world.stop()


async def test_each_scope_has_its_own_cooldown_and_a_queue_that_left_asks_after_it(tmp_path: Path) -> None:
    """Leaving a request counts as its end for that queue alone."""
    world = await begun(tmp_path, scoped(group_within=0.0))
    await bad(world, "sales", "claims")
    await good(world, "claims")
    await world.sign(ANNA)
    await bad(world, "claims")
    assert [row.scopes for row in world.rows()] == [("queue=sales",)]
    await world.tick(59.0)
    assert len(world.rows()) == 1
    await world.tick(1.0)
    assert {row.scopes for row in world.rows()} == {("queue=sales",), ("queue=claims",)}
    await world.stop()


async def test_runs_are_counted_by_scope(tmp_path: Path) -> None:
    """After its one run a queue is left to people, while another queue is asked for."""
    world = await begun(tmp_path, scoped(max_runs=1, cooldown=1.0))
    await bad(world, "sales")
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    world.executor.handles[0].report("done", "")
    await world.settled()
    with pytest.raises(Refusal, match="max_runs"):
        await world.desk.rearm(ANNA, world.row().id, "looked at it")
    await bad(world, "claims", seconds=5.0)
    assert of(world, "queue=claims").state == "awaiting"
    assert len(world.rows()) == 2
    await world.stop()


async def test_what_wants_the_same_joins_as_evidence_and_voids_nothing(tmp_path: Path) -> None:
    """Where the runbook is the same for every queue, a further queue is more of the same: one request, one run."""
    world = await begun(tmp_path, scoped(parameters={}))
    await bad(world, "sales")
    signed = await world.sign(ANNA)
    await bad(world, "claims", seconds=100.0)
    row = world.row()
    assert (row.digest, row.nonce, len(row.votes)) == (signed.digest, signed.nonce, 1)
    assert (row.scopes, row.targets) == (("queue=sales", "queue=claims"), ({"queue": "all"},))
    assert {each.scope for each in row.evidence} == {"queue=sales", "queue=claims"}
    await world.sign(BEN)
    await bad(world, "billing")
    await world.tick()
    assert (len(world.rows()), len(world.executor.handles)) == (1, 1)
    assert "queue=billing" in world.row().scopes, "it joined the run that was under way"
    await world.stop()


async def test_a_value_that_does_not_fit_is_refused_and_holds_up_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    """A queue's name that the runbook does not take: told, paged, never approved; the other queue is asked for."""
    monkeypatch.setattr(worlds, "QUEUES", ((("queue", "sales"),), (("queue", "A-1"),)))
    world = await begun(tmp_path)
    await bad(world, "sales", "A-1")
    wrong = of(world, "queue=A-1")
    assert (wrong.targets, wrong.state) == ((), "awaiting")
    assert "cannot be run: its parameters do not fit the runbook: parameter queue is 'A-1'" in wrong.detail
    assert any(kind == "awaiting" and "cannot be run" in what for kind, _, what in world.events)
    with pytest.raises(Refusal, match="cannot be run"):
        await world.sign(ANNA, wrong)
    for actor in (ANNA, BEN):
        await world.sign(actor, of(world, "queue=sales"))
    for _ in range(3):
        await world.tick()
    assert [handle.order.parameters for handle in world.executor.handles] == [{"queue": "sales"}]
    await good(world, "A-1")
    assert of(world, "queue=A-1").state == "withdrawn"
    await world.stop()


async def test_a_scope_without_the_label_is_refused_too(tmp_path: Path, monkeypatch: Any) -> None:
    """Series that carry no queue make a scope, and no value is made up for it."""
    monkeypatch.setattr(worlds, "QUEUES", ((("queue", ""),),))
    world = await begun(tmp_path)
    await world.tick(abandon=TRUE, probe=TRUE)
    assert (world.row().scope, world.row().targets) == ("queue=(none)", ())
    assert "the scope has no queue to fill {queue} with" in world.row().detail
    await world.stop()


async def test_two_triggers_in_two_queues_are_one_request_and_one_run(tmp_path: Path) -> None:
    """The same runbook, asked of the same people: one dialog, however many triggers."""
    world = await begun(tmp_path, scoped(when="abandon"), scoped("other", "probe"))
    await world.tick(**{"abandon@sales": TRUE, "probe@claims": TRUE})
    row = world.row()
    assert (row.trigger, row.scopes) == ("rollback, other", ("queue=sales", "queue=claims"))
    await world.sign(ANNA)
    await world.sign(BEN)
    for _ in range(3):
        await world.tick()
    assert len(world.executor.handles) == 1
    await world.stop()


async def test_other_people_are_asked_apart(tmp_path: Path) -> None:
    """A trigger with another quorum does not slip its queue under somebody else's approval."""
    lone = worlds.APPROVAL.__class__(duties=("cutover-manager",), quorum=1, deadline=300.0)
    world = await begun(tmp_path, scoped(when="abandon", approval=lone), scoped("other", "probe"))
    await world.tick(**{"abandon@sales": TRUE})
    await world.tick(**{"probe@claims": TRUE})
    assert {(row.trigger, row.quorum, row.scopes) for row in world.rows()} == {
        ("rollback", 1, ("queue=sales",)),
        ("other", 2, ("queue=claims",)),
    }
    await world.stop()


async def test_an_absolute_stop_supersedes_only_what_it_covers(tmp_path: Path) -> None:
    """An emergency in one queue does not take another queue out of an open request."""
    world = await begun(tmp_path, scoped(when="abandon"), scoped("emergency", "probe", absolute=True))
    await world.tick(**{"abandon@sales": TRUE, "abandon@claims": TRUE})
    await world.tick(**{"probe@sales": TRUE})
    assert {row.trigger: row.state for row in world.rows()} == {"rollback": "awaiting", "emergency": "awaiting"}
    await world.tick(**{"probe@claims": TRUE})
    assert of(world, "queue=claims").trigger == "emergency"
    await world.stop()


async def test_auto_runs_once_for_all_that_breach_together_and_then_asks(tmp_path: Path) -> None:
    """One automatic run a cutover, over every queue of that tick; what breaches later is for a person."""
    world = await begun(tmp_path, scoped(mode="auto"))
    await bad(world, "sales", "claims")
    await world.tick()
    assert (world.row().state, world.row().mode, len(world.row().targets)) == ("executing", "auto", 2)
    await bad(world, "billing")
    assert (of(world, "queue=billing").state, of(world, "queue=billing").mode) == ("awaiting", "approve")
    await world.stop()


async def test_two_automatic_triggers_at_one_tick_make_one_automatic_run(tmp_path: Path) -> None:
    """Two runbooks would start by themselves at once: the first does, the second asks."""
    world = await begun(tmp_path, scoped(mode="auto"), scoped("other", mode="auto", runbook="pause"))
    world.book.plans["pause"] = Plan(name="pause", preflight=())
    await bad(world, "sales")
    assert sorted(row.mode for row in world.rows()) == ["approve", "auto"]
    await world.stop()


async def test_witnesses_are_counted_in_the_queue_that_would_be_moved(tmp_path: Path) -> None:
    """Two rules in breach in two queues are no two witnesses for either of them."""
    world = await begun(tmp_path, scoped(mode="auto", when="abandon or probe"))
    await world.tick(**{"abandon@sales": TRUE, "probe@claims": TRUE})
    assert {row.state for row in world.rows()} == {"awaiting"}
    assert all("1 of 2 independent sources" in row.detail for row in world.rows())
    await world.stop()


async def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    """Scopes, targets, what has left, signatures and cooldowns come back; nothing is asked for twice."""
    world = await begun(tmp_path, scoped(group_within=0.0))
    await bad(world, "sales", "claims", "billing")
    await good(world, "billing")
    await world.sign(ANNA)
    before = world.row()
    await world.again()
    assert world.row() == before
    await bad(world, "billing")
    assert world.rows()[0].id == before.id, "its cooldown is not over"
    assert len(world.rows()) == 1
    await world.sign(BEN)
    await world.tick()
    assert world.executor.handles[-1].order.parameters == {"queue_1": "sales", "queue_2": "claims"}
    await world.stop()


async def test_decisions_of_an_earlier_version_are_taken_up(tmp_path: Path) -> None:
    """A journal without causes and targets is read: the open request goes on, its cooldown counts."""
    world = await World(tmp_path / "j.db", scopes={}).start()
    await worlds.asked(world)
    entry = (await world.journal.entries(kind="decision"))[-1]
    old = {key: value for key, value in entry.data.items() if key not in ("causes", "targets", "misfit", "left_out")}
    old["material"] = {key: value for key, value in old["material"].items() if key != "scopes"}
    await world.journal.append("decision", "golive", "as it was", object=entry.object, state="awaiting", data=old)
    await world.again()
    assert (world.row().targets, world.row().state) == (({"queue": "all"},), "awaiting")
    await world.tick()
    assert len(world.rows()) == 1
    for actor in (ANNA, BEN):
        await world.sign(actor)
    await world.tick()
    assert world.row().state == "executing"
    await world.stop()


async def test_twenty_targets_a_request_five_requests_and_the_rest_waits(tmp_path: Path, monkeypatch: Any) -> None:
    """However many queues breach, a person has five dialogs at most; what waits is counted and asked for later."""
    names = [f"q{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(150)]
    monkeypatch.setattr(worlds, "QUEUES", tuple((("queue", name),) for name in names))
    world = await begun(tmp_path, scoped(when="abandon"))
    await world.tick(abandon=TRUE)
    assert [len(row.targets) for row in world.rows()] == [causes.MOST_TARGETS] * docket.MOST_ASKING
    assert world.desk._watches.waiting == 150 - causes.MOST_TARGETS * docket.MOST_ASKING
    await world.desk.reject(ANNA, world.rows()[0].id, "not now")
    await world.tick()
    assert sum(row.state == "awaiting" for row in world.rows()) == docket.MOST_ASKING
    assert world.desk._watches.waiting == 30
    await world.stop()


async def test_thousands_of_queues_that_want_the_same_are_one_request(tmp_path: Path, monkeypatch: Any) -> None:
    """A whole platform down: one request, a thousand causes written down, the others counted and not asked for again."""
    monkeypatch.setattr(worlds, "QUEUES", tuple((("queue", f"q{number}"),) for number in range(3000)))
    world = await begun(tmp_path, scoped(when="abandon", parameters={}))
    await world.tick(abandon=TRUE)
    for _ in range(8):
        await world.tick()
    case = next(iter(world.desk._cases.values()))
    assert (len(world.rows()), len(case.decision.causes)) == (1, causes.MOST_CAUSES)
    assert case.decision.left_out == 2000
    lines = len(await world.journal.entries(kind="decision"))
    await world.tick()
    assert len(await world.journal.entries(kind="decision")) == lines, "nobody is offered again"
    await world.stop()


async def test_what_another_run_has_done_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    """Two approved requests that overlap: the second one lets go of what the first has moved, and is asked again."""
    world = await begun(tmp_path)
    await bad(world, "sales", "claims")
    first = await world.desk.request_run(ANNA, "voice-back", {"queue": "sales"}, "sales first")
    assert len(world.rows()) == 2
    await world.sign(BEN, first)
    await world.tick()
    for actor in (ANNA, BEN):
        await world.sign(actor, of(world, "queue=claims"))
    await world.tick()
    assert (of(world, "queue=claims").state, len(world.executor.handles)) == ("preflight", 1)
    world.executor.handles[0].report("done", "")
    await world.settled()
    await world.tick()
    row = of(world, "queue=claims")
    assert (row.state, row.targets, row.votes) == ("awaiting", ({"queue": "claims"},), ())
    assert "queue=sales was dealt with" in row.detail
    await world.stop()


async def test_a_request_for_what_another_run_has_done_is_withdrawn(tmp_path: Path) -> None:
    """Nothing of it is left to do, also when the daemon was restarted in between."""
    world = await begun(tmp_path, scoped(when="abandon"), scoped("emergency", "probe", absolute=True))
    await world.tick(**{"abandon@sales": TRUE})
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick(**{"probe@sales": TRUE})
    assert [row.state for row in world.rows()] == ["awaiting", "executing"]
    await world.again()
    world.executor.handles[0].report("done", "")
    await world.settled()
    await world.tick()
    assert {row.trigger: row.state for row in world.rows()} == {"emergency": "withdrawn", "rollback": "rolled_back"}
    await world.stop()


async def test_a_person_who_asked_is_not_withdrawn_because_a_trigger_that_joined_has_cleared(tmp_path: Path) -> None:
    """A request by hand has no cause to lose."""
    world = await begun(tmp_path)
    await world.desk.request_run(ANNA, "voice-back", {"queue": "sales"}, "I hear them")
    await bad(world, "sales")
    assert world.row().trigger == "by hand, rollback"
    await good(world, "sales")
    assert world.row().state == "awaiting"
    await world.stop()


async def test_among_thousands_each_queue_has_its_turn(tmp_path: Path, monkeypatch: Any) -> None:
    """Without room only a few are looked at in a tick, and in turns, so that no queue is passed over for those before it;
    what people are told is how many wait in truth."""
    letters = "abcdefghij"
    names = [f"q{a}{b}{c}" for a in letters for b in letters for c in letters]
    monkeypatch.setattr(worlds, "QUEUES", tuple((("queue", name),) for name in names))
    world = await begun(tmp_path, scoped(when="abandon"))
    watch = world.desk._watches._by_name["rollback"]
    seen: list[str] = []
    kept = watch.edges

    def edges(facts: Any, *, room: bool = True) -> Any:
        found = kept(facts, room=room)
        seen.extend(edge.scope[0][1] for edge in found)
        return found

    monkeypatch.setattr(watch, "edges", edges)
    await world.tick(abandon=TRUE)
    assert len(seen) == MOST_APART
    waiting = 1000 - causes.MOST_TARGETS * docket.MOST_ASKING
    assert watch.unanswered(world.facts) == waiting
    for _ in range(1000 // WITHOUT_ROOM + 1):
        await world.tick()
    assert set(seen) == set(names)
    assert watch.unanswered(world.facts) == waiting
    await world.stop()
