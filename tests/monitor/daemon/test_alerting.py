"""Alerts in a whole daemon: one truth for who has them, mutes that only change who hears, rows that say all of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from monitor.deciding.tokens import make_token
from monitor.serving.alert_rows import AlertDetail, AlertRow
from monitor.serving.snapshot import Snapshot
from tests.monitor.daemon.test_paging import Stage, staged

ALERT = "wait:queue=q00"


class Client:
    """Ben at a command line."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession, token: str) -> None:
        self.stage = stage
        self.session = session
        self.headers = {"Authorization": f"Bearer {token}"}

    @property
    def base(self) -> str:
        return f"{self.stage.daemon.address}/api/v1"

    async def post(self, alert: str, act: str, **body: Any) -> tuple[int, Any]:
        url = f"{self.base}/alerts/{quote(alert, safe='')}/{act}"
        async with self.session.post(url, json=body, headers=self.headers) as answer:
            return answer.status, await answer.json()

    async def detail(self, alert: str) -> AlertDetail:
        async with self.session.get(f"{self.base}/alerts/{quote(alert, safe='')}") as answer:
            return msgspec.json.decode(await answer.read(), type=AlertDetail)

    async def snapshot(self) -> Snapshot:
        async with self.session.get(f"{self.base}/snapshot") as answer:
            return msgspec.json.decode(await answer.read(), type=Snapshot)

    async def until(self, holds: Callable[[Snapshot], object]) -> Snapshot:
        """The first snapshot for which it is true."""
        async with asyncio.timeout(15):
            while not holds(seen := await self.snapshot()):
                await asyncio.sleep(0.05)
        return seen

    async def row(self, holds: Callable[[AlertRow], object], alert: str = ALERT) -> AlertRow:
        """The alert, once this is true of it."""
        seen = await self.until(lambda s: any(row.id == alert and holds(row) for row in s.alerts))
        return next(row for row in seen.alerts if row.id == alert)


@asynccontextmanager
async def client(stage: Stage) -> AsyncIterator[Client]:
    """With a token of ben's."""
    token, _ = await asyncio.to_thread(make_token, stage.folder / "state", "ben", None, time.time(), None)
    await stage.until(lambda: stage.daemon.camera.ready() is None)
    async with aiohttp.ClientSession() as session:
        yield Client(stage, session, token)


async def test_an_acknowledgement_stops_the_escalation_and_is_told_to_all(tmp_path: Path):
    """Taken here, it is told in every channel, and the second channel is not called; let go, it is asked for anew."""
    async with staged(tmp_path) as stage, stage.running(within="2s"), client(stage) as ben:
        stage.values = {"q00": 90.0, "q01": 90.0}
        await stage.until(lambda: stage.about("alert"))
        status, said = await ben.post(ALERT, "ack", seconds=600, reason="adding agents")
        assert (status, said["what"]) == (
            200,
            f"ben has {ALERT} and 1 more of the same page for 10m: adding agents",
        )
        await stage.until(lambda: "ben has it" in stage.pages[-1].summary)
        for alert in (ALERT, "wait:queue=q01"):
            row = await ben.row(lambda row: row.acked_by, alert)
            assert (row.acked_by, row.ack_reason, row.together) == ("ben", "adding agents", 2)
            assert row.flags == ("acked",)
            assert row.acked_until is not None
            assert 590 < row.acked_until - time.time() < 601
        await asyncio.sleep(2.5)
        assert stage.manager.got == []
        assert (await ben.post(ALERT, "release", reason="not mine"))[0] == 200
        await stage.until(lambda: "nobody has it any more" in stage.pages[-1].summary)
        await stage.until(lambda: stage.manager.got)
        assert stage.verdict == "NO-GO"


