"""A query API and an exporter's page that say what a test tells them to."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


class Source:
    """Answers by query; the page is `page`. `asked` notes every query."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.page: bytes = b""
        self.page_type = "text/plain; version=0.0.4"
        self.page_status = 200
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.app = web.Application()
        self.app.router.add_post("/api/v1/query", self._query)
        self.app.router.add_get("/metrics", self._page)

    def vector(self, query: str, *elements: tuple[dict[str, str], str], at: float | None = None) -> None:
        """Answer a query with a vector."""
        when = time.time() if at is None else at
        result = [{"metric": labels, "value": [when, value]} for labels, value in elements]
        self.answers[query] = {"status": "success", "data": {"resultType": "vector", "result": result}}

    async def _query(self, request: web.Request) -> web.StreamResponse:
        query = str((await request.post())["query"])
        self.asked.append(query)
        self.headers.append(dict(request.headers))
        answer = self.answers.get(query)
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], body=answer[1])
        if answer is None:
            answer = {"status": "success", "data": {"resultType": "vector", "result": []}}
        return web.json_response(answer)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        return web.Response(body=self.page, headers={"Content-Type": self.page_type}, status=self.page_status)


@asynccontextmanager
async def serving(source: Source, port: int | None = None) -> AsyncIterator[str]:
    """Serve it; gives the address."""
    server = TestServer(source.app, host="127.0.0.1", port=port)
    await server.start_server()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()
