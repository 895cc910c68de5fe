"""What people do about alerts: acknowledge, mute, note. Each is journalled before it holds, and holds again after a restart."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from monitor.deciding.alert_recall import recall_ack, recall_mute
from monitor.deciding.attention import WHOLE, Ack, Attention, Ended, FullError, Mute, Pair
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalError
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import EventRow
from monitor.text import clean
from monitor.units import format_duration, spell_duration

ACK_USUAL, ACK_MOST = 1800.0, 4 * 3600.0
"""Seconds that an acknowledgement holds when nothing is said, and at most: a forgotten one must not hide an outage."""
MUTE_MOST = {"operator": 3600.0, "approver": 12 * 3600.0, "admin": 12 * 3600.0}
"""Seconds of a mute at most, by role: an operator's hour, a lead's shift."""
MINUTE = 60.0
NOTE_LENGTH = 500
STATES = ("given", "released", "expired", "over")
"""What becomes of an acknowledgement; over: with its alert."""
MUTE_STATES = ("given", "lifted", "expired")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody means by the id of an alert."""

    id: str
    alert: str
    scope: str
    """`*`: a rule that is judged place by place, named as a whole."""
    page: str
    """Dedupe key of the page that carries it, or that it would have alone."""
    scopes: tuple[str, ...]
    """All that the page is about."""
    firing: bool

    @property
    def words(self) -> str:
        """What it is, in a few words."""
        more = len(self.scopes) - 1
        return self.id + (f" and {more} more of the same page" if more > 0 else "")


class Places(Protocol):
    """Who knows the alerts there are."""

    def find(self, name: str) -> Place:
        """An alert by its id or its code, firing or not; a rule by its name. Refusal 404 when there is none."""
        ...

    def alive(self, pair: Pair) -> bool:
        """Whether an alert is there, or is not known to be over."""
        ...


