"""Routes that tell of the last hours; nothing of it is made unless somebody asks."""

from __future__ import annotations

from aiohttp import web

from monitor.serving.recent_rows import RecentCalls, RecentGroup, RecentQueue, RecentQueues
from monitor.serving.web.answers import deny, error_answer, json_answer
from monitor.serving.web.route import Reading
from monitor.serving.web.services import Services
from monitor.text import clean_label

_USUAL, _LONGEST = 900, 7 * 86400
_ABSENT = "this daemon follows nothing over time", "ask a daemon that is started with `golive run`"
_WINDOW = (("seconds", f"How far back, 1 to {_LONGEST}; {_USUAL}. The answer says how much of it is known."),)


def _seconds(request: web.Request) -> float:
    text = request.query.get("seconds", str(_USUAL))
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= _LONGEST):  # noqa: PLR2004 - digits of the longest
        deny(400, f"seconds must be a whole number from 1 to {_LONGEST}", "leave it out for the usual", "body")
    return float(text)


def _label(request: web.Request, name: str) -> str:
    return clean_label(request.match_info[name])


async def queues(request: web.Request, services: Services) -> web.Response:
    """All queues over a window."""
    seconds = _seconds(request)
    if services.recent is None:
        return error_answer(404, *_ABSENT)
    return json_answer(await services.recent.queues(seconds))


async def queue(request: web.Request, services: Services) -> web.Response:
    """One queue over time; one that nobody knows has no lines."""
    if services.recent is None:
        return error_answer(404, *_ABSENT)
    return json_answer(await services.recent.queue(_label(request, "queue")))


async def calls(request: web.Request, services: Services) -> web.Response:
    """Call quality by a label over a window."""
    seconds = _seconds(request)
    if services.recent is None:
        return error_answer(404, *_ABSENT)
    split = request.query.get("split", "0") == "1"
    return json_answer(await services.recent.calls(_label(request, "label"), seconds, split=split))


async def every_call(_: web.Request, services: Services) -> web.Response:
    """All calls over time."""
    if services.recent is None:
        return error_answer(404, *_ABSENT)
    return json_answer(await services.recent.group("", ""))


async def group(request: web.Request, services: Services) -> web.Response:
    """One group of calls over time."""
    if services.recent is None:
        return error_answer(404, *_ABSENT)
    return json_answer(await services.recent.group(_label(request, "label"), _label(request, "value")))


RECENTS: tuple[Reading, ...] = (
    Reading("/api/v1/recent/queues", "Queues on both platforms over a window.", queues, RecentQueues, _WINDOW),
    Reading("/api/v1/recent/queues/{queue}", "How one queue went in the last quarter of an hour.", queue, RecentQueue),
    Reading(
        "/api/v1/recent/calls/{label}",
        "Call quality on both platforms over a window, by a label such as trunk or site.",
        calls,
        RecentCalls,
        (*_WINDOW, ("split", "1: each direction for itself.")),
    ),
    Reading(
        "/api/v1/recent/scores",
        "Opinion scores of all calls by minute and band, and the worst.",
        every_call,
        RecentGroup,
    ),
    Reading(
        "/api/v1/recent/calls/{label}/{value}",
        "Opinion scores of one group by minute and band, and the worst.",
        group,
        RecentGroup,
    ),
)
