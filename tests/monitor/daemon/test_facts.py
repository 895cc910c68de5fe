"""One tick's facts, scope by scope: truth, evidence and sources are of the scope that is asked about."""

from __future__ import annotations

from monitor.daemon.facts import TickFacts
from monitor.judging.expressions import parse
from monitor.model import Truth
from tests.monitor.judging.rig import Rig, rule, share_rule

INDEPENDENCE = {0: "passive", 1: "active", 2: "carrier"}
A, B = (("queue", "a"),), (("queue", "b"),)


def facts(rig: Rig) -> TickFacts:
    """The facts of the newest tick."""
    return TickFacts(rig.engine, "only", rig.now, INDEPENDENCE)


def fed() -> Rig:
    """Queue a bad from one collector, queue b good from another; a share over both from a third."""
    rig = Rig(rule(by=("queue",)), share_rule(name="share", by=("queue",), min_count=1))
    for second in range(1, 4):
        rig.now += 1
        rig.put(40.0, queue="a")
        rig.put(10.0, owner=1, queue="b")
        rig.count(second, 2 * second, owner=2, queue="a")
        rig.count(0, 2 * second, owner=1, queue="b")
        rig.look()
    return rig


def test_sources_are_those_of_the_scope() -> None:
    """A collector that feeds another queue is no witness for this one; a ratio rests on both of its sides."""
    now = facts(fed())
    assert now.sources(("x",)) == {"passive", "active"}
    assert [set(now.sources(("x",), scope)) for scope in (A, B)] == [{"passive"}, {"active"}]
    assert [set(now.sources(("share",), scope)) for scope in (A, B)] == [{"carrier"}, {"active"}]
    assert now.sources(("x", "share"), A) == {"passive", "carrier"}
    assert now.sources(("x",), (("queue", "gone"),)) == frozenset()


def test_evidence_is_that_of_the_scopes_asked_about() -> None:
    """What is signed for one queue shows that queue's numbers."""
    now = facts(fed())
    assert {row.scope for row in now.evidence(("x",))} == {"queue=a", "queue=b"}
    assert [(row.scope, row.value) for row in now.evidence(("x",), (A,))] == [("queue=a", 40.0)]
    assert {row.scope for row in now.evidence(("x", "share"), (A, B))} == {"queue=a", "queue=b"}
    assert now.evidence(("x", "nothing"), ((("queue", "gone"),),)) == ()


def test_a_trigger_calls_in_the_scope_in_which_it_is_true() -> None:
    """Real rules over real series: bad in a, good in b, unknown where nobody was heard."""
    now = facts(fed())
    assert now.calls(parse("x"), ("queue",)).true == (A,)
    assert (now.rule("x", A), now.rule("x", B), now.rule("x")) == (Truth.TRUE, Truth.FALSE, Truth.TRUE)
    assert now.rule("x", (("queue", "gone"),)) is Truth.UNKNOWN
    assert now.rule("nothing", A) is Truth.UNKNOWN


def test_a_queue_that_falls_silent_is_neither_bad_nor_good() -> None:
    """Stale is unknown, in its own scope only."""
    rig = fed()
    for _ in range(30):
        rig.now += 1
        rig.put(10.0, owner=1, queue="b")
        rig.look()
    now = facts(rig)
    assert (now.rule("x", A), now.rule("x", B)) == (Truth.UNKNOWN, Truth.FALSE)
    assert now.calls(parse("x"), ("queue",)).true == ()
    assert now.calls(parse("not x"), ("queue",)).true == (B,)


def test_facts_of_a_tick_stay_as_they_were() -> None:
    """A vote that comes while the next tick is judged rests on the tick that was looked at."""
    rig = fed()
    before = facts(rig)
    before.calls(parse("x"), ("queue",))
    rig.now += 1
    rig.put(10.0, queue="a")
    rig.look()
    assert before.rule("x", A) is Truth.TRUE
    assert facts(rig).rule("x", A) is Truth.FALSE