class AlertDesk:
    """Implements `monitor.notify.incidents.Hearing` through `attention`."""

    def __init__(
        self,
        journal: Journal,
        cutover: str,
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: unix seconds. `places` is set before the first act."""
        self.attention = Attention(clock, monotonic)
        self.places: Places
        self.acks: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        self.mutes: Counter[str] = Counter(dict.fromkeys(MUTE_STATES, 0))
        self._journal = journal
        self._cutover = cutover
        self._clock = clock
        self._turn = asyncio.Lock()
        """One act at a time, so that what holds is what was journalled last."""

    async def start(self) -> None:
        """Take up what holds by the journal."""
        for entry in await self._journal.entries(kind="ack"):
            recall_ack(entry, self._cutover, self.attention)
        for entry in await self._journal.entries(kind="mute"):
            recall_mute(entry, self.attention)
        for ended in self.attention.settle(lambda _: True):
            self._told(ended)

    def quiet(self, alert: str, scope: str) -> str:
        """Why nobody is told of this now; empty: people are told."""
        return self.attention.quiet(alert, scope)

    def owner(self, alert: str, scope: str) -> str:
        """Who acknowledged it; empty: nobody, or it has expired."""
        return self.attention.owner(alert, scope)

    async def acknowledge(self, actor: Actor, name: str, seconds: float | None, reason: str) -> str:
        """Somebody has an alert, and with it all that was paged together with it. seconds: default 30 minutes.

        Refused: 403 a viewer, 404 no such alert, 409 one that does not fire, 400 longer than four hours.
        """
        _may(actor, "acknowledge")
        place = self.places.find(name)
        lasts = ACK_USUAL if seconds is None else seconds
        _within(lasts, ACK_MOST, "an acknowledgement")
        if not place.firing:
            raise Refusal(409, f"{place.id} is not firing: there is nothing to acknowledge", "see golive alert list")
        now = self._clock()
        ack = Ack(
            page=place.page,
            alert=place.alert,
            scopes=place.scopes,
            who=actor.name,
            via=actor.via,
            reason=clean(reason, NOTE_LENGTH),
            since=now,
            until=now + lasts,
        )
        why = f": {ack.reason}" if ack.reason else ""
        return await self.take(ack, f"{actor.name} has {place.words} for {spell_duration(lasts)}{why}")

    async def take(self, ack: Ack, what: str) -> str:
        """Somebody has a page. what: the journal's words, which are also the answer."""
        async with self._turn:
            self._room("ack", len(ack.scopes))
            await self._write("ack", ack.who, what, about=ack.page, state="acknowledged", via=ack.via, data=ack)
            self.attention.take(ack)
            self.acks["given"] += 1
        return what

    async def release(self, actor: Actor, name: str, reason: str) -> str:
        """Nobody has it any more: it is told, and escalated anew. Refused: 409 when nobody has it."""
        _may(actor, "release")
        place = self.places.find(name)
        ack = self.attention.ack(place.alert, place.scope)
        if ack is None:
            raise Refusal(409, f"nobody has {place.id}", "see golive alert list")
        why = f": {clean(reason, NOTE_LENGTH)}" if reason else ""
        what = f"{actor.name} lets go of {place.id}, which {ack.who} had{why}"
        return await self.let_go(ack.page, ack.alert, ack.scopes, actor.name, actor.via, what)

    async def let_go(self, page: str, alert: str, scopes: tuple[str, ...], who: str, via: str, what: str) -> str:
        """Nobody has these any more."""
        async with self._turn:
            data = {"alert": alert, "scopes": list(scopes)}
            await self._write("ack", who, what, about=page, state="released", via=via, data=data)
            self.attention.let_go(alert, scopes)
            self.acks["released"] += 1
        return what

    async def mute(self, actor: Actor, name: str, seconds: float, reason: str, *, whole: bool) -> str:
        """Tell nobody of an alert, or of a rule wherever it is judged, until then.

        Refused: 403 a viewer, 404 no such alert, 400 without a reason or longer than the role may.
        """
        _may(actor, "mute")
        place = self.places.find(name)
        _within(seconds, MUTE_MOST[actor.role], f"a mute of a {actor.role}")
        if not reason.strip():
            raise Refusal(400, "a mute needs a reason", "say why nobody needs to hear of it")
        if place.scope == WHOLE and not whole:
            hint = f"name one place, such as {place.alert}:queue=sales, or say that the whole rule is meant"
            raise Refusal(400, f"{place.alert} is judged place by place", hint)
        now = self._clock()
        mute = Mute(
            alert=place.alert,
            scope=WHOLE if whole else place.scope,
            who=actor.name,
            via=actor.via,
            reason=clean(reason, NOTE_LENGTH),
            since=now,
            until=now + seconds,
        )
        async with self._turn:
            self._room("mute")
            what = f"{actor.name} mutes {_subject(mute)} for {spell_duration(seconds)}: {mute.reason}"
            about = self._about(mute)
            await self._write("mute", actor.name, what, about=about, state="muted", via=actor.via, data=mute)
            self.attention.hush(mute)
            self.mutes["given"] += 1
        return what

    async def unmute(self, actor: Actor, name: str, reason: str, *, whole: bool) -> str:
        """Tell people again. Refused: 409 when it is not muted."""
        _may(actor, "unmute")
        place = self.places.find(name)
        whole = whole or place.scope == WHOLE
        mute = self.attention.exact(place.alert, WHOLE if whole else place.scope)
        if mute is None:
            other = self.attention.exact(place.alert, WHOLE)
            hint = f"the whole rule {place.alert} is: unmute that" if other and not whole else "see golive alert list"
            raise Refusal(409, f"{place.alert if whole else place.id} is not muted by itself", hint)
        why = f": {clean(reason, NOTE_LENGTH)}" if reason else ""
        what = f"{actor.name} ends the mute of {_subject(mute)} by {mute.who}{why}"
        async with self._turn:
            data = {"alert": mute.alert, "scope": mute.scope}
            about = self._about(mute)
            await self._write("mute", actor.name, what, about=about, state="unmuted", via=actor.via, data=data)
            self.attention.speak(mute.alert, mute.scope)
            self.mutes["lifted"] += 1
        return what

    async def note(self, actor: Actor, name: str, text: str) -> EventRow:
        """Write a note about an alert to the timeline."""
        _may(actor, "write a note")
        place = self.places.find(name)
        words = f"{place.id}: {clean(text, NOTE_LENGTH)}"
        entry = await self._write("note", actor.name, words, about=place.page, state="", via=actor.via, data={})
        return entry.event()

    def settle(self) -> None:
        """Once a tick: what has ended by itself is on record, and told by whoever tells."""
        for ended in self.attention.settle(self.places.alive):
            self._told(ended)

    def _told(self, ended: Ended) -> None:
        what, why = ended
        lasted = format_duration(max(self._clock() - what.since, 0.0))
        if isinstance(what, Ack):
            self.acks[why] += 1
            words = f"the acknowledgement of {what.page} by {what.who} is {why} after {lasted}"
            data: dict[str, object] = {"alert": what.alert, "scopes": list(what.scopes)}
            self._journal.append("ack", "engine", words, object=what.page, state=why, data=data)
        else:
            self.mutes["expired"] += 1
            words = f"the mute of {_subject(what)} by {what.who} ends after {lasted}"
            data = {"alert": what.alert, "scope": what.scope}
            self._journal.append("mute", "engine", words, object=self._about(what), state="expired", data=data)

    def _about(self, mute: Mute) -> str:
        return f"{self._cutover}/{mute.alert}/{mute.scope}"

    def _room(self, kind: Literal["ack", "mute"], pairs: int = 1) -> None:
        try:
            self.attention.room(kind, pairs)
        except FullError as error:
            raise Refusal(409, f"not done: {error}", "let some of them end first") from error

    async def _write(
        self,
        kind: str,
        who: str,
        what: str,
        *,
        about: str,
        state: str,
        via: str,
        data: Ack | Mute | Mapping[str, object],
    ) -> Entry:
        plain = dict(data) if isinstance(data, Mapping) else msgspec.to_builtins(data)
        try:
            return await self._journal.append(kind, who, what, object=about, state=state, via=via, data=plain)
        except JournalError as error:
            raise Refusal(503, f"not done: {error}", "free the disk, then try again") from error


def _subject(mute: Mute) -> str:
    if mute.scope == WHOLE:
        return f"all of {mute.alert}"
    return f"{mute.alert}:{mute.scope}" if mute.scope else mute.alert


def _may(actor: Actor, what: str) -> None:
    if actor.role not in MUTE_MOST:
        roles = ", ".join(MUTE_MOST)
        raise Refusal(403, f"{actor.name} has the role {actor.role} and may not {what}", f"ask one of: {roles}")


def _within(seconds: float, most: float, what: str) -> None:
    if not MINUTE <= seconds <= most:
        words = f"{what} lasts from {spell_duration(MINUTE)} to {spell_duration(most)}, not {seconds:.0f} s"
        raise Refusal(400, words, "say how long with a unit, such as 30m")
