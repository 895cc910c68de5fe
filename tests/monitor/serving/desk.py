"""A desk that notes what it was asked to do, and a whole web server around it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec

from monitor.catalogue.inventory import CATALOGUE
from monitor.deciding.auth import Authority
from monitor.deciding.entry import Entry, Line
from monitor.deciding.ledger import Ledger
from monitor.deciding.people import Person
from monitor.deciding.public_lines import PublicLines
from monitor.deciding.tokens import make_token, revoke_tokens
from monitor.intake.postbox import Postbox
from monitor.serving.acts import Actor, Refusal
from monitor.serving.detail_rows import InputRow, InputsPage, MetricsPage, SamplesPage
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.past.archive import Archive
from monitor.serving.past.keeper import Keeper
from monitor.serving.past.moments import notable, pack
from monitor.serving.past.settings import PastConfig
from monitor.serving.snapshot import EventRow, PointRow, Snapshot
from monitor.serving.web.app import make_app
from monitor.serving.web.front import Front
from monitor.serving.web.listener import Listener
from monitor.serving.web.services import SERVICES, Callback, Denial
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.boards import NOW, board, decision, event, run
from tests.monitor.serving.memory import Memory
from tests.monitor.serving.tables import FakeTable

PEOPLE = (
    Person(name="anna", role="approver", duties=("cutover-manager",)),
    Person(name="vera", role="viewer"),
)


class FakeDesk:
    """Every act, noted in `asked`; refuses when `refusal` is set, fails when `failure` is."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: Refusal | None = None
        self.failure: Exception | None = None
        self.current = board(series=5)

    def snapshot(self) -> Snapshot:
        return self.current

    def events_after(self, seq: int, limit: int) -> list[EventRow]:
        return [event(number) for number in range(seq + 1, 8)][:limit]

    def _note(self, *what: Any) -> None:
        if self.failure is not None:
            raise self.failure
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(what)

    async def approve(self, actor: Actor, name: str, digest: str, nonce: str, reason: str, *, late: bool = False):
        self._note("approve", actor.name, name, digest, nonce, reason, late)
        return decision()

    async def attest(self, actor: Actor, name: str, item: str, digest: str, evidence: str):
        self._note("attest", actor.name, name, item, digest, evidence)
        return decision()

    async def break_glass(
        self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, confirm: str, key: str = ""
    ):
        self._note("break_glass", actor.name, runbook, parameters, reason, confirm, key)
        return decision()

    async def declare_point(self, actor: Actor, point: str, *, passed: bool, reason: str):
        self._note("declare", actor.name, point, passed, reason)
        return PointRow(name=point, state="passed", after="freeze")

    async def reject(self, actor: Actor, name: str, reason: str):
        self._note("reject", actor.name, name, reason)
        return decision("rejected")

    async def rearm(self, actor: Actor, name: str, reason: str):
        self._note("rearm", actor.name, name, reason)
        return decision()

    async def request_run(self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, key: str = ""):
        self._note("request_run", actor.name, runbook, parameters, reason, key)
        return decision()

    async def act_on_run(self, actor: Actor, name: str, act: str, reason: str):
        self._note(act, actor.name, name, reason)
        return run()

    async def act_on_step(self, actor: Actor, name: str, step: str, act: str, outcome: str, reason: str):
        self._note(act, actor.name, name, step, outcome, reason)
        return run()

    async def move_stage(self, actor: Actor, stage: str, act: str, reason: str):
        self._note(act, actor.name, stage, reason)
        return self.current

    async def sign_gate(self, actor: Actor, gate: str, signed: bool, reason: str):
        self._note("sign", actor.name, gate, signed, reason)
        return self.current

    async def note(self, actor: Actor, text: str):
        self._note("note", actor.name, text)
        return event(9)


class FakeJournal:
    """Seven lines."""

    async def entries(self, *, after: int = 0, limit: int | None = None) -> list[Entry]:
        common = {"at": NOW, "mono": 1.0, "kind": "note", "who": "anna", "via": "http", "what": "x", "object": ""}
        rest = {"state": "", "data": {}, "public": False, "hash": "f" * 64}
        lines = [msgspec.convert({"seq": seq, **common, **rest}, Entry) for seq in range(after + 1, 8)]
        return lines[:limit]


