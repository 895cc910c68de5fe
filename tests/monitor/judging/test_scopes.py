"""Truth scope by scope: the columns say the same as one look at each scope, and nothing unknown is ever true."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from monitor.judging.expressions import parse
from monitor.judging.rules import Rule, Signal
from monitor.judging.scopes import ALL, Atlas
from monitor.judging.scoping import filled, labels_named, scope_labels, scope_words, shared
from monitor.judging.triggers import Approval, Trigger
from monitor.model import Labels, Level, Truth

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
SITES, QUEUES = ("x", "y"), ("a", "b", "c")
BAD, GOOD, DARK, REST = "bad", "good", "dark", "rest"
MISSING: Any = {"no_data": "hold", "null": "unknown", "error": "unknown", "stale": "unknown"}


class FakeStates:
    """Levels as a test states them."""

    def __init__(self, judge: FakeJudge) -> None:
        self.judge = judge

    def levels(self) -> Any:
        return np.array([Level.BREACH if how == BAD else Level.OK for how in self.judge.groups.values()], np.int8)


class FakeJudge:
    """A rule's groups as a test states them: bad, good, dark (nothing is known) or rest."""

    def __init__(self, name: str, groups: dict[Labels, str], *, active: bool = True) -> None:
        self.rule = Rule(name=name, estimator="last", window=1.0, operator=">", breach=1.0, missing=None)  # type: ignore[arg-type]
        self.groups = groups
        self.active = active
        self.states = FakeStates(self)

    @property
    def names(self) -> list[Labels]:
        return list(self.groups)

    @property
    def measured(self) -> Any:
        return np.array([how in (BAD, GOOD) for how in self.groups.values()], np.bool_)

    @property
    def resting(self) -> Any:
        return np.array([how == REST for how in self.groups.values()], np.bool_)


def atlas(*judges: FakeJudge, fixed: dict[str, dict[str, str]] | None = None) -> Atlas:
    """An atlas over rules; a rule's labels are those of its first group."""
    by = {j.rule.name: tuple(label for label, _ in j.names[0]) for j in judges}
    named: Any = {judge.rule.name: judge for judge in judges}
    return Atlas(named, {}, by, {name: (fixed or {}).get(name, {}) for name in named})


def group(**labels: str) -> Labels:
    """Labels as groups carry them."""
    return tuple(labels.items())


HOW = st.sampled_from([BAD, GOOD, GOOD, DARK, REST])


@st.composite
def judged_rules(draw: Any) -> list[FakeJudge]:
    """Three rules: by queue, by site and queue, and over everything; some without some of the groups."""
    queues = draw(st.lists(st.sampled_from(QUEUES), min_size=1, unique=True))
    pairs = draw(st.lists(st.tuples(st.sampled_from(SITES), st.sampled_from(QUEUES)), min_size=1, unique=True))
    return [
        FakeJudge("r0", {group(queue=queue): draw(HOW) for queue in queues}, active=draw(st.booleans())),
        FakeJudge("r1", {group(site=site, queue=queue): draw(HOW) for site, queue in pairs}),
        FakeJudge("r2", {(): draw(HOW)}),
    ]


def expressions() -> Any:
    """Any expression over the three rules and a signal, as text."""
    names = st.sampled_from(["r0", "r1", "r2", "s > 1"])
    return st.recursive(
        names,
        lambda part: st.one_of(
            part.map(lambda a: f"not ({a})"),
            st.tuples(part, st.sampled_from(["and", "or"]), part).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            st.tuples(part, part, part).map(lambda t: f"at least 2 of ({t[0]}, {t[1]}, {t[2]})"),
        ),
        max_leaves=6,
    )


def one_by_one(judge: FakeJudge, scope: Labels) -> str:
    """What a rule is in a scope, by looking at each of its groups."""
    if not judge.active:
        return REST
    shared_labels = {label for label, _ in judge.names[0]} & {label for label, _ in scope}
    wanted = {(label, value) for label, value in scope if label in shared_labels}
    inside = [how for name, how in judge.groups.items() if wanted <= set(name)]
    if not inside or BAD in inside:
        return BAD if inside else DARK
    if DARK in inside:
        return DARK
    return GOOD if GOOD in inside else REST


@given(judged_rules(), expressions(), st.sampled_from([None, 0.0, 2.0]))
def test_columns_say_the_same_as_one_look_at_each_scope(
    judges: list[FakeJudge], text: str, value: float | None
) -> None:
    """A trigger calls exactly in the scopes in which its expression is true, rule by rule and group by group."""
    world, expression = atlas(*judges), parse(text)
    by_name = {judge.rule.name: judge for judge in judges}
    calls = world.calls(expression, ("queue",), lambda _name: value)
    known = {BAD: TRUE, GOOD: FALSE, DARK: UNKNOWN, REST: UNKNOWN}
    queues = {
        dict(name)["queue"]
        for rule in expression.rules
        for name in by_name[rule].names
        if dict(name).keys() == {"queue"}
    }
    for queue in sorted(queues):
        scope = group(queue=queue)
        states = {name: one_by_one(judge, scope) for name, judge in by_name.items()}
        truth = expression.evaluate(lambda name, states=states: known[states[name]], lambda _name: value)  # type: ignore[misc]
        assert (scope in calls.true) == (truth is TRUE)
        for name in expression.rules:
            assert world.truth(name, scope) is known[states[name]]
    assert calls.lost == (), "nothing is lost that was never seen"