async def test_a_mute_keeps_pages_away_and_nothing_else(tmp_path: Path):
    """A muted alert rings nobody, its NO-GO is told as a note and holds all the same; when the mute is lifted it rings."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        stage.values = {"q00": 5.0}
        await stage.until(lambda: stage.verdict == "GO")
        assert (await ben.post("wait", "mute", seconds=600, reason="load test", whole=True))[0] == 200
        loud = len(stage.about("verdict", loud=True))
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.verdict == "NO-GO")
        await asyncio.sleep(0.6)
        assert stage.about("alert") == []
        assert stage.about("verdict")[-1].summary.startswith("CRIT PROD verdict NO-GO")
        assert len(stage.about("verdict", loud=True)) == loud
        row = await ben.row(lambda _: True)
        assert (row.state, row.muted_by, row.mute_reason, row.flags) == ("breach", "ben", "load test", ("muted",))
        seen = await ben.snapshot()
        assert "muted" in next(rule.flags for rule in seen.rules if rule.rule == "wait")
        (mute,) = seen.alerting.mutes
        assert (mute.alert, mute.scope, mute.by) == ("wait", "*", "ben")
        assert (await ben.post("wait", "unmute", whole=True))[0] == 200
        await stage.until(lambda: stage.about("alert"))


class Follows:
    """Somebody who knows that one queue's trouble is another one's."""

    def quiet(self, alert: str, scope: str) -> str:
        return "follows wait queue=q01" if (alert, scope) == ("wait", "queue=q00") else ""

    def owner(self, alert: str, scope: str) -> str:
        del alert, scope
        return ""


async def test_what_follows_from_another_fault_is_listed_with_the_reason_why_nobody_is_told(tmp_path: Path):
    """An alert that is kept from ringing for whatever reason is on the list, flagged, with the reason in words."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        pager = stage.daemon.switchboard.pages.pager
        assert pager is not None
        pager.incidents.hearing = Follows()
        stage.values = {"q00": 90.0}
        row = await ben.row(lambda _: True)
        assert (row.quiet, row.flags, row.muted_by) == ("follows wait queue=q01", ("inhibited",), "")
        assert stage.about("alert") == []


async def test_who_was_told_hears_the_end_although_it_was_muted_since(tmp_path: Path):
    """The closing message is delivered after a mute."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.about("alert"))
        assert (await ben.post(ALERT, "mute", seconds=600, reason="known"))[0] == 200
        stage.values = {"q00": 5.0}
        await stage.until(lambda: stage.about("alert")[-1].status == "resolved")


async def test_owners_and_mutes_are_there_after_a_restart(tmp_path: Path):
    """The next daemon knows who has what until when, tells nobody again, and ends both with the alert or in time."""
    async with staged(tmp_path) as stage:
        async with stage.running(), client(stage) as ben:
            stage.values = {"q00": 90.0, "q01": 5.0}
            await stage.until(lambda: stage.about("alert"))
            await ben.post(ALERT, "ack", seconds=600)
            await ben.post("wait:queue=q01", "mute", seconds=600, reason="lab")
            await stage.until(lambda: "ben has it" in stage.pages[-1].summary)
        async with stage.running(within="1s"), client(stage) as ben:
            await stage.until(lambda: stage.verdict == "NO-GO")
            row = await ben.row(lambda _: True)
            assert row.acked_by == "ben"
            assert [(sent.channel, sent.state) for sent in row.sent] == [("pager", "told")]
            await asyncio.sleep(1.5)
            assert stage.manager.got == []
            stage.values = {"q00": 5.0, "q01": 90.0}
            await stage.until(lambda: stage.about("alert")[-1].status == "resolved")
            assert "ben had it" in stage.about("alert")[-1].summary
            await stage.until(lambda: stage.daemon.switchboard.alerting.desk.acks["over"] == 1)
            row = await ben.row(lambda _: True, "wait:queue=q01")
            assert row.muted_by == "ben"


async def test_a_row_says_what_was_sent_and_what_failed(tmp_path: Path):
    """Each channel with how the newest message went; a receiver that refuses shows how often it was tried."""
    async with staged(tmp_path) as stage, stage.running(within="1s"), client(stage) as ben:
        stage.pager.answers = [(503, {})] * 1000
        stage.values = {"q00": 90.0}
        tried = await ben.row(lambda row: row.sent and row.sent[0].failed >= 2)
        assert [(sent.channel, sent.state) for sent in tried.sent] == [("pager", "trying")]
        stage.pager.answers = []
        row = await ben.row(lambda row: [sent.state for sent in row.sent] == ["ok", "ok"])
        assert [(sent.channel, sent.failed) for sent in row.sent] == [("pager", 0), ("manager", 0)]
        assert (row.page, row.key, row.severity) == ("night/wait/queue=q00", "night/wait/queue=q00", "critical")


async def test_peak_and_last_change_are_kept_while_it_lasts(tmp_path: Path):
    """The worst value stays on the row when it gets milder, and the row says when it last changed."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.about("alert"))
        stage.values = {"q00": 300.0}
        await ben.row(lambda row: row.value == 300.0)
        stage.values = {"q00": 70.0}
        row = await ben.row(lambda row: row.value == 70.0)
        assert row.peak == 300.0
        await ben.post(row.code, "ack")
        taken = await ben.row(lambda row: row.acked_by)
        assert taken.changed > row.changed
        stage.values = {"q00": 5.0}
        await ben.until(lambda seen: seen.alerting.closed == 1)


