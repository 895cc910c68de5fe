"""What happens after a step was tried or interrupted, by its effect class. Pure: the safety of a run is in these tables."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from monitor.plan import Section
from monitor.units import Duration

Effect: TypeAlias = Literal["read", "keyed", "checked", "once"]
"""read: changes nothing. keyed: the target honours an idempotency key. checked: a probe tells whether it took
effect. once: must never be sent twice."""


class Retry(Section, frozen=True, kw_only=True):
    """How often a step that may be repeated is tried again by itself."""

    times: int = 0
    wait: Duration = 1.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What trying a step came to."""

    kind: Literal["done", "failed", "unknown"]
    """failed: known not to be as expected. unknown: it may or may not have taken effect."""
    detail: str
    sent: bool = True
    """Whether anything may have left this machine."""


Next: TypeAlias = Literal["done", "again", "probe", "park", "pause"]


def follow(effect: Effect, outcome: Outcome, attempt: int, retry: Retry) -> Next:
    """What follows an outcome. `attempt` counts from 1.

    An unknown outcome is never taken for done. A step that is not safe to repeat is repeated only when nothing
    had left this machine.
    """
    left = attempt <= retry.times
    if outcome.kind == "done":
        return "done"
    if not outcome.sent:
        return "again" if left else "pause"
    if effect in ("read", "keyed"):
        return "again" if left else ("park" if outcome.kind == "unknown" and effect == "keyed" else "pause")
    if effect == "checked":
        return "probe" if outcome.kind == "unknown" or left else "pause"
    return "park" if outcome.kind == "unknown" else "pause"


def restrained(what: Next, outcome: Outcome, *, asks: bool, stopping: bool, late: bool = False) -> Next:
    """The same, for a step that a person does (there is nothing to probe or park) and for a run that is stopping.

    late: its deadline has passed, so it is not tried again by itself; its probe may still be asked.
    """
    if asks and what in ("park", "probe"):
        return "pause"
    if (stopping and what in ("again", "probe")) or (late and what == "again"):
        return "park" if outcome.kind == "unknown" else "pause"
    return what


def after_probe(truth: bool | None, attempt: int, retry: Retry, *, interrupted: bool) -> Next:  # noqa: FBT001 - three-valued
    """What follows a probe's word on whether the step took effect (None: it cannot tell).

    interrupted: the program died in between, which costs no attempt.
    """
    if truth is None:
        return "park"
    if truth:
        return "done"
    return "again" if interrupted or attempt <= retry.times else "pause"


def after_crash(effect: Effect, *, answers: bool) -> Next:
    """What follows a step that was begun before a crash and has no result. answers: a person does it, not we."""
    if answers or effect in ("read", "keyed"):
        return "again"
    return "probe" if effect == "checked" else "park"