@given(judged_rules(), expressions())
def test_neither_kind_of_unknown_ever_makes_anything_true(judges: list[FakeJudge], text: str) -> None:
    """Where a trigger calls, it still does when everything that is dark or rests turns out to be good, or bad."""
    calls = atlas(*judges).calls(parse(text), ("queue",), lambda _name: None)
    for turned in (BAD, GOOD):
        after = [FakeJudge(judge.rule.name, _turned(judge, turned)) for judge in judges]
        still: set[Labels] = set()
        for value in (0.0, 5.0):
            now = atlas(*after).calls(parse(text), ("queue",), lambda _name, value=value: value)  # type: ignore[misc]
            still |= set(now.true)
        known = {scope for scope in calls.true if all(one_by_one(each, scope) in (BAD, GOOD) for each in after)}
        assert known <= still


def _turned(judge: FakeJudge, how: str) -> dict[Labels, str]:
    """A rule's groups once what nobody saw has turned out to be like this; all of them where the rule rested."""
    if not judge.active:
        return dict.fromkeys(judge.groups, how)
    return {name: how if each == DARK else each for name, each in judge.groups.items()}


@pytest.mark.parametrize(
    ("text", "first", "second", "asks"),
    [
        ("r0", DARK, GOOD, True),
        ("r0 and r1", DARK, REST, False),
        ("r0 or r1", DARK, REST, True),
        ("not r0", REST, GOOD, False),
        ("not r0 or not r1", REST, DARK, True),
        ("not (r0 and r1)", REST, DARK, True),
        ("not (r0 or r1)", REST, DARK, False),
        ("r0 and r1", DARK, GOOD, False),
        ("r0 and r1", DARK, BAD, True),
        ("at least 2 of (r0, r1, not r0)", REST, DARK, False),
    ],
)
def test_only_what_is_out_of_sight_asks(text: str, first: str, second: str, *, asks: bool) -> None:
    """A person is asked where what nobody sees could by itself be the cause, and never about what rests."""
    one, two = FakeJudge("r0", {group(queue="a"): GOOD}), FakeJudge("r1", {group(queue="a"): GOOD})
    world = atlas(one, two)
    assert world.calls(parse(text), ("queue",), lambda _name: None).lost == ()
    one.groups, two.groups = {group(queue="a"): first}, {group(queue="a"): second}
    world.turned()
    assert world.calls(parse(text), ("queue",), lambda _name: None).lost == ((group(queue="a"),) if asks else ())


def test_a_rule_of_another_stage_asks_nobody() -> None:
    """A rule that is not judged in this stage is out of everybody's mind, not out of sight."""
    one, two = FakeJudge("r0", {group(queue="a"): BAD}), FakeJudge("r1", {group(queue="a"): GOOD})
    world = atlas(one, two)
    world.calls(parse("r0 and r1"), ("queue",), lambda _name: None)
    two.active = False
    world.turned()
    calls = world.calls(parse("r0 and r1"), ("queue",), lambda _name: None)
    assert (calls.true, calls.lost) == ((), ())
    assert world.calls(parse("r0 and not r1"), ("queue",), lambda _name: None).true == ()


def test_a_new_stage_is_no_loss_of_sight() -> None:
    """What was in sight before the windows began afresh does not count."""
    judge = FakeJudge("r0", {group(queue="a"): GOOD})
    world = atlas(judge)
    world.calls(parse("r0"), ("queue",), lambda _name: None)
    judge.groups = {group(queue="a"): DARK}
    world.turned(stage=True)
    assert world.calls(parse("r0"), ("queue",), lambda _name: None).lost == ()


def test_scopes_grow_with_the_groups() -> None:
    """A queue that appears later is a scope of its own from then on, for fine and for coarse rules."""
    fine, coarse = FakeJudge("r0", {group(site="x", queue="a"): BAD}), FakeJudge("r1", {group(site="x"): BAD})
    world, expression = atlas(fine, coarse), parse("r0 and r1")
    by = ("site", "queue")
    assert world.calls(expression, by, lambda _name: None).true == (group(site="x", queue="a"),)
    fine.groups = {**fine.groups, group(site="y", queue="b"): BAD, group(site="x", queue="c"): BAD}
    world.turned()
    assert world.calls(expression, by, lambda _name: None).true == (
        group(site="x", queue="a"),
        group(site="x", queue="c"),
    )
    coarse.groups = {**coarse.groups, group(site="y"): BAD}
    world.turned()
    assert len(world.calls(expression, by, lambda _name: None).true) == 3


