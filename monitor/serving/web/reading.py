"""Routes that read."""

from __future__ import annotations

import msgspec
from aiohttp import web

from monitor.deciding.entry import Entry
from monitor.intake.transcripts import Kept, look
from monitor.serving.acts import Actor
from monitor.serving.exposition.negotiation import style_of, wants_gzip
from monitor.serving.snapshot import DecisionRow, EventRow, Snapshot
from monitor.serving.timeline_rows import TimelineRow
from monitor.serving.web.answers import deny, error_answer, json_answer
from monitor.serving.web.details import DETAILS
from monitor.serving.web.guard import caller
from monitor.serving.web.landing import landing_page
from monitor.serving.web.looking_back import PAST, public_lines
from monitor.serving.web.recents import RECENTS
from monitor.serving.web.route import Reading
from monitor.serving.web.services import Services
from monitor.text import clean

_MOST = 1000
_USUAL = 500
_LAST_SEQ = 2**53


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions of the newest snapshot."""

    decisions: tuple[DecisionRow, ...]


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of the timeline, oldest first."""

    events: list[EventRow]


class Entries(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines of the journal, oldest first."""

    entries: list[Entry]
    lines: tuple[TimelineRow, ...] = ()
    """Where `before` was asked: public lines, for everyone."""
    more: bool = False
    """Whether there are public lines before these."""


METRICS = "/metrics"
"""Where the metrics are unless the configuration says otherwise."""


async def landing(_: web.Request, services: Services) -> web.Response:
    """A page for a person who found the port."""
    reason = services.ready()
    snapshot = services.acts.snapshot() if reason is None else None
    return web.Response(text=landing_page(snapshot, reason, services.config.telemetry_path), content_type="text/html")


async def healthy(_: web.Request, __: Services) -> web.Response:
    """The process serves; nothing more."""
    return web.Response(text="golive is running\n")


async def ready(_: web.Request, services: Services) -> web.Response:
    """The state is loaded and the first tick has judged."""
    reason = services.ready()
    if reason is not None:
        return web.Response(status=503, text=f"not ready: {reason}\n")
    return web.Response(text="ready\n")


async def metrics(request: web.Request, services: Services) -> web.Response:
    """What Prometheus scrapes."""
    most = services.config.max_requests
    if most and services.scrapes >= most:
        deny(503, f"{most} scrapes are being answered", "scrape less often, or raise --web.max-requests", "full")
    style = style_of(",".join(request.headers.getall("Accept", [])))
    gzip = wants_gzip(",".join(request.headers.getall("Accept-Encoding", [])))
    services.scrapes += 1
    try:
        body = await services.exposition.page(style, services.clock(), gzip=gzip)
    finally:
        services.scrapes -= 1
    headers = {"Content-Type": style.value, "Vary": "Accept, Accept-Encoding"}
    if gzip:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


async def snapshot(_: web.Request, services: Services) -> web.Response:
    """The read model, encoded once however many watch."""
    reason = services.ready()
    if reason is not None:
        return error_answer(503, f"not ready: {reason}", "ask again in a second", retry_after=1)
    newest = services.acts.snapshot()
    if services.page is None or services.page[0] is not newest:
        services.page = newest, msgspec.json.encode(bounded(newest, services.config.series_limit))
    return web.Response(body=services.page[1], content_type="application/json")


def bounded(whole: Snapshot, series: int) -> Snapshot:
    """The snapshot with at most so many series rows, and the count of those left out."""
    over = len(whole.series) - series
    if over <= 0:
        return whole
    return msgspec.structs.replace(whole, series=whole.series[:series], series_left_out=whole.series_left_out + over)


async def decisions(_: web.Request, services: Services) -> web.Response:
    """Decisions alone."""
    return json_answer(Decisions(decisions=services.acts.snapshot().decisions))


async def events(request: web.Request, services: Services) -> web.Response:
    """The timeline after a sequence number, so that nobody misses a line between polls."""
    after = _number(request, "after", 0, 0, _LAST_SEQ)
    limit = _number(request, "limit", _USUAL, 1, _MOST)
    return json_answer(Events(events=services.acts.events_after(after, limit)))


async def me(request: web.Request, _: Services) -> web.Response:
    """Whose token this is."""
    return json_answer(await caller(request))


async def journal(request: web.Request, services: Services) -> web.Response:
    """The whole journal, in pages; with `before` its public part, newest page first, for everyone."""
    if "before" in request.query:
        before = _number(request, "before", _LAST_SEQ, 1, _LAST_SEQ)
        found = await public_lines(services, before, _number(request, "limit", _USUAL, 1, _MOST))
        return json_answer(Entries(entries=[], lines=found.lines, more=found.more))
    await caller(request)
    after = _number(request, "after", 0, 0, _LAST_SEQ)
    limit = _number(request, "limit", _USUAL, 1, _MOST)
    if services.journal is None:
        return error_answer(503, "the journal is not open", "see the daemon's log, then golive audit verify")
    entries = await services.journal.entries(after=after, limit=limit)
    return json_answer(Entries(entries=list(entries)))


async def transcripts(request: web.Request, services: Services) -> web.Response:
    """A collector's last raw exchanges, redacted."""
    await caller(request)
    kept = await look(services.transcripts, request.match_info["collector"])
    if kept is None:
        shown = clean(request.match_info["collector"], 80)
        return error_answer(404, f"no collector is called {shown!r}", "its name stands in golive.yaml and on the board")
    return json_answer(kept)


def _number(request: web.Request, name: str, usual: int, low: int, high: int) -> int:
    text = request.query.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 17 and low <= int(text) <= high):  # noqa: PLR2004 - digits of 2**53
        deny(400, f"{name} must be a whole number from {low} to {high}", "leave it out for the usual", "body")
    return int(text)


_PAGE = (("after", "Sequence number after which to begin; 0 is the start."), ("limit", "Most lines, 1 to 1000; 500."))

READINGS: tuple[Reading, ...] = (
    Reading("/", "Landing page.", landing),
    Reading(METRICS, "Prometheus metrics, text 0.0.4 or OpenMetrics 1.0.", metrics),
    Reading("/-/healthy", "200 while the process serves.", healthy),
    Reading("/-/ready", "200 once the first tick has judged; 503 with the reason until then.", ready),
    Reading("/api/v1/snapshot", "Everything a display needs, at one tick.", snapshot, Snapshot),
    Reading("/api/v1/events", "Public lines of the journal in order.", events, Events, _PAGE),
    Reading("/api/v1/decisions", "Decisions of the newest snapshot.", decisions, Decisions),
    Reading("/api/v1/me", "The person behind the token.", me, Actor, token=True),
    Reading(
        "/api/v1/transcripts/{collector}",
        "The last raw exchanges of a collector, failures kept longest, redacted.",
        transcripts,
        Kept,
        token=True,
    ),
    *RECENTS,
    *DETAILS,
    Reading(
        "/api/v1/journal",
        "All lines of the journal in order, for people with a token. With `before`, and then for everyone: the public "
        "lines before that number, the newest so many.",
        journal,
        Entries,
        (*_PAGE, ("before", "Sequence number before which to end; a very large one is the newest end.")),
        token=True,
    ),
    *PAST,
)
