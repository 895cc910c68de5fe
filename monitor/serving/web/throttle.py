"""The rate limit of a web.config.file, for all that comes without a name."""

from __future__ import annotations

from aiohttp import web

from monitor.serving.web.answers import error_answer
from monitor.serving.web.guard import Handler
from monitor.serving.web.services import SERVICES


@web.middleware
async def check_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn away what comes too fast. Whoever bears a token passes: a flood of scrapes must not keep people from deciding."""
    services = request.app[SERVICES]
    if request.headers.get("Authorization", "")[:7].lower() != "bearer " and (wait := services.front.bucket.wait()):
        services.exposition.own.denied("rate")
        return error_answer(429, "too many requests", "see rate_limit of web.config.file", retry_after=wait)
    return await handler(request)