def test_a_rule_over_one_queue_says_nothing_about_another() -> None:
    """A rule that matches one queue only is out of sight in every other queue."""
    many, one = FakeJudge("r0", {group(queue="a"): BAD, group(queue="b"): BAD}), FakeJudge("r1", {(): BAD})
    world = atlas(many, one, fixed={"r1": {"queue": "a"}})
    assert world.calls(parse("r0 and r1"), ("queue",), lambda _name: None).true == (group(queue="a"),)
    assert world.truth("r1", group(queue="b")) is UNKNOWN


def test_a_rule_that_raised_is_out_of_sight_everywhere() -> None:
    """A broken rule is true nowhere, and neither is its negation."""
    judge = FakeJudge("r0", {group(queue="a"): BAD})
    world = Atlas({"r0": judge}, {"r0": "ValueError"}, {"r0": ("queue",)}, {"r0": {}})  # type: ignore[dict-item]
    assert world.calls(parse("r0"), ("queue",), lambda _name: None).true == ()
    assert world.calls(parse("not r0"), ("queue",), lambda _name: None).true == ()


def test_what_a_tick_saw_stays_what_it_saw() -> None:
    """Asked in the middle of the next tick, the facts are still those of the last."""
    judge = FakeJudge("r0", {group(queue="a"): BAD})
    world = atlas(judge)
    world.truth("r0", group(queue="a"))
    frozen = world.frozen()
    judge.groups = {group(queue="a"): GOOD}
    world.turned()
    assert world.truth("r0", group(queue="a"), frozen) is TRUE
    assert world.truth("r0", group(queue="a")) is FALSE


def _still(judge: FakeJudge) -> Any:
    """The judge with its columns made once, as the real one has them."""
    levels = judge.states.levels()
    states = SimpleNamespace(levels=lambda: levels)
    columns = {"measured": judge.measured, "resting": judge.resting, "names": judge.names}
    return SimpleNamespace(rule=judge.rule, active=True, states=states, **columns)


def test_ten_thousand_scopes_cost_no_loop_a_tick() -> None:
    """With nothing bad in 10,000 queues a trigger over three rules is judged in a few milliseconds."""
    groups = {group(queue=f"q{number}"): GOOD for number in range(10_000)}
    named: Any = {f"r{number}": _still(FakeJudge(f"r{number}", groups)) for number in range(3)}
    world = Atlas(named, {}, dict.fromkeys(named, ("queue",)), {name: {} for name in named})
    expression = parse("r0 and (r1 or not r2)")
    world.calls(expression, ("queue",), lambda _name: None)
    took = []
    for _ in range(5):
        world.turned()
        began = time.perf_counter()
        world.calls(expression, ("queue",), lambda _name: None)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.02, f"{min(took) * 1000:.1f} ms"


def rule(name: str, *by: str, signal: str = "") -> Rule:
    """A rule with these groups."""
    return Rule(name=name, signal=signal, by=by, estimator="last", window=1.0, operator=">", breach=1.0, missing=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "fields", "labels"),
    [
        ("a and b", {}, ("queue",)),
        ("a and c", {}, ("queue",)),
        ("a and all_of_it", {}, ("queue",)),
        ("b", {}, ("queue", "site")),
        ("all_of_it", {}, ()),
        ("a and d", {}, ()),
        ("c", {}, ("queue",)),
        ("a and b", {"scope": "all"}, ()),
        ("a and b", {"by": ("queue", "site")}, ("queue", "site")),
    ],
)
def test_a_triggers_scopes_are_what_its_rules_share(when: str, fields: dict[str, Any], labels: tuple[str, ...]) -> None:
    """Labels common to all rules with groups, a signal's where the rule states none; or what the trigger states."""
    rules = [
        rule("a", "queue"),
        rule("b", "queue", "site"),
        rule("c", signal="s"),
        rule("d", "site"),
        rule("all_of_it"),
    ]
    trigger = Trigger(name="t", when=when, runbook="r", approval=Approval(duties=()), **fields)
    assert scope_labels(trigger, rules, [Signal(name="s", by=("queue",))]) == labels


def test_parameters_are_filled_from_the_scope_and_from_nothing_else() -> None:
    """A label that the scope has not got, or has empty, is a refusal in words; braces of other kinds stay."""
    scope = group(queue="sales", site="")
    assert filled({"queue": "{queue}-in", "plain": "all"}, scope) == {"queue": "sales-in", "plain": "all"}
    assert labels_named({"a": "{queue}{site}", "b": "{1x}"}) == {"queue", "site"}
    for text in ("{site}", "{trunk}"):
        with pytest.raises(ValueError, match="the scope has no"):
            filled({"x": text}, scope)
    assert (scope_words(scope), scope_words(ALL), shared([])) == ("queue=sales site=(none)", "all", ())
