"""Does the server answer, does each question find anything, does each page hold what is picked, and how late is its clock?"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collectors.promql.answer import Point, QueryError, points
from collectors.promql.exposition import readings
from collectors.promql.login import Credentials
from monitor.intake.probing import Check, clock, fail, ok, sentence, took, warn
from monitor.intake.source import Misconfigured
from monitor.outbound.addresses import target_of
from monitor.outbound.http import Answer, RequestError, request
from monitor.text import clean

if TYPE_CHECKING:
    from collectors.promql.collector import Promql, Scrape

_LIMIT = 8 * 1024 * 1024
_OK, _REFUSED = 200, (401, 403)


async def probe(source: Promql, base: Path) -> list[Check]:
    """Ask everything once."""
    try:
        credentials = await source.login.read(base)
    except Misconfigured as error:
        return [sentence("login", error)]
    asking = _Asking(source, credentials)
    checks = await asking.server() if source.url else []
    if not any(check.state == "fail" for check in checks):
        checks += [await asking.question(question.query) for question in source.questions]
    checks += [await asking.page(scrape) for scrape in source.scrapes]
    return checks


class _Asking:
    def __init__(self, source: Promql, credentials: Credentials) -> None:
        self._source = source
        self._credentials = credentials

    async def server(self) -> list[Check]:
        """Reachable, logged in, and its clock."""
        url, begun = self._source.url, time.time()
        try:
            found = await self._points("time()")
        except (RequestError, QueryError) as error:
            return [fail("server", f"{url}: {error}", "check url and login of this collector")]
        checks = [ok("server", f"{url} answers in {took(time.time() - begun)}")]
        if found:
            checks.append(clock(found[0].value, (begun + time.time()) / 2, url))
        return checks

    async def question(self, query: str) -> Check:
        """How many series a question finds."""
        try:
            found = await self._points(query)
        except (RequestError, QueryError) as error:
            return fail("question", f"{query}: {error}", "try the query in the server's own page")
        if not found:
            return warn(
                "question", f"{query} finds nothing: what is judged by it will be UNKNOWN", "check names and labels"
            )
        return ok("question", f"{query} finds {len(found)} series")

    async def page(self, scrape: Scrape) -> Check:
        """What an exporter's page holds of what is picked."""
        try:
            answer = await self._send("GET", scrape.url, None)
            found = await asyncio.to_thread(readings, answer.body, answer.content_type, scrape.samples, time.time())
        except (RequestError, QueryError) as error:
            return fail("page", f"{scrape.url}: {error}", "curl it from this machine")
        if answer.status != _OK:
            return fail("page", f"{scrape.url}: answered {answer.status}", "curl it from this machine")
        empty = [pick.metric for pick, part in zip(scrape.samples, found, strict=True) if not part]
        if empty:
            return warn("page", f"{scrape.url} holds nothing for {', '.join(empty)}", "check the names that are picked")
        return ok("page", f"{scrape.url} holds all {len(found)} that are picked")

    async def _points(self, query: str) -> list[Point]:
        body = urlencode({"query": query}).encode()
        answer = await self._send("POST", f"{self._source.url.rstrip('/')}/api/v1/query", body)
        if answer.status in _REFUSED:
            raise QueryError(f"the login is refused ({answer.status})")
        if answer.status in (_OK, 400, 422, 503):
            return points(answer.body)
        raise QueryError(f"answered {answer.status}: {clean(answer.body[:200].decode(errors='replace'))}")

    async def _send(self, method: str, url: str, body: bytes | None) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        return await request(
            method,
            url,
            allow_hosts=[target_of(url).shown],
            headers={**form, **self._credentials.headers},
            body=body,
            timeout=self._source.timeout,
            tls=self._credentials.tls,
            limit=_LIMIT,
        )
