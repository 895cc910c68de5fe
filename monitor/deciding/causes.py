"""Why a decision is asked for: triggers in scopes, and what each of them wants done. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from monitor.deciding.contracts import Plan
from monitor.judging.scopes import ALL
from monitor.judging.scoping import filled, scope_words
from monitor.judging.triggers import Trigger
from monitor.model import Labels

Target: TypeAlias = dict[str, str]
"""A runbook's parameters for one thing that is moved."""
MOST_CAUSES = 1000
"""Causes that one decision writes down; further ones are counted, and join it all the same."""
MOST_TARGETS = 20
"""Targets of one request: more than a person can read at once are asked for in a further one."""
_SHOWN = 3


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One trigger in one scope, under its arming epoch."""

    trigger: str
    scope: Labels = ALL
    epoch: int = 1
    target: int = 0
    """Which of the decision's targets it calls for; -1 while its parameters do not fit the runbook."""
    left_at: float | None = None
    """When it left the request because it had cleared, unix seconds; None: it is still one of its causes."""

    @property
    def key(self) -> tuple[str, Labels]:
        """Trigger and scope."""
        return self.trigger, self.scope


def identity(scope: Labels) -> str:
    """A scope as decisions' ids are made from it: two scopes never have the same."""
    return json.dumps(scope, ensure_ascii=False) if scope else "all"


def live(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Causes that have not left."""
    return tuple(cause for cause in causes if cause.left_at is None)


def scopes_of(causes: Iterable[Cause]) -> tuple[Labels, ...]:
    """The scopes of these causes, each once, in the order of joining."""
    return tuple(dict.fromkeys(cause.scope for cause in causes))


def told(scopes: Sequence[Labels]) -> str:
    """Scopes in a few words: the first ones, and how many more."""
    words = [scope_words(scope) for scope in scopes[:_SHOWN]]
    if len(scopes) > _SHOWN:
        return f"{'; '.join(words)} and {len(scopes) - _SHOWN} more"
    return "; ".join(words)


def target_of(trigger: Trigger, scope: Labels, plan: Plan) -> Target:
    """What a trigger wants done in a scope; ValueError says what does not fit the runbook."""
    return plan.filled(filled(trigger.parameters, scope))


def aimed(
    causes: Iterable[Cause], triggers: Mapping[str, Trigger], plan: Plan | None
) -> tuple[tuple[Cause, ...], tuple[Target, ...], str]:
    """Causes with their targets worked out anew; the targets in the order of first mention, and what does not fit.

    Where anything does not fit there is no target at all: half of a request is not what was asked for.
    """
    made: list[Cause] = []
    targets: list[Target] = []
    why = ""
    for cause in causes:
        number = -1
        trigger = triggers.get(cause.trigger)
        if plan is not None and trigger is not None and cause.left_at is None:
            try:
                target = target_of(trigger, cause.scope, plan)
            except ValueError as error:
                why = why or f"{scope_words(cause.scope)}: {error}"
            else:
                if target not in targets:
                    targets.append(target)
                number = targets.index(target)
        elif cause.left_at is None:
            why = why or f"the trigger {cause.trigger} or its runbook is not there any more"
        made.append(msgspec.structs.replace(cause, target=number))
    return tuple(made), (() if why else tuple(targets)), why


def distinct(targets: Iterable[Target | None]) -> Iterator[Target]:
    """Each target once, in the order of first mention."""
    seen: list[Target] = []
    for target in targets:
        if target is not None and target not in seen:
            seen.append(target)
            yield target
