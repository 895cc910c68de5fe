"""A whole daemon pages: one page for what breaks together, who was told is told the end, and silence is never health."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec

from monitor.config_file import LoadedConfig, read
from monitor.daemon.daemon import Daemon
from monitor.notify.message import SUMMARY_LENGTH, Message
from tests.monitor.notify.receiver import Receiver, receiving

CONFIG = """
schema: 1
cutover: {name: night, environment: PROD}
people: [{name: ben, role: approver, duties: [lead]}]
stages: [{name: canary, title: Canary}]
notify:
  - name: pager
    kind: webhook
    url: http://127.0.0.1:%(pager)d/hook
    allow_loopback: true
    acks: {sender: pagerduty, secret: {file: signing}}
  - {name: manager, kind: webhook, url: "http://127.0.0.1:%(manager)d/hook", allow_loopback: true}
  - {name: outside, kind: heartbeat, url: "http://127.0.0.1:%(watcher)d/hook", every: 1s, allow_loopback: true}
paging: {second: [manager], acknowledge_within: %(within)s, links: {Board: "https://golive.example/?alert={key}"}}
rules:
  - name: wait
    title: Waiting time
    metric: golive_queue_oldest_contact_age_seconds
    match: {platform: target}
    by: [queue]
    estimator: last
    window: 1s
    operator: ">="
    breach: 60
    clear: 30
    blind_after: 2s
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
gates: [{name: queues, title: Queues, rules: [wait]}]
"""
METRIC = "golive_queue_oldest_contact_age_seconds"
QUEUES = [f"q{number:02d}" for number in range(20)]
STALE_AFTER = 3.0


class Stage:
    """A daemon, its receivers, and a feeder of queues."""

    more: tuple[tuple[str, tuple[tuple[str, str], ...], float], ...] = ()
    """Further series that are fed: metric, labels, value."""

    def __init__(self, folder: Path, pager: Receiver, manager: Receiver, watcher: Receiver) -> None:
        self.folder = folder
        self.pager = pager
        self.manager = manager
        self.watcher = watcher
        self.values: dict[str, float] = {}
        self.daemon: Daemon

    async def configured(self, within: str) -> LoadedConfig:
        """The configuration on free ports."""
        ports = {"pager": self.pager.port, "manager": self.manager.port, "watcher": self.watcher.port}

        def load() -> LoadedConfig:
            (self.folder / "signing").write_text("signing-secret")
            (self.folder / "signing").chmod(0o600)
            (self.folder / "golive.yaml").write_text(CONFIG % {**ports, "within": within})
            return read(self.folder / "golive.yaml")

        loaded = await asyncio.to_thread(load)
        assert loaded.value is not None, loaded.findings
        web = msgspec.structs.replace(loaded.value.web, listen="127.0.0.1:0")
        return dataclasses.replace(loaded, value=msgspec.structs.replace(loaded.value, web=web))

    @asynccontextmanager
    async def running(self, within: str = "5m") -> AsyncIterator[Daemon]:
        """A daemon that is fed from a source called edge."""
        self.daemon = Daemon(await self.configured(within), self.folder / "state")
        await self.daemon.start()
        feeding = asyncio.create_task(self._feed())
        try:
            yield self.daemon
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await self.daemon.close()

    async def _feed(self) -> None:
        door = self.daemon.intake.door("edge", STALE_AFTER)
        while True:
            now = time.time()
            for queue, value in list(self.values.items()):
                handle = door.series(METRIC, (("platform", "target"), ("queue", queue)))
                door.emit([handle], [value], [now], now)
            for metric, labels, value in self.more:
                door.emit([door.series(metric, labels)], [value], [now], now)
            if self.values:
                door.heard(len(self.values), now)
            await asyncio.sleep(0.1)

    async def until(self, holds: Callable[[], object], within: float = 20.0) -> None:
        """Wait for a condition; tells what was paged when it does not come."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError([page.summary for page in self.pages]) from None

    @property
    def pages(self) -> list[Message]:
        """What the pager got."""
        return [got.message for got in self.pager.got]

    def about(self, event: str, *, loud: bool = False) -> list[Message]:
        """Pages of a kind; loud: only those that ring."""
        return [page for page in self.pages if page.event == event and (page.severity == "critical" or not loud)]

    @property
    def verdict(self) -> str:
        """The daemon's verdict."""
        return self.daemon.ticker.ruling.verdict.word


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Receivers that are up."""
    async with receiving() as pager, receiving() as manager, receiving() as watcher:
        yield Stage(folder, pager, manager, watcher)


async def test_twenty_queues_one_page_one_end_and_an_all_clear(tmp_path: Path):
    """All queues break together: one critical page that counts them; when they heal one end and one all-clear."""
    async with staged(tmp_path) as stage, stage.running():
        stage.values = dict.fromkeys(QUEUES, 5.0)
        await stage.until(lambda: stage.verdict == "GO")
        before = len(stage.pages)
        stage.values = dict.fromkeys(QUEUES, 90.0)
        await stage.until(lambda: stage.about("alert"))
        await stage.until(lambda: stage.verdict == "NO-GO")
        await asyncio.sleep(1.0)
        (page,) = stage.about("alert")
        assert [one.severity for one in stage.pages[before:]].count("critical") == 1
        assert page.dedupe_key == "night/wait/queue=q00"
        assert page.summary.startswith("CRIT PROD q00 and 19 more Waiting time 1m30s (limit 1m00s) just now")
        assert len(page.summary) <= SUMMARY_LENGTH
        assert "Verdict NO-GO" in page.body
        assert "Seen by: edge (0s old)" in page.body
        assert page.links == {"Board": "https://golive.example/?alert=night%2Fwait%2Fqueue%3Dq00"}
        stage.values = dict.fromkeys(QUEUES, 5.0)
        await stage.until(lambda: any("all clear" in one.summary for one in stage.pages))
        opened, ended = stage.about("alert")
        assert (ended.status, ended.dedupe_key, ended.loudest) == ("resolved", opened.dedupe_key, "critical")
        assert "peak 1m30s, nobody acknowledged" in ended.summary
        assert stage.manager.got == []


async def test_a_restart_pages_nobody_again_and_tells_the_end(tmp_path: Path):
    """What was open when the daemon ended is neither paged again nor forgotten by the next one."""
    async with staged(tmp_path) as stage:
        async with stage.running():
            stage.values = {"q00": 90.0}
            await stage.until(lambda: stage.about("alert"))
        async with stage.running():
            await stage.until(lambda: stage.verdict == "NO-GO")
            await asyncio.sleep(0.6)
            assert len(stage.about("alert")) == 1
            stage.values = {"q00": 5.0}
            await stage.until(lambda: len(stage.about("alert")) == 2)
            assert stage.about("alert")[1].status == "resolved"
            await stage.until(lambda: any("all clear" in one.summary for one in stage.pages))


async def test_nobody_answers_and_somebody_does_in_pagerduty(tmp_path: Path):
    """Unanswered, the second channel is called; an acknowledgement from PagerDuty is journalled, told, and stops it."""
    async with staged(tmp_path) as stage, stage.running(within="1s"):
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.manager.got)
        assert stage.manager.got[0].message.summary.startswith("CRIT PROD UNANSWERED q00 Waiting time")
        body = json.dumps(
            {
                "event": {
                    "id": "01X",
                    "event_type": "incident.acknowledged",
                    "occurred_at": datetime.now(UTC).isoformat(),
                    "agent": {"summary": "Anna Meier"},
                    "data": {"incident_key": "night/wait/queue=q00"},
                }
            }
        ).encode()
        signed = hmac.new(b"signing-secret", body, hashlib.sha256).hexdigest()
        url = f"{stage.daemon.address}/api/v1/acks/pager"
        async with aiohttp.ClientSession() as session:
            for headers, status in (
                ({"X-PagerDuty-Signature": "v1=00"}, 401),
                ({"X-PagerDuty-Signature": f"v1={signed}"}, 200),
            ):
                async with session.post(url, data=body, headers=headers) as answer:
                    assert answer.status == status, await answer.text()
        await stage.until(lambda: "Anna Meier has it" in stage.pages[-1].summary)
        lines = [event for event in stage.daemon.journal.events_after(0, 500) if event.kind == "ack"]
        assert [(line.who, line.object) for line in lines] == [("Anna Meier", "night/wait/queue=q00")]
        assert "via pagerduty" in lines[0].what
        assert stage.verdict == "NO-GO"
        stage.values = {"q00": 5.0}
        await stage.until(lambda: "Anna Meier had it" in stage.about("alert")[-1].summary)
        assert "Anna Meier had it" in stage.manager.got[-1].message.summary


async def test_a_source_that_dies_is_named_with_its_last_value(tmp_path: Path):
    """Silence pages with the source, its last good value and when, and ends when it speaks again; it never reads as good."""
    async with staged(tmp_path) as stage, stage.running():
        stage.values = {"q00": 5.0}
        await stage.until(lambda: stage.verdict == "GO")
        stage.values = {}
        await stage.until(lambda: stage.about("alert"))
        (page,) = stage.about("alert")
        assert page.dedupe_key == "night/no-data/source=edge"
        assert page.severity == "warning"
        assert "no data from edge" in page.summary
        assert ", last 5.0s at " in page.summary
        assert any("verdict UNKNOWN" in one.summary for one in stage.about("verdict", loud=True))
        stage.values = {"q00": 5.0}
        await stage.until(lambda: stage.about("alert")[-1].status == "resolved")
        await stage.until(lambda: any("all clear" in one.summary for one in stage.pages))


async def test_the_heartbeat_stops_when_nothing_is_judged_any_more(tmp_path: Path, monkeypatch):
    """The watcher outside hears us while ticks are judged, and nothing once they fail; /metrics says when it did last."""
    async with staged(tmp_path) as stage, stage.running():
        await stage.until(lambda: len(stage.watcher.got) >= 2)

        def fail(_: object) -> None:
            raise RuntimeError("desk on fire")

        monkeypatch.setattr(stage.daemon.desk, "consider", fail)
        await stage.until(lambda: stage.daemon.switchboard.beats.withheld["outside"])
        heard = len(stage.watcher.got)
        await stage.until(lambda: stage.daemon.switchboard.beats.withheld["outside"] >= 2)
        assert len(stage.watcher.got) == heard
        async with aiohttp.ClientSession() as session, session.get(f"{stage.daemon.address}/metrics") as answer:
            page = await answer.text()
        stamp = next(line for line in page.splitlines() if line.startswith("golive_heartbeat_last_success"))
        assert stamp.startswith('golive_heartbeat_last_success_timestamp_seconds{heartbeat="outside"} 1')
        assert 'golive_notification_channel_up{channel="pager"} 1.0' in page
        assert 'golive_notification_queue_length{channel="pager"} 0.0' in page


async def test_a_broken_channel_is_on_the_board(tmp_path: Path):
    """401 from the pager: the board says which channel is broken and why."""
    async with staged(tmp_path) as stage, stage.running():
        stage.pager.answers = [(401, {})] * 10
        stage.values = {"q00": 90.0}
        await stage.until(lambda: "channel pager is broken" in stage.daemon.camera.snapshot().monitor.degraded)
        await stage.until(lambda: any(got.message.event == "channel" for got in stage.manager.got))
        assert any(got.message.event == "alert" for got in stage.manager.got)


async def test_a_page_says_who_is_hurt_and_how_the_old_platform_does(tmp_path: Path):
    """Callers who wait in the queue, and the old platform's value, stand in the line."""
    async with staged(tmp_path) as stage, stage.running():
        here = (("platform", "target"), ("queue", "q00"))
        stage.more = (
            (METRIC, (("platform", "legacy"), ("queue", "q00")), 4.0),
            ("golive_queue_contacts_waiting", here, 31.0),
            ("golive_queue_contacts_waiting", (("platform", "target"), ("queue", "q01")), 500.0),
        )
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.about("alert"))
        (page,) = stage.about("alert")
        assert "q00 Waiting time 1m30s (limit 1m00s, old 4.0s)" in page.summary
        assert ", 31 waiting, oldest 1m30s" in page.summary
        assert "on the new platform" in page.body


async def test_a_fault_in_what_is_told_stops_nothing_that_is_judged(tmp_path: Path, monkeypatch, caplog):
    """When alerts cannot be told the verdict is judged, pages by itself, and the board says what is wrong."""
    async with staged(tmp_path) as stage, stage.running() as daemon:
        stage.values = {"q00": 5.0}
        await stage.until(lambda: stage.verdict == "GO")

        def fail(_: object) -> None:
            raise RuntimeError("on fire")

        assert daemon.switchboard.pages.pager is not None
        monkeypatch.setattr(daemon.switchboard.pages.pager, "look", fail)
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.verdict == "NO-GO")
        await stage.until(lambda: stage.about("verdict", loud=True))
        await stage.until(lambda: "alerts cannot be told: RuntimeError" in daemon.camera.snapshot().monitor.degraded)
        assert caplog.text.count("alerts cannot be told; verdicts") == 1
        monkeypatch.undo()
        await stage.until(lambda: stage.about("alert"))
