"""Routes that look back: moments of the past, the journal's public lines, the proof of its chain."""

from __future__ import annotations

import asyncio
import math

import msgspec
from aiohttp import web

from monitor.deciding.ledger import JournalError
from monitor.serving.past.archive import ArchiveError
from monitor.serving.past.keeper import Busy
from monitor.serving.past.moments import Marks, Moment, UnreadableError, text_of
from monitor.serving.timeline_rows import Proof, TimelinePage
from monitor.serving.web.answers import deny, error_answer, json_answer
from monitor.serving.web.route import Reading
from monitor.serving.web.services import Services

_LATEST = 4e10
_NO_RECORD = "no record of snapshots is kept here"


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A `Moment` whose snapshot goes out as it was written."""

    at: float
    before: float | None
    after: float | None
    snapshot: msgspec.Raw


async def past(request: web.Request, services: Services) -> web.Response:
    """The snapshot at or before an instant."""
    at = _instant(request)
    if services.past is None:
        return error_answer(503, _NO_RECORD, "see past.megabytes in golive.yaml")
    try:
        found = await services.past.find(at)
        if found is None:
            return error_answer(404, "nothing is recorded yet", "the first moment is kept within ten seconds")
        text = await asyncio.to_thread(text_of, found.body)
    except Busy as error:
        return error_answer(503, str(error), "ask again in a second", retry_after=1)
    except (ArchiveError, UnreadableError) as error:
        return error_answer(503, str(error), "another moment may be whole; see the daemon's log")
    return json_answer(_Sent(at=found.at, before=found.before, after=found.after, snapshot=msgspec.Raw(text)))


async def marks(_: web.Request, services: Services) -> web.Response:
    """What the record reaches over, and its notable moments."""
    if services.past is None:
        return error_answer(503, _NO_RECORD, "see past.megabytes in golive.yaml")
    try:
        return json_answer(await services.past.marks())
    except Busy as error:
        return error_answer(503, str(error), "ask again in a second", retry_after=1)
    except ArchiveError as error:
        return error_answer(503, str(error), "see the daemon's log")


async def public_lines(services: Services, before: int, limit: int) -> TimelinePage:
    """Public lines of the journal before a number."""
    if services.lines is None:
        deny(503, "the journal is not open", "see the daemon's log, then golive audit verify", "body")
    try:
        return await services.lines.before(before, limit)
    except JournalError as error:
        deny(503, str(error), "see the daemon's log, then golive audit verify", "body")


async def proof(_: web.Request, services: Services) -> web.Response:
    """Whether the journal's chain is whole."""
    if services.lines is None:
        return error_answer(503, "the journal is not open", "see the daemon's log, then golive audit verify")
    try:
        return json_answer(await services.lines.prove())
    except JournalError as error:
        return error_answer(503, str(error), "golive audit verify")


def _instant(request: web.Request) -> float:
    try:
        at = float(request.query.get("at", _LATEST))
    except ValueError:
        at = math.nan
    if not 0 <= at <= _LATEST:
        deny(400, "at must be unix seconds", "such as /api/v1/past?at=1795226400", "body")
    return at


PAST = (
    Reading(
        "/api/v1/past",
        "The snapshot at or before an instant, as it was recorded, and the instants of its neighbours.",
        past,
        Moment,
        moments=(("at", "Unix seconds; left out: the newest moment. Before the first moment: the first one."),),
    ),
    Reading("/api/v1/past/marks", "What the record of snapshots reaches over, and its notable moments.", marks, Marks),
    Reading(
        "/api/v1/journal/proof",
        "Whether the chain of the journal is whole, checked anew at most every ten seconds.",
        proof,
        Proof,
    ),
)
