"""A CRM and a ticketing system, as far as a synthetic transaction uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY = "b3arer-of-the-crm"


class Crm:
    """Answers as `mode` says: ok, missing (no such record), broken (an error page with status 200), down (503)."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.asked: list[str] = []
        self.tickets: dict[str, str] = {}
        self.logins = 0
        self.app = web.Application()
        self.app.router.add_post("/oauth/token", self._login)
        self.app.router.add_get("/contacts", self._lookup)
        self.app.router.add_get("/contacts/{id}", self._record)
        self.app.router.add_post("/tickets", self._create)
        self.app.router.add_patch("/tickets/{id}", self._update)
        self.app.router.add_delete("/tickets/{id}", self._delete)
        self.app.router.add_get("/moved", self._moved)
        self.app.router.add_get("/away", self._away)
        self.app.router.add_get("/loop", self._loop)
        self.app.router.add_get("/plain", self._plain)

    async def _login(self, request: web.Request) -> web.Response:
        self.asked.append("login")
        self.logins += 1
        form = await request.post()
        if form.get("client_secret") != "s3cret":
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"access_token": KEY, "expires_in": 3600})

    def _known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {KEY}"

    async def _lookup(self, request: web.Request) -> web.Response:
        self.asked.append(f"lookup {request.query['phone']}")
        if not self._known(request):
            return web.Response(status=401)
        if self.mode == "down":
            return web.Response(status=503)
        if self.mode == "broken":
            return web.Response(text="<html>An error occurred</html>", content_type="text/html")
        if self.mode == "slow":
            await asyncio.sleep(0.3)
        contacts = [] if self.mode == "missing" else [{"id": "c/7", "phone": request.query["phone"]}]
        return web.json_response({"count": len(contacts), "contacts": contacts})

    async def _record(self, request: web.Request) -> web.Response:
        self.asked.append(f"record {request.match_info['id']}")
        return web.json_response({"id": request.match_info["id"], "phone": "+351210000000"})

    async def _create(self, request: web.Request) -> web.Response:
        subject = (await request.json())["subject"]
        number = f"t{len(self.tickets) + 1}"
        self.tickets[number] = subject
        self.asked.append("create")
        return web.json_response({"id": number}, status=201)

    async def _update(self, request: web.Request) -> web.Response:
        self.asked.append("update")
        status = 500 if self.mode == "down" else 200
        return web.json_response({"id": request.match_info["id"], "status": "solved"}, status=status)

    async def _delete(self, request: web.Request) -> web.Response:
        self.asked.append("delete")
        self.tickets.pop(request.match_info["id"], None)
        return web.Response(status=204)

    async def _moved(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/plain"})

    async def _away(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})

    async def _loop(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/loop"})

    async def _plain(self, _: web.Request) -> web.Response:
        return web.Response(text="Opening hours: Monday to Friday")


@asynccontextmanager
async def serving(crm: Crm, port: int | None = None) -> AsyncIterator[str]:
    """Serve it; gives the address."""
    server = TestServer(crm.app, host="127.0.0.1", port=port)
    await server.start_server()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()
