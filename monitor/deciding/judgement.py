"""What a tick's facts mean for a decision: cause, pre-flight, what is material. Pure, three-valued."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.deciding.causes import Cause, Target, live, scopes_of
from monitor.deciding.contracts import Plan
from monitor.deciding.decision import BY_HAND, Decision, Material, State
from monitor.deciding.facts import Facts
from monitor.deciding.witnesses import witnesses
from monitor.judging.expressions import Expression, ExpressionError, parse
from monitor.judging.scopes import ALL, Calls
from monitor.judging.scoping import scope_words
from monitor.judging.triggers import Trigger
from monitor.model import Labels, Truth
from monitor.plan import PAST
from monitor.serving.snapshot import CheckRow

INDEPENDENT = 2
"""Rules on sources of their own that must agree before anything runs without being asked for."""

HAD_ITS_RUN = "guard: this cutover had its automatic run; a person decides"


@dataclass(frozen=True, slots=True)
class Armament:
    """A trigger with its expression read, and the labels that make its scopes."""

    trigger: Trigger
    when: Expression
    by: tuple[str, ...] = ()

    def truth(self, facts: Facts, scope: Labels = ALL) -> Truth:
        """Whether it calls for its runbook in a scope; false in a stage where it is not judged."""
        if not self._judged(facts):
            return Truth.FALSE
        return self.when.evaluate(lambda name: facts.rule(name, scope), facts.signal)

    def calls(self, facts: Facts) -> Calls:
        """The scopes in which it calls, or in which nobody can know."""
        return facts.calls(self.when, self.by) if self._judged(facts) else Calls()

    def _judged(self, facts: Facts) -> bool:
        active_in = self.trigger.active_in
        return (not active_in or facts.stage in active_in) and facts.judged(self.when)

    @property
    def independent(self) -> int:
        """How many independent witnesses it needs to act by itself."""
        return max(INDEPENDENT, self.trigger.distinct_sources or 0)


def armaments(triggers: Iterable[Trigger], by: Mapping[str, tuple[str, ...]]) -> dict[str, Armament]:
    """Read every trigger's expression; ExpressionError for one that `golive check` would have refused.

    by: the labels of each trigger's scopes; one that is not in it has one scope, everything.
    """
    return {trigger.name: Armament(trigger, parse(trigger.when), by.get(trigger.name, ())) for trigger in triggers}


def cause(decision: Decision, triggers: Mapping[str, Armament], facts: Facts) -> Truth:
    """Whether anything that a decision was asked for still calls. A person's request has no cause to lose."""
    if BY_HAND in decision.triggers:
        return Truth.TRUE
    best = None
    for each in live(decision.causes):
        if each.trigger in triggers:
            truth = triggers[each.trigger].truth(facts, each.scope)
            if truth is Truth.TRUE:
                return truth
            best = truth if best is None else max(best, truth)
    return Truth.TRUE if best is None else best


def cleared(decision: Decision, triggers: Mapping[str, Armament], facts: Facts) -> frozenset[int]:
    """Targets of which every cause is known to have cleared: they leave a request before anything is done to them."""
    if BY_HAND in decision.triggers:
        return frozenset()
    gone = {each.target for each in live(decision.causes)}
    for each in live(decision.causes):
        if each.target in gone and (each.trigger not in triggers or _calls(triggers[each.trigger], facts, each.scope)):
            gone.discard(each.target)
    return frozenset(gone)


def _calls(armament: Armament, facts: Facts, scope: Labels) -> bool:
    """Whether it is true or unknown there: unknown clears nothing."""
    return armament.truth(facts, scope) is not Truth.FALSE


def breached(
    causes: Iterable[Cause], targets: Sequence[Target], triggers: Mapping[str, Armament], facts: Facts
) -> tuple[str, ...]:
    """The rules in breach in any scope of each target, sorted; of several targets each with its target."""
    found: dict[tuple[int, str], str] = {}
    for each in live(causes):
        armament = triggers.get(each.trigger)
        for rule in armament.when.rules if armament is not None else ():
            if (each.target, rule) not in found and facts.rule(rule, each.scope) is Truth.TRUE:
                found[each.target, rule] = f"{rule}{_where(targets, each.target)}"
    return tuple(sorted(found.values()))


def _where(targets: Sequence[Target], number: int) -> str:
    if len(targets) < 2:  # noqa: PLR2004 - one target needs no name
        return ""
    return f" ({' '.join(f'{name}={value}' for name, value in sorted(targets[number].items()))})"


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
    causes: tuple[Cause, ...],
    targets: Sequence[Target],
    triggers: Mapping[str, Armament],
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
        breached=breached(causes, targets, triggers, facts),
        preflight=tuple((row.what, row.state) for row in preflight),
        scopes=tuple(scope_words(scope) for scope in scopes_of(live(causes))),
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


def opening(
    mode: str, truth: Truth, armament: Armament, facts: Facts, automatic_runs: int, scope: Labels = ALL
) -> tuple[State, str]:
    """The state in which a candidate opens, and why it asks where it might have acted by itself.

    Only a true expression over rules that are all known, with witnesses on sources of their own, runs without being
    asked for, once a cutover. Everything else asks. Nothing unknown ever executes.
    """
    if mode == "observe":
        return State.RECORDED, "observed only: it would have asked"
    if mode != "auto":
        return State.AWAITING, _unsure(truth, armament, facts, scope)
    if armament.trigger.absolute:
        return State.AWAITING, "an absolute stop always asks"
    if why := automatic_guard(truth, armament, facts, scope):
        return State.AWAITING, f"guard: {why}; a person decides"
    if automatic_runs:
        return State.AWAITING, HAD_ITS_RUN
    return State.PREFLIGHT, "automatic: all sources fresh and independent"


def _unsure(truth: Truth, armament: Armament, facts: Facts, scope: Labels) -> str:
    """What a person should know before signing: that the cause is unknown, or stands on fewer legs than wanted."""
    if truth is Truth.UNKNOWN:
        return "the cause cannot be known for sure"
    if armament.trigger.distinct_sources is None:
        return ""
    found = independent(armament, facts, scope)
    wanted = armament.trigger.distinct_sources
    return f"{found} of {wanted} independent sources" if found < wanted else ""


def independent(armament: Armament, facts: Facts, scope: Labels) -> int:
    """How many of a trigger's rules are in breach in a scope, no two of them on a common source."""
    bad = [rule for rule in sorted(armament.when.rules) if facts.rule(rule, scope) is Truth.TRUE]
    return witnesses({rule: facts.sources((rule,), scope) for rule in bad})


def automatic_guard(truth: Truth, armament: Armament, facts: Facts, scope: Labels = ALL) -> str:
    """Why a trigger may not act by itself in a scope at this tick; empty when it may."""
    rules = sorted(armament.when.rules)
    if truth is not Truth.TRUE:
        return "the cause is not known to be true"
    if unknown := [rule for rule in rules if facts.rule(rule, scope) is Truth.UNKNOWN]:
        return f"{', '.join(unknown)} unknown"
    if any(facts.signal(name) is None for name in armament.when.signals):
        return "a signal is unknown"
    if flapping := facts.flapping(rules, scope):
        return f"{', '.join(flapping)} flapping"
    found = independent(armament, facts, scope)
    return f"{found} of {armament.independent} independent sources" if found < armament.independent else ""
