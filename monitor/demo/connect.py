"""The target platform as a cloud: a stand-in for Amazon Connect on loopback, over the simulated centre, within its quotas."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from monitor.demo.connect_answers import UnknownQueueError, current, history
from monitor.demo.connect_door import Asked, Turned, let_in, load
from monitor.demo.life import TICK, Life

QUOTAS = {"GetCurrentMetricData": (5.0, 8.0), "GetMetricDataV2": (2.0, 5.0)}
"""Requests a second and at once, as Amazon documents them for one account and Region."""
LARGEST = 65536
"""Bytes of a question."""


class Quota:
    """A bucket of tokens. Times are monotonic seconds."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst, self._level, self._at = rate, burst, burst, now

    def take(self, now: float) -> bool:
        """Whether one more request may be answered."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Connect:
    """Answers what is signed and described; nothing at all while the script says that nobody is heard."""

    def __init__(self, life: Life, secret_file: Path) -> None:
        """secret_file: the secret access key, which may be written later."""
        self._life = life
        self._secret_file = secret_file
        self._numbers = itertools.count(1)
        now = time.monotonic()
        self._quotas = {name: Quota(rate, burst, now) for name, (rate, burst) in QUOTAS.items()}
        self._loading: asyncio.Task[None] | None = None
        self.turned = 0
        """Requests that were turned away: throttled, unsigned, unknown, malformed."""

    def application(self) -> web.Application:
        """The routes, ready to be served."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        app.on_startup.append(self._load)
        return app

    async def _load(self, _: web.Application) -> None:
        """Begin to read the description beside everything else, so that the first question does not wait for it."""
        self._loading = asyncio.create_task(asyncio.to_thread(load))

    async def _serve(self, request: web.Request) -> web.Response:
        while self._life.silent:  # noqa: ASYNC110 - the end of a silence is an instant of the script, and no event
            await asyncio.sleep(TICK)
        body = await request.read()
        asked = Asked(request.method, request.raw_path, str(request.url), request.headers, body)
        try:
            operation, given = await asyncio.to_thread(let_in, asked, self._secret_file)
            return self._answer(200, self._said(operation, given))
        except Turned as turned:
            self.turned += 1
            return self._answer(turned.status, {"message": str(turned)}, turned.code)

    def _said(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if not self._quotas[operation].take(time.monotonic()):
            raise Turned(429, "TooManyRequestsException", "Rate exceeded")
        # Whoever is asked answers with all that happened until now.
        self._life.advance()
        try:
            if operation == "GetCurrentMetricData":
                return current(given, self._life.centre)
            if float(given["StartTime"]) <= self._life.ledger.since:
                raise Turned(400, "InvalidParameterException", "the simulation does not remember so far back")
            return history(given, self._life.ledger)
        except UnknownQueueError as error:
            raise Turned(404, "ResourceNotFoundException", str(error)) from error

    def _answer(self, status: int, fields: dict[str, Any], fault: str = "") -> web.Response:
        headers = {"x-amzn-RequestId": f"demo-{next(self._numbers)}"}
        if fault:
            headers["x-amzn-ErrorType"] = fault
        body = msgspec.json.encode(fields)
        return web.Response(body=body, status=status, headers=headers, content_type="application/json")
