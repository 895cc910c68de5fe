"""Who has an alert, and who does not want to hear of one: acknowledgements and mutes, each with an end. Pure state.

Each ends on whichever of two clocks comes first, so that a wall clock that is set back prolongs nothing. Nothing that
judges or decides reads this: a mute changes who hears, never what is true.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec

from monitor.text import clean
from monitor.units import format_duration

WHOLE = "*"
"""As a scope: the rule wherever it is judged."""
MOST_ACKS = 5000
"""Alerts that may be acknowledged at the same time; further ones are refused and counted."""
MOST_MUTES = 500
"""Mutes at the same time; further ones are refused and counted."""

Pair: TypeAlias = tuple[str, str]
"""Alert and scope."""
End: TypeAlias = Literal["expired", "over"]
"""over: what was acknowledged is not there any more."""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has a page: the alerts that it was about when it was taken. Times are unix seconds."""

    page: str
    """Dedupe key of the page."""
    alert: str
    scopes: tuple[str, ...]
    who: str
    via: str = ""
    reason: str = ""
    since: float
    until: float | None = None
    """None: as long as the alert lasts."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All that it covers."""
        return tuple((self.alert, scope) for scope in self.scopes)


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody is told of an alert in one scope, or of a whole rule. Times are unix seconds."""

    alert: str
    scope: str
    """`*`: the whole rule."""
    who: str
    via: str = ""
    reason: str
    since: float
    until: float

    @property
    def pair(self) -> Pair:
        """What it covers."""
        return self.alert, self.scope


class Ended(NamedTuple):
    """An acknowledgement or a mute that ended by itself."""

    what: Ack | Mute
    why: End


T = TypeVar("T", Ack, Mute)


class _Held(NamedTuple, Generic[T]):
    what: T
    until_mono: float


class FullError(Exception):
    """There is no room for one more."""


class Attention:
    """What holds now. Implements `monitor.notify.incidents.Hearing`."""

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        """clock: unix seconds. monotonic: seconds that nobody sets."""
        self._clock = clock
        self._monotonic = monotonic
        self._acks: dict[Pair, _Held[Ack]] = {}
        self._mutes: dict[Pair, _Held[Mute]] = {}
        self.refused: Counter[str] = Counter()
        """What there was no room for: ack, mute."""

    def quiet(self, alert: str, scope: str) -> str:
        """Why nobody is told of this now, such as `muted by anna for 12m30s more: lab`; empty: people are told."""
        mute = self.mute(alert, scope)
        if mute is None:
            return ""
        left = format_duration(max(mute.until - self._clock(), 0.0))
        return clean(f"muted by {mute.who} for {left} more: {mute.reason}")

    def owner(self, alert: str, scope: str) -> str:
        """Who acknowledged it; empty: nobody, or it has expired."""
        ack = self.ack(alert, scope)
        return ack.who if ack is not None else ""

    def ack(self, alert: str, scope: str) -> Ack | None:
        """The acknowledgement of an alert, while it holds."""
        held = self._acks.get((alert, scope))
        return held.what if held is not None and not self._over(held) else None

    def mute(self, alert: str, scope: str) -> Mute | None:
        """The mute of an alert, while it holds: its own, or that of its whole rule."""
        if not self._mutes:
            return None
        for pair in ((alert, scope), (alert, WHOLE)):
            held = self._mutes.get(pair)
            if held is not None and not self._over(held):
                return held.what
        return None

    def exact(self, alert: str, scope: str) -> Mute | None:
        """The mute of just this, not that of the whole rule; None when it does not hold."""
        held = self._mutes.get((alert, scope))
        return held.what if held is not None and not self._over(held) else None

    @property
    def mutes(self) -> tuple[Mute, ...]:
        """Every mute that holds, the one that ends first before the others."""
        holds = [held.what for held in self._mutes.values() if not self._over(held)]
        return tuple(sorted(holds, key=lambda mute: (mute.until, mute.pair)))

    @property
    def acks(self) -> tuple[Ack, ...]:
        """Every acknowledgement that holds, the oldest first."""
        holds = {held.what for held in self._acks.values() if not self._over(held)}
        return tuple(sorted(holds, key=lambda ack: (ack.since, ack.page)))

    def room(self, kind: Literal["ack", "mute"], pairs: int = 1) -> None:
        """FullError when there is no room for so many more of a kind; counted."""
        there, most = (len(self._acks), MOST_ACKS) if kind == "ack" else (len(self._mutes), MOST_MUTES)
        if there + pairs > most:
            self.refused[kind] += 1
            raise FullError(f"{there} are held already, {most} is the most")

    def take(self, ack: Ack) -> None:
        """Somebody has these alerts now; whoever had them before does not any more."""
        held = _Held(ack, self._end(ack.since, ack.until))
        for pair in ack.pairs:
            self._acks[pair] = held

    def let_go(self, alert: str, scopes: tuple[str, ...]) -> None:
        """Nobody has these any more."""
        for scope in scopes:
            self._acks.pop((alert, scope), None)

    def hush(self, mute: Mute) -> None:
        """Nobody is told of it; a mute of the same is replaced."""
        self._mutes[mute.pair] = _Held(mute, self._end(mute.since, mute.until))

    def speak(self, alert: str, scope: str) -> None:
        """People are told of it again."""
        self._mutes.pop((alert, scope), None)

    def settle(self, alive: Callable[[Pair], bool]) -> Iterator[Ended]:
        """Drop what has expired, and acknowledgements of what is over. alive: whether an alert is still there.

        An acknowledgement is told as ended once, with its last alert.
        """
        gone: dict[Ack, End] = {}
        for pair, held in list(self._acks.items()):
            why: End = "expired" if self._over(held) else "over"
            if why == "expired" or not alive(pair):
                del self._acks[pair]
                gone[held.what] = why
        if gone:
            left = {held.what for held in self._acks.values()}
            yield from (Ended(ack, why) for ack, why in gone.items() if ack not in left)
        for pair, muted in list(self._mutes.items()):
            if self._over(muted):
                del self._mutes[pair]
                yield Ended(muted.what, "expired")

    def _end(self, since: float, until: float | None) -> float:
        """When it ends on the monotonic clock. A wall clock that was set back meanwhile prolongs nothing."""
        if until is None:
            return math.inf
        return self._monotonic() + max(min(until - self._clock(), until - since), 0.0)

    def _over(self, held: _Held[Ack] | _Held[Mute]) -> bool:
        until = held.what.until
        return until is not None and (self._clock() >= until or self._monotonic() >= held.until_mono)