async def test_silence_is_one_row_with_its_source(tmp_path: Path):
    """A dead source is one alert, named, that can be taken like any other; its rules are told in the detail."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        stage.values = {"q00": 5.0, "q01": 5.0}
        await stage.until(lambda: stage.verdict == "GO")
        stage.values = {}
        await stage.until(lambda: stage.about("alert"))
        (row,) = (await ben.until(lambda seen: seen.alerts)).alerts
        assert (row.id, row.state, row.value, row.limit) == ("no-data:source=edge", "unknown", None, 3.0)
        assert "no data from edge" in row.summary
        assert (await ben.post(row.id, "ack", seconds=600))[0] == 200
        await stage.until(lambda: "ben has it" in stage.pages[-1].summary)
        detail = await ben.detail(row.id)
        assert [neighbour.rule for neighbour in detail.blind] == ["wait"]


async def test_the_detail_says_the_rule_what_led_here_and_what_is_fine(tmp_path: Path):
    """The rule in words, its value over the last minutes, and nothing for an alert that is not there."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.about("alert"))
        detail = await ben.detail(ALERT)
        assert detail.says.startswith("wait: the newest value of golive_queue_oldest_contact_age_seconds")
        assert "breaches at or above 1m00s" in detail.says
        assert detail.guards == ()
        status, said = await ben.post("wait:queue=nowhere", "ack")
        assert (status, said["error"]["what"]) == (404, "there is no alert 'wait:queue=nowhere'")
        assert (await ben.post("wait:queue=q00", "note", text="bridge is red"))[0] == 200
        await ben.until(lambda seen: seen.events[-1].what == "wait:queue=q00: bridge is red")


async def test_acknowledgements_and_mutes_are_counted(tmp_path: Path):
    """Every state has its series from the start; what holds now is a gauge."""
    async with staged(tmp_path) as stage, stage.running(), client(stage) as ben:
        stage.values = {"q00": 90.0}
        await stage.until(lambda: stage.about("alert"))
        await ben.post(ALERT, "ack")
        await ben.post(ALERT, "mute", seconds=60, reason="x")
        async with ben.session.get(f"{stage.daemon.address}/metrics") as answer:
            page = await answer.text()
        for line in (
            'golive_acknowledgements_total{state="given"} 1.0',
            'golive_acknowledgements_total{state="expired"} 0.0',
            'golive_acknowledgements_total{state="over"} 0.0',
            'golive_mutes_total{state="given"} 1.0',
            'golive_mutes_total{state="lifted"} 0.0',
            "golive_acknowledgements_held 1.0",
            "golive_mutes_active 1.0",
            'golive_attention_refused_total{kind="mute"} 0.0',
        ):
            assert line in page
