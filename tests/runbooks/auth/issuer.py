"""A target behind an OAuth 2.0 issuer, both on one free port of this machine; what they get is kept."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, unquote_plus

from aiohttp import web

from tests.rig.serving import served_at


class Issuer:
    """Grants `token-N`; the target takes the newest one only."""

    def __init__(self) -> None:
        self.base = ""
        self.host = ""
        self.grants = 0
        self.forms: list[dict[str, str]] = []
        self.clients: list[str] = []
        self.seen: list[str] = []
        """What the target got in Authorization."""
        self.keys: list[str] = []
        self.applied = 0
        self.answer: dict[str, object] = {"token_type": "Bearer", "expires_in": 3600}
        self.status = 200
        self.refuse: set[str] = set()
        """Tokens that the target does not know any more."""

    async def token(self, request: web.Request) -> web.Response:
        self.forms.append({name: values[0] for name, values in parse_qs(await request.text()).items()})
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
            self.clients.append(f"{unquote_plus(name)}:{unquote_plus(secret)}")
        self.grants += 1
        return web.json_response({"access_token": f"token-{self.grants:04}", **self.answer}, status=self.status)

    async def apply(self, request: web.Request) -> web.Response:
        header = request.headers.get("Authorization", "")
        self.seen.append(header)
        self.keys.append(request.headers.get("Idempotency-Key", ""))
        if header.removeprefix("Bearer ") in self.refuse:
            return web.json_response({"error": "invalid_token", "you_sent": header}, status=401)
        self.applied += 1
        return web.json_response({"to": "legacy"})


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = web.Application()
    app.add_routes([web.post("/token", issuer.token), web.route("*", "/apply", issuer.apply)])
    async with served_at(app) as issuer.host:
        issuer.base = f"http://{issuer.host}"
        yield issuer