class FakeDetails:
    """A store with one series, whatever is asked."""

    row = InputRow(
        metric="golive_agents",
        labels={},
        unit="count",
        value=1.0,
        at=NOW,
        age=1.0,
        quality="fresh",
        stale_after=4.0,
        sources=("acd",),
    )

    def inputs(self, rule: str, scope: str) -> InputsPage | None:
        del rule, scope
        return InputsPage(series=(self.row,))

    def series(self, metrics: list[str], labels: dict[str, str], source: str = "") -> InputsPage:
        del metrics, labels, source
        return InputsPage(series=(self.row,))

    def samples(self, metric: str, labels: dict[str, str]) -> SamplesPage | None:
        del metric, labels
        return SamplesPage(series=self.row, samples=())

    def metrics(self) -> MetricsPage:
        return MetricsPage(metrics=())


class Reply(NamedTuple):
    """An answer, read whole."""

    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class House:
    """A running web server and what is behind it."""

    def __init__(
        self,
        state_dir: Path,
        config: WebConfig,
        postboxes: Sequence[Postbox],
        front: Front,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.desk = FakeDesk()
        self.denials: list[Denial] = []
        self.not_ready: str | None = None
        self.table = FakeTable(CATALOGUE["golive_agents"])
        self.own = OwnMetrics()
        self.exposition = Exposition(
            lambda: {"golive_agents": self.table}, self.desk.snapshot, self.own, CATALOGUE, max_age=1e12
        )
        self.state_dir = state_dir
        self.front = front
        self.authority = Authority(PEOPLE, state_dir, state_dir)
        self.past = Keeper(PastConfig(), state_dir / "past.db", self.desk.snapshot, lambda: NOW)
        self.lines = PublicLines(state_dir / "journal.db", lambda: (0, ""), lambda: NOW)
        self.app = make_app(
            self.desk,
            self.authority,
            self.exposition,
            config,
            lambda: self.not_ready,
            journal=FakeJournal(),
            lines=self.lines,
            past=self.past,
            postboxes=postboxes,
            callbacks=callbacks,
            front=front,
            details=FakeDetails(),
            on_denied=self.denials.append,
        )
        self.services = self.app[SERVICES]
        self.services.recent = Memory()
        self.listener = Listener(self.app, config, lambda: self.own.denied("full"), front)
        self.session = aiohttp.ClientSession()
        self.token = ""

    async def new_token(self, name: str, *, at: float = NOW, lasts: float | None = None) -> str:
        """A fresh token, as `golive token new` makes it."""
        token, _ = await asyncio.to_thread(make_token, self.state_dir, name, None, at, lasts)
        return token

    async def revoke(self, name: str) -> None:
        """What `golive token revoke` does."""
        await asyncio.to_thread(revoke_tokens, self.state_dir, name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    async def ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> Reply:
        """Send a request and read its answer."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        async with self.session.request(method, self.url + path, headers=headers, **more) as answer:
            return Reply(answer.status, answer.headers.copy(), await answer.text())


@asynccontextmanager
async def opened(
    state_dir: Path,
    config: WebConfig | None = None,
    postboxes: Sequence[Postbox] = (),
    front: Front | None = None,
    callbacks: Sequence[Callback] = (),
) -> AsyncIterator[House]:
    """A house with anna's token, on a free port."""
    house = House(state_dir, config or WebConfig(listen="127.0.0.1:0"), postboxes, front or Front(), callbacks)
    house.token = await house.new_token("anna")
    await asyncio.to_thread(remember, state_dir)
    await house.listener.start()
    try:
        yield house
    finally:
        await house.session.close()
        await house.listener.stop()
        await house.past.close()


def remember(state_dir: Path) -> None:
    """Three moments of the past, and three lines in the journal of which one is not public."""
    verdict = msgspec.structs.replace(event(9), kind="verdict", at=NOW - 25)
    archive = Archive(state_dir / "past.db", limit=1 << 20)
    for ago in (30.0, 20.0, 10.0):
        moment = msgspec.structs.replace(board(), at=NOW - ago)
        archive.put(moment.at, pack(moment), notable([verdict]) if ago == 20.0 else ())
    archive.close()
    ledger = Ledger(state_dir / "journal.db")
    ledger.open()
    common = {"at": NOW, "mono": 1.0, "kind": "note", "who": "anna", "via": "http", "what": "x", "object": ""}
    shown = (True, False, True)
    ledger.append(
        [msgspec.convert({"seq": 0, **common, "state": "", "data": {}, "public": is_}, Line) for is_ in shown]
    )
    ledger.close()
    (state_dir / "reserve").unlink(missing_ok=True)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so; TimeoutError when it does not become so in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
