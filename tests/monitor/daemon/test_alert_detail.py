"""What stands under an alert: what led here, and what the triggers on it lack to act."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np

from monitor.daemon.alert_detail import guard
from monitor.daemon.trail import KEPT, STEP, Trail
from monitor.deciding.judgement import armaments
from monitor.judging.triggers import Approval, Trigger
from monitor.model import Standing, Truth
from tests.monitor.deciding.world import Facts
from tests.monitor.serving.boards import decision

APPROVAL = Approval(duties=("manager",))
QUEUE = (("queue", "sales"),)


def words(truths: dict[str, Truth], mode: Literal["approve", "auto"] = "approve", *, absolute: bool = False) -> str:
    """How the trigger `loss and mos` stands, in words."""
    trigger = Trigger(
        name="rollback", when="loss and mos", runbook="back", mode=mode, absolute=absolute, approval=APPROVAL
    )
    (armament,) = armaments((trigger,), {"rollback": ("queue",)}).values()
    return guard(armament, Facts(at=0.0, rules=truths), QUEUE, "approve", ()).words


def test_a_trigger_that_calls_says_who_decides():
    """Two sources agree: a person decides, unless the mode is auto; an absolute stop always asks."""
    both = {"loss": Truth.TRUE, "mos": Truth.TRUE}
    assert words(both) == "calls: 2 of 2 independent sources; mode approve, a person decides"
    assert words(both, "auto") == "calls: 2 of 2 independent sources; mode auto, acts by itself"
    assert words(both, "auto", absolute=True) == "calls: 2 of 2 independent sources; mode auto, a person decides"


def test_a_trigger_that_does_not_call_says_what_it_lacks():
    """What is not in breach and what is unknown are told apart, and neither is hidden."""
    assert words({"loss": Truth.TRUE, "mos": Truth.FALSE}) == "does not call: mos is not in breach"
    assert words({"loss": Truth.TRUE, "mos": Truth.UNKNOWN}) == "cannot be known: mos is unknown"
    assert words({"loss": Truth.FALSE, "mos": Truth.UNKNOWN}) == "does not call: loss is not in breach, mos is unknown"


def test_one_source_is_not_two():
    """Rules that rest on the same source are one witness, and the guard says so."""
    trigger = Trigger(name="rollback", when="loss and mos", runbook="back", mode="auto", approval=APPROVAL)
    (armament,) = armaments((trigger,), {}).values()
    same = {"loss": frozenset({"edge"}), "mos": frozenset({"edge"})}
    facts = Facts(at=0.0, rules={"loss": Truth.TRUE, "mos": Truth.TRUE}, witnesses=same)
    row = guard(armament, facts, (), "approve", ())
    assert row.words == "calls: 1 of 2 independent sources; mode auto, a person decides"
    assert (row.sources, row.sources_needed, row.truth) == (1, 2, "true")


def test_the_open_decision_is_named():
    """Who looks at the alert finds the decision on it."""
    trigger = Trigger(name=decision().trigger, when="loss", runbook="back", approval=APPROVAL)
    (armament,) = armaments((trigger,), {}).values()
    row = guard(armament, Facts(at=0.0, rules={"loss": Truth.TRUE}), (), "approve", (decision("awaiting"),))
    assert row.decision == decision().id
    assert guard(armament, Facts(at=0.0), (), "approve", (decision("rejected"),)).decision == ""


class Judge:
    """One rule in two places."""

    active = True

    def __init__(self) -> None:
        self.value = np.array([1.0, np.nan])
        self.standings = np.array([Standing.OK, Standing.UNKNOWN], np.int8)


class Engine:
    """With that rule."""

    def __init__(self) -> None:
        self.judges = {"loss": Judge()}


def test_what_led_here_is_bounded_and_in_order():
    """A point every half minute, twelve at most; what was not known has no value; a clock set back leaves no future."""
    trail, engine = Trail(), Engine()
    for number in range(3 * KEPT):
        for offset in (0.0, 1.0):
            engine.judges["loss"].value[0] = float(number)
            list(trail.note(engine, 1000.0 + number * STEP + offset))  # type: ignore[arg-type]
    rows = trail.of("loss", 0)
    assert [row.value for row in rows] == [float(number) for number in range(2 * KEPT, 3 * KEPT)]
    assert [later.at - row.at for row, later in pairwise(rows)] == [STEP] * (KEPT - 1)
    assert {(row.value, row.state) for row in trail.of("loss", 1)} == {(None, "unknown")}
    assert trail.of("loss", 2) == trail.of("mos", 0) == ()
    list(trail.note(engine, 1000.0))  # type: ignore[arg-type]
    assert [row.at for row in trail.of("loss", 0)] == [1000.0]
