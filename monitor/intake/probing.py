"""What a kind of collector tells about its source when somebody asks before the cutover, not during it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from monitor.text import clean
from monitor.units import spell_duration

State: TypeAlias = Literal["ok", "warn", "fail"]
SKEW_WARN, SKEW_FAIL = 1.0, 5.0
"""Seconds by which another clock may differ: the second is where samples from the future are refused (see the store)."""
DAY = 86400.0
EXPIRY_WARN, EXPIRY_FAIL = 14 * DAY, 1 * DAY


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried."""

    what: str
    """In a word or two: broker, login, durability, clock."""
    state: State
    words: str
    """What was found, and where it is not ok what that means for the cutover."""
    next: str = ""
    """What to do; empty when nothing."""
    taken: bool = False
    """Failed since another program has it; where a daemon with this configuration runs, that is the one."""


@runtime_checkable
class Probed(Protocol):
    """A kind that can be tried."""

    async def probe(self, base: Path) -> list[Check]:
        """Try the source for real and change nothing there. base: folder that relative paths start at.

        What is wrong is a Check, never an exception.
        """
        ...


def ok(what: str, words: str) -> Check:
    """It is as it should be."""
    return Check(what=what, state="ok", words=clean(words))


def warn(what: str, words: str, then: str) -> Check:
    """A person should know."""
    return Check(what=what, state="warn", words=clean(words), next=clean(then))


def fail(what: str, words: str, then: str) -> Check:
    """The cutover would miss it."""
    return Check(what=what, state="fail", words=clean(words), next=clean(then))


def taken(what: str, words: str, then: str) -> Check:
    """Another program has it."""
    return Check(what=what, state="fail", words=clean(words), next=clean(then), taken=True)


def sentence(what: str, error: BaseException) -> Check:
    """An error of ours, whose words end in what to do next, as a failed check."""
    words, _, then = str(error).partition("; next: ")
    return fail(what, words or type(error).__name__, then or "see the collector's README, then try again")


def clock(theirs: float, ours: float, whose: str, precision: float = 0.0) -> Check:
    """Hold another clock against ours. Unix seconds; precision: how coarse the other one tells."""
    ahead = theirs - ours
    off = max(abs(ahead) - precision, 0.0)
    words = f"the clock of {whose} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    if off >= SKEW_FAIL:
        return fail(
            "clock", f"{words}: its samples would be refused, or look old", "set both by NTP (chronyc tracking)"
        )
    if off >= SKEW_WARN:
        return warn("clock", f"{words}: ages are wrong by that much", "set both by NTP (chronyc tracking)")
    return ok("clock", f"the clock of {whose} agrees with ours")


def certificate(ends: float | None, now: float, whose: str) -> Check | None:
    """How long a certificate is valid; None where there is none to judge. Unix seconds."""
    if ends is None:
        return None
    left = ends - now
    words = f"the certificate of {whose} is valid for {max(left, 0.0) / DAY:.0f} days"
    if left < EXPIRY_FAIL:
        return fail("certificate", f"{words}: the connection will fail during the cutover", "renew it now")
    if left < EXPIRY_WARN:
        return warn("certificate", words, "renew it before the cutover")
    return ok("certificate", words)


def took(seconds: float) -> str:
    """How long something took, in words."""
    return spell_duration(round(seconds, 3))
