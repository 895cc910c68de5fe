"""What a tick's facts mean for a decision: cause, pre-flight, what is material. Pure, three-valued."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from monitor.deciding.contracts import Plan
from monitor.deciding.decision import Decision, Material, State
from monitor.deciding.facts import Facts
from monitor.judging.expressions import Expression, ExpressionError, parse
from monitor.judging.triggers import Trigger
from monitor.model import Truth
from monitor.plan import PAST
from monitor.serving.snapshot import CheckRow

INDEPENDENT = 2
"""Sources that must agree before anything runs without being asked for."""


@dataclass(frozen=True, slots=True)
class Armament:
    """A trigger with its expression read."""

    trigger: Trigger
    when: Expression

    def truth(self, facts: Facts) -> Truth:
        """Whether it calls for its runbook; false in a stage where it is not active."""
        if self.trigger.active_in and facts.stage not in self.trigger.active_in:
            return Truth.FALSE
        return self.when.evaluate(facts.rule, facts.signal)


def armaments(triggers: Iterable[Trigger]) -> dict[str, Armament]:
    """Read every trigger's expression; ExpressionError for one that `golive check` would have refused."""
    return {trigger.name: Armament(trigger, parse(trigger.when)) for trigger in triggers}


def cause(decision: Decision, triggers: Mapping[str, Armament], facts: Facts) -> Truth:
    """Whether any trigger of a decision still calls. A person's request has no cause to lose."""
    known = [triggers[name].truth(facts) for name in decision.triggers if name in triggers]
    return max(known, default=Truth.TRUE)


def breached(rules: Iterable[str], facts: Facts) -> tuple[str, ...]:
    """The rules in breach, sorted."""
    return tuple(sorted(rule for rule in rules if facts.rule(rule) is Truth.TRUE))


def checks(expressions: Iterable[str], facts: Facts, past: Truth = Truth.UNKNOWN) -> tuple[CheckRow, ...]:
    """Judge conditions one by one; one that cannot be read is unknown, and says why.

    past: whether a point of no return that concerns the decision is passed.
    """

    def rule(name: str) -> Truth:
        return past if name == PAST else facts.rule(name)

    rows: list[CheckRow] = []
    for text in expressions:
        try:
            parsed = parse(text)
        except ExpressionError as error:
            rows.append(CheckRow(what=text, state="unknown", detail=f"cannot be read: {error}"))
            continue
        truth = parsed.evaluate(rule, facts.signal)
        rows.append(CheckRow(what=text, state=truth.name.lower(), detail=_measured(parsed, facts, rule)))
    return tuple(rows)


def _measured(expression: Expression, facts: Facts, rule: Callable[[str], Truth]) -> str:
    parts = []
    for name in sorted(expression.signals):
        value = facts.signal(name)
        parts.append(f"{name} is {'unknown' if value is None else f'{value:.4g}'}")
    parts += [f"{name} is {'unknown' if rule(name) is Truth.UNKNOWN else 'known'}" for name in expression.rules]
    return ", ".join(parts)


def all_of(rows: Iterable[CheckRow]) -> Truth:
    """`and` over judged conditions."""
    return min((Truth[row.state.upper()] for row in rows), default=Truth.TRUE)


def material(
    rules: Iterable[str],
    plan: Plan | None,
    preflight: tuple[CheckRow, ...],
    facts: Facts,
    config_digest: str,
    points: tuple[tuple[str, str], ...] = (),
) -> Material:
    """What a signature given at this tick would rest on."""
    return Material(
        stage=facts.stage,
        runbook_digest=plan.digest if plan is not None else "",
        config_digest=config_digest,
        breached=breached(rules, facts),
        preflight=tuple((row.what, row.state) for row in preflight),
        points=points,
    )


def void_because(before: Material, now: Material, *, with_preflight: bool) -> str:
    """Why signatures under `before` do not hold any more; empty when they do.

    A further rule that breaches is more of the same; a rule that leaves breach or turns unknown is not.
    """
    if now.runbook_digest != before.runbook_digest:
        return "the runbook was changed"
    if now.config_digest != before.config_digest:
        return "the configuration was changed"
    if now.stage != before.stage:
        return f"the stage is now {now.stage}"
    if gone := sorted(set(before.breached) - set(now.breached)):
        return f"{', '.join(gone)} is no longer in breach or cannot be known"
    if why := _passed(before, now):
        return why
    return _preflight(before, now) if with_preflight else ""


def _passed(before: Material, now: Material) -> str:
    known = dict(before.points)
    moved = [f"point of no return {name} is now {state}" for name, state in now.points if known.get(name) != state]
    return ", ".join(moved) or ("other points of no return count now" if now.points != before.points else "")


def _preflight(before: Material, now: Material) -> str:
    if now.preflight == before.preflight:
        return ""
    states = dict(before.preflight)
    changed = [f"{what} is now {state}" for what, state in now.preflight if states.get(what) != state]
    return f"pre-flight changed: {', '.join(changed) or 'other conditions'}"


def opening(mode: str, truth: Truth, armament: Armament, facts: Facts, automatic_runs: int) -> tuple[State, str]:
    """The state in which a candidate opens, and why it asks where it might have acted by itself.

    Only a true expression over rules that are all known, on two independent sources, runs without being asked
    for, once a cutover. Everything else asks. Nothing unknown ever executes.
    """
    if mode == "observe":
        return State.RECORDED, "observed only: it would have asked"
    if mode != "auto":
        return State.AWAITING, "the cause cannot be known for sure" if truth is Truth.UNKNOWN else ""
    if armament.trigger.absolute:
        return State.AWAITING, "an absolute stop always asks"
    if why := automatic_guard(truth, armament, facts):
        return State.AWAITING, f"guard: {why}; a person decides"
    if automatic_runs:
        return State.AWAITING, "guard: this cutover had its automatic run; a person decides"
    return State.PREFLIGHT, "automatic: all sources fresh and independent"


def automatic_guard(truth: Truth, armament: Armament, facts: Facts) -> str:
    """Why a trigger may not act by itself at this tick; empty when it may."""
    rules = sorted(armament.when.rules)
    if truth is not Truth.TRUE:
        return "the cause is not known to be true"
    if unknown := [rule for rule in rules if facts.rule(rule) is Truth.UNKNOWN]:
        return f"{', '.join(unknown)} unknown"
    if any(facts.signal(name) is None for name in armament.when.signals):
        return "a signal is unknown"
    if flapping := facts.flapping(rules):
        return f"{', '.join(flapping)} flapping"
    sources = facts.sources(breached(rules, facts))
    return f"{len(sources)} of {INDEPENDENT} independent sources" if len(sources) < INDEPENDENT else ""
