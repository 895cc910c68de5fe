"""The business systems of both simulated platforms, as an agent's desktop uses them over HTTP: found, opened, or down."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from monitor.demo.centre import Centre
from monitor.demo.geography import INTEGRATIONS, PLATFORMS

ANSWERS = 0.04
"""Seconds that a system takes for an answer."""
GIVES_UP = 0.3
"""Seconds after which the front of a system that is down says so."""
CALLER = "c-1041"
"""The record of the test caller, who is nobody."""


class Systems:
    """CRM, ERP, ticketing and knowledge base of each platform. The script of faults says which of them is down."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def application(self) -> web.Application:
        """The routes, ready to be served: a caller is looked up, and a record is opened."""
        app = web.Application(client_max_size=65536)
        app.add_routes(
            [
                web.get("/{platform}/{system}/lookup", self._lookup),
                web.get("/{platform}/{system}/records/{record}", self._record),
            ]
        )
        return app

    async def _lookup(self, request: web.Request) -> web.Response:
        return await self._served(request, {"found": [{"id": CALLER}]})

    async def _record(self, request: web.Request) -> web.Response:
        record = request.match_info["record"]
        return await self._served(request, {"id": record, "status": "open"}, known=record == CALLER)

    async def _served(self, request: web.Request, answer: object, *, known: bool = True) -> web.Response:
        platform, system = request.match_info["platform"], request.match_info["system"]
        if platform not in PLATFORMS or system not in INTEGRATIONS or not known:
            return _json({"error": "there is no such thing"}, 404)
        if platform == "target" and system == "crm" and self._centre.trouble("crm"):
            await asyncio.sleep(GIVES_UP)
            return _json({"error": "no server of the CRM answers"}, 503)
        await asyncio.sleep(ANSWERS)
        return _json(answer)


def _json(payload: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(payload), content_type="application/json", status=status)
