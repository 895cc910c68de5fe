"""Numbers that others have measured already: PromQL questions to a server, and exporters' pages read directly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from collectors.promql.answer import LoginRefusedError, Point, QueryError, UnreadableError, points
from collectors.promql.exposition import Pick, readings
from collectors.promql.known import Known
from collectors.promql.login import Credentials, Login
from collectors.promql.probe import probe
from collectors.promql.question import Question
from monitor.intake.cadence import beat
from monitor.intake.inlet import Inlet
from monitor.intake.probing import Check
from monitor.intake.source import Misconfigured, Source
from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.http import Answer, RequestError, request
from monitor.plan import Section
from monitor.text import clean
from monitor.units import Duration

PAGE_LIMIT = 8 * 1024 * 1024
"""Bytes of one answer beyond which it is refused."""
AT_ONCE = 4
"""Questions under way at the same time, so that golive is no load worth speaking of for the server."""
_REFUSED = frozenset({401, 403})


class Scrape(Section, frozen=True, kw_only=True):
    """An exporter's page."""

    url: str
    """The whole address, `/metrics` included."""
    samples: tuple[Pick, ...]


class Promql(Source, frozen=True, kw_only=True, tag="promql", tag_field="kind"):
    """One server, or one set of exporters, asked every `every`."""

    url: str = ""
    """Base of the query API: what comes before /api/v1/query. Prometheus, Thanos, Mimir, VictoriaMetrics."""
    login: Login = Login()
    questions: tuple[Question, ...] = ()
    scrapes: tuple[Scrape, ...] = ()
    timeout: Duration = 5.0
    """How long one answer may take."""

    def __post_init__(self) -> None:
        if not self.questions and not self.scrapes:
            msg = "neither questions nor scrapes: nothing would be heard"
            raise ValueError(msg)
        if bool(self.questions) != bool(self.url):
            msg = "questions need a url, and a url needs questions"
            raise ValueError(msg)
        try:
            for url in filter(None, (self.url, *(scrape.url for scrape in self.scrapes))):
                target_of(url)
        except Forbidden as error:
            raise ValueError(str(error)) from error

    def trial(self, seconds: float) -> Promql:
        """The same, asking often enough to be heard several times in so many seconds."""
        return msgspec.structs.replace(self, every=min(self.every, max(seconds / 4, 0.5)))

    async def probe(self, base: Path) -> list[Check]:
        """Try the source for `golive doctor`."""
        return await probe(self, base)

    async def run(self, inlet: Inlet) -> None:
        """Ask until cancelled. What is not answered is data (blank: error), and shown at the collector's row.

        Raises:
            Misconfigured: a secret or certificate cannot be read, or the server refuses the login.
        """
        rounds = _Rounds(self, inlet, await self.login.read(inlet.base))
        async for _ in beat(self.every):
            await rounds.ask_all()


class _Trouble(NamedTuple):
    """Why a question was not answered."""

    words: str
    lasting: bool
    """Whether a person must act first."""


class _Rounds:
    """A running collector."""

    def __init__(self, config: Promql, inlet: Inlet, credentials: Credentials) -> None:
        self._config = config
        self._inlet = inlet
        self._credentials = credentials
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._questions = [(question, Known(question, inlet)) for question in config.questions]
        self._scrapes = [(scrape, [Known(pick, inlet) for pick in scrape.samples]) for scrape in config.scrapes]

    async def ask_all(self) -> None:
        """One round: every question and every page once, whatever becomes of the others."""
        async with asyncio.TaskGroup() as group:
            work = [
                group.create_task(self._guarded(self._question, question.query, question, [known]))
                for question, known in self._questions
            ]
            work += [
                group.create_task(self._guarded(self._scrape, scrape.url, scrape, known))
                for scrape, known in self._scrapes
            ]
        troubles = [trouble for task in work if (trouble := task.result())]
        if len(troubles) < len(work):
            words = f"{len(work) - len(troubles)} of {len(work)} answered"
            self._inlet.connected(words + (f"; {troubles[0].words}" if troubles else ""))
        elif refused := [trouble.words for trouble in troubles if trouble.lasting]:
            raise Misconfigured(f"{refused[0]}; next: see `login` of this collector")
        else:
            self._inlet.lost(troubles[0].words)

    async def _guarded(
        self, ask: Callable[..., Awaitable[None]], name: str, what: Question | Scrape, known: list[Known]
    ) -> _Trouble | None:
        """Ask one thing; what is wrong with it, or None."""
        async with self._turn:
            try:
                await ask(what, known)
            except (QueryError, RequestError) as error:
                now = time.time()
                for series in known:
                    series.failed(now, now)
                return _Trouble(clean(f"{name}: {error}", 300), lasting=isinstance(error, LoginRefusedError))
        return None

    async def _question(self, question: Question, known: list[Known]) -> None:
        values = await self._points(question.query)
        times = await self._points(question.times) if question.times else None
        received = time.time()
        at = max((point.at for point in values), default=received)
        known[0].answered(question.readings(values, times), min(at, received), received)

    async def _points(self, query: str) -> list[Point]:
        body = urlencode({"query": query, "timeout": f"{self._config.timeout:g}s"}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._send("POST", f"{self._config.url.rstrip('/')}/api/v1/query", headers, body)
        if answer.status in (200, 400, 422, 503):
            try:
                return points(answer.body)
            except UnreadableError:
                self._inlet.refuse("malformed", answer.body, time.time())
                raise
        raise QueryError(f"answered {answer.status}: {clean(answer.body[:200].decode(errors='replace'))}")

    async def _scrape(self, scrape: Scrape, known: list[Known]) -> None:
        wanted = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4"
        answer = await self._send("GET", scrape.url, {"Accept": wanted}, None)
        received = time.time()
        if answer.status != 200:  # noqa: PLR2004 - the status of a page
            raise QueryError(f"answered {answer.status}")
        try:
            found = await asyncio.to_thread(readings, answer.body, answer.content_type, scrape.samples, received)
        except UnreadableError:
            self._inlet.refuse("malformed", answer.body, received)
            raise
        for series, part in zip(known, found, strict=True):
            series.answered(part, received, received)

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        sent = b"%s %s\n\n%s" % (method.encode(), url.encode(), body or b"")
        try:
            answer = await request(
                method,
                url,
                allow_hosts=[target_of(url).shown],
                headers={**headers, **self._credentials.headers},
                body=body,
                timeout=self._config.timeout,
                tls=self._credentials.tls,
                limit=PAGE_LIMIT,
            )
        except RequestError as error:
            self._inlet.transcript(b"", time.time(), sent=sent, fault=str(error))
            raise
        self._inlet.heard(1, time.time())
        fault = "" if answer.status == 200 else f"status {answer.status}"  # noqa: PLR2004 - the status of an answer
        self._inlet.transcript(answer.body, time.time(), sent=sent, fault=fault)
        if answer.status in _REFUSED:
            raise LoginRefusedError(f"the login is refused ({answer.status})")
        return answer
