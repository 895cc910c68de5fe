"""The rate limit of a web.config.file, for all that comes without a name."""

from __future__ import annotations

from aiohttp import web

from monitor.serving.web.answers import error_answer
from monitor.serving.web.guard import Handler
from monitor.serving.web.services import SERVICES, Services


@web.middleware
async def check_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn away what comes too fast, but for whoever bears a token that is known.

    A flood of scrapes must not keep people from deciding, nor sources from being heard.
    """
    services = request.app[SERVICES]
    if not _known(request, services) and (wait := services.front.bucket.wait()):
        services.exposition.own.denied("rate")
        return error_answer(429, "too many requests", "see rate_limit of web.config.file", retry_after=wait)
    return await handler(request)


def _known(request: web.Request, services: Services) -> bool:
    """Whether it bears the token of a person or of a collector, as far as those are read: nothing is read for it."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    person = services.authority.identify(bearer.strip())
    return person is not None or any(box.admits(request.headers) for box in services.postboxes)
