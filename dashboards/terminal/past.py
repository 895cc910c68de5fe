"""A moment of the past in front of the screens: which one, what is around it, and how to get to another one.

While a moment is set every screen shows it, and nothing can be sent. It is left by a person only, never by itself.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from dashboards.terminal.acts import Refused, SnapshotSource, Unreachable
from dashboards.terminal.drawing.phrases import clock
from dashboards.terminal.replay import Replay
from dashboards.terminal.view import View
from monitor.serving.past.moments import Mark, Marks, Moment, UnreadableError, read
from monitor.text import clean
from monitor.units import format_duration

STEP = 10.0
"""Seconds that one step goes back or forth."""
HISTORY = "/api/v1/journal?before="
"""What may be asked while the past is shown: lines of the journal stay what they were."""
_LATEST = 4e10
_SLACK = 0.25 * STEP
"""Moments are kept about every ten seconds, not to the millisecond."""
_HOLE = 90.0
"""Seconds without a moment that are worth a word; beyond a day there is one a minute."""
_CUT = 200


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A moment whose snapshot is read apart from it, since it may be of another version."""

    at: Annotated[float, msgspec.Meta(ge=0, le=_LATEST)]
    before: float | None
    after: float | None
    snapshot: msgspec.Raw


class PresentOnly:
    """What details are asked from: a daemon tells only how things are now, which would be a lie under a moment of the past."""

    def __init__(self, source: SnapshotSource, past: Past) -> None:
        self._source = source
        self._past = past

    async def read(self, path: str) -> bytes:
        """The body of a GET, while it is about the moment that is shown."""
        if self._past.moment is not None and not path.startswith(HISTORY):
            raise Refused("the record holds what the screens showed, not this detail", "- returns to now")
        return await self._source.read(path)


class Past:
    """Which moment is looked at. Every method that asks returns what a person should read about it, mostly nothing."""

    def __init__(self, source: SnapshotSource) -> None:
        self._source = source
        self.recorded = isinstance(source, Replay)
        """Whether there is no present at all: a record is played."""
        self.moment: Moment | None = None
        self._left = 0
        """How often a person went back to the present: an answer that was asked for before does not undo it."""

    def view(self, live: View) -> View:
        """The moment as screens draw it; the present as it came while none is set."""
        if self.moment is None:
            return live
        return View(
            snapshot=self.moment.snapshot,
            now=self.moment.at,
            person=live.person,
            live=live,
            recorded=self.recorded,
        )

    def leave(self) -> str:
        """Back to the present."""
        if self.recorded:
            return "this is a record, there is no present in it: q leaves"
        self._left += 1
        there, self.moment = self.moment, None
        return "" if there is not None else "this is now"

    async def jump(self, at: float | None) -> str:
        """To the moment at or before an instant (unix seconds); None: the newest one of the record."""
        found = await self._taken(at)
        if isinstance(found, str):
            return found
        if at is not None and at < found.at:
            return f"the record begins here, at {clock(found.at)} UTC"
        if at is not None and at - found.at > _HOLE:
            until = f"until {clock(found.after)}" if found.after is not None else "since then"
            return f"nothing was recorded after {clock(found.at)} {until} UTC"
        return ""

    async def step(self, steps: int, now: float) -> str:
        """So many steps of ten seconds, back when negative. now: unix seconds, from where the first step back goes."""
        here = self.moment
        if here is None:
            return await self.jump(now + steps * STEP) if steps < 0 else "this is now: , goes back"
        if steps < 0 and here.before is None:
            return f"the record begins here, at {clock(here.at)} UTC"
        if steps > 0 and here.after is None:
            return "this is the newest moment of the record" + ("" if self.recorded else ": - returns to now")
        wanted = here.at + steps * STEP + _SLACK
        found = await self._taken(max(wanted, here.after) if steps > 0 and here.after is not None else wanted)
        if isinstance(found, str):
            return found
        between = abs(found.at - here.at)
        if between - abs(steps) * STEP < _HOLE:
            return ""
        return f"nothing was recorded in the {format_duration(between)} between this moment and the one before"

    async def notable(self, steps: int) -> str:
        """To the next moment (the one before when negative) at which something notable happened."""
        marks = await self.marks()
        if isinstance(marks, str):
            return marks
        here = self.moment.at if self.moment is not None else math.inf
        stops: dict[float, list[Mark]] = {}
        for mark in marks.marks:
            if mark.shown_at is not None:
                stops.setdefault(mark.shown_at, []).append(mark)
        places = [at for at in stops if at < here] if steps < 0 else [at for at in stops if at > here]
        if not places:
            return f"nothing notable is recorded {'before' if steps < 0 else 'after'} this moment"
        place = places[max(steps, -len(places))] if steps < 0 else places[min(steps, len(places)) - 1]
        words = await self.jump(place)
        told = stops[place]
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        return words or f"{clock(told[-1].at)} {told[-1].what}{more}"

    async def marks(self) -> Marks | str:
        """The span of the record and its notable moments; words when they cannot be had."""
        answer = await self._read("/api/v1/past/marks")
        if isinstance(answer, str):
            return answer
        try:
            return msgspec.json.decode(answer, type=Marks)
        except msgspec.MsgspecError as error:
            return _other_version(error)

    async def _taken(self, at: float | None) -> Moment | str:
        """Fetch a moment and show it, unless a person went back to the present meanwhile."""
        left = self._left
        found = await self._fetch(at)
        if left != self._left:
            return ""
        if not isinstance(found, str):
            self.moment = found
        return found

    async def _fetch(self, at: float | None) -> Moment | str:
        answer = await self._read("/api/v1/past" if at is None else f"/api/v1/past?at={max(at, 0.0)!r}")
        if isinstance(answer, str):
            return answer
        try:
            found = msgspec.json.decode(answer, type=_Envelope)
            return Moment(at=found.at, before=found.before, after=found.after, snapshot=read(bytes(found.snapshot)))
        except UnreadableError as error:
            return f"this moment cannot be shown: {error}"
        except msgspec.MsgspecError as error:
            return _other_version(error)

    async def _read(self, path: str) -> bytes | str:
        try:
            return await self._source.read(path)
        except Refused as error:
            return f"the past cannot be looked at: {error.what}; {error.hint}".removesuffix("; ")
        except Unreachable as error:
            return f"the past cannot be looked at: {error}"


def _other_version(error: Exception) -> str:
    return f"the past cannot be looked at: the daemon answers in another version: {clean(str(error), _CUT)}"
