"""A configuration that is reloaded in the night: by signal and by HTTP, whole or not at all, and never under a run's hands."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.serving.snapshot import RuleRow, Snapshot
from tests.e2e.conftest import TOKENS
from tests.rig.daemon import RunningDaemon

pytestmark = [pytest.mark.e2e]

PUSH, ADMIN = "p" * 40, "c" * 40
CONFIG = """schema: 1
cutover: {name: night one, environment: TEST, undo_window: 0s}
people:
  - {name: anna, role: approver, duties: [manager], token: {file: anna.token}}
  - {name: ben, role: approver, duties: [lead], token: {file: ben.token}}
  - {name: ada, role: admin, token: {file: ada.token}}
stages: [{name: legacy}, {name: full}]
collectors:
  - {name: wallboard, kind: push, every: 1s, max_age: 20s, token: {file: push.token}, fixed: {platform: target}}
gates: [{name: waiting, rules: [waiting, oldest]}]
rules:
  - name: waiting
    metric: golive_queue_contacts_waiting
    by: [queue]
    estimator: last
    window: 2s
    operator: ">"
    breach: 100
    clear: 40
    missing: {no_data: unknown, null: unknown, error: unknown, stale: unknown}
  - name: oldest
    metric: golive_queue_oldest_contact_age_seconds
    by: [queue]
    estimator: last
    window: 2s
    operator: ">"
    breach: 500
    clear: 40
    missing: {no_data: unknown, null: unknown, error: unknown, stale: unknown}
triggers:
  - {name: back, when: oldest, runbook: by-hand, mode: approve, approval: {duties: [manager], quorum: 1, deadline: 10m}}
notify:
  - {name: pager, kind: webhook, url: "http://127.0.0.1:9/old", allow_loopback: true}
web: {enable_lifecycle: true}
"""
RUNBOOK = """name: by-hand
title: Tell the floor
steps:
  - {name: floor, action: manual, effect: once, instructions: tell the floor}
verify: ["not waiting"]
verify_hold: 1s
verify_within: 30s
"""


class Night:
    """A daemon that is fed, with people and a file that can be changed."""

    def __init__(self, running: RunningDaemon, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self.values = {"golive_queue_contacts_waiting": 70.0, "golive_queue_oldest_contact_age_seconds": 10.0}

    async def feed(self) -> None:
        """Post the values five times a second."""
        headers = {"Authorization": f"Bearer {PUSH}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                now = time.time()
                body = [
                    {"metric": metric, "value": value, "at": now, "labels": {"queue": "sales"}}
                    for metric, value in self.values.items()
                ]
                try:
                    async with session.post(self.running.url + "/api/v1/samples", json=body) as answer:
                        await answer.read()
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.2)

    async def write(self, *changes: tuple[str, str]) -> None:
        """Change golive.yaml."""
        text = CONFIG
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        await asyncio.to_thread((self.folder / "golive.yaml").write_text, text)

    async def reload(self, token: str | None) -> tuple[int, Any]:
        """POST without a body, as to Prometheus."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.running.url + "/-/reload", headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    async def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        page = await self.running.text("/metrics")
        return float(next(line for line in page.splitlines() if line.startswith(f"{name} ")).split()[1])


@pytest.fixture
async def night(tmp_path: Path, daemon: Callable[[str], RunningDaemon]):
    """A running one."""
    for name, token in (("push", PUSH), ("ada", ADMIN)):
        (tmp_path / f"{name}.token").write_text(token)
        (tmp_path / f"{name}.token").chmod(0o600)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "by-hand.yaml").write_text(RUNBOOK)
    made = Night(daemon(CONFIG), tmp_path)
    await made.running.start()
    feeding = asyncio.create_task(made.feed())
    yield made
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)


def of(name: str) -> Callable[[Snapshot], RuleRow]:
    """A rule's row; what is shown of it before its first series does not count."""
    return lambda seen: next(row for row in seen.rules if row.rule == name and row.scope)


def stands(name: str, state: str) -> Callable[[Snapshot], bool]:
    """Whether a rule's row is there and in this state."""
    return lambda seen: any(row.rule == name and row.scope and row.state == state for row in seen.rules)


async def test_a_signal_takes_a_threshold_over_and_a_broken_file_changes_nothing(night: Night) -> None:
    """The changed rule warms up and then breaches by its new limit; the unchanged one keeps its since to the number; a
    broken file is said with line and column on screen, in the log and in /metrics, and what ran goes on (P5, P9)."""
    running = night.running
    assert running.process is not None
    await running.until(lambda seen: stands("waiting", "ok")(seen) and stands("oldest", "ok")(seen))
    before = of("oldest")(await running.snapshot())
    read = await night.metric("golive_config_last_reload_success_timestamp_seconds")
    assert await night.metric("golive_config_last_reload_successful") == 1
    await night.write(("breach: 100", "breach: 60"))
    running.process.send_signal(signal.SIGHUP)
    seen = await running.until(stands("waiting", "breach"))
    assert of("waiting")(seen).breach == 60
    after = of("oldest")(seen)
    assert (after.since, after.phase, after.state) == (before.since, before.phase, "ok")
    (line,) = [event for event in await running.events() if event.kind == "reload"]
    assert "rule waiting: breach 100 → 60" in line.what
    assert (line.who, line.state) == ("a signal", "taken")
    assert await night.metric("golive_config_last_reload_success_timestamp_seconds") > read
    seen = await running.until(lambda seen: seen.channels[0].state != "ok")
    (pager,) = seen.channels
    assert (pager.name, pager.kind, pager.state) == ("pager", "webhook", "failing")
    assert "127.0.0.1:9" in pager.error
    assert pager.since is not None
    assert pager.since > seen.at - 60
    await night.write(("breach: 500", "breach: many"))
    running.process.send_signal(signal.SIGHUP)
    seen = await running.until(lambda seen: seen.monitor.reload)
    assert "golive.yaml:27:13: rules[1].breach" in seen.monitor.reload
    assert "golive.yaml:27:13: rules[1].breach" in running.words()
    assert of("oldest")(seen).breach == 500
    assert of("waiting")(seen).state == "breach"
    assert await night.metric("golive_config_last_reload_successful") == 0
    await night.write(("breach: 100", "breach: 60"))
    running.process.send_signal(signal.SIGHUP)
    await running.until(lambda seen: not seen.monitor.reload)
    assert await night.metric("golive_config_last_reload_successful") == 1
    assert running.stop() == 0


async def test_an_admin_reloads_over_http_and_nothing_is_taken_by_halves(night: Night) -> None:
    """401 without a token and 403 for an approver, both without effect; an admin gets what changed in words. A file of
    which only a part could be taken is refused whole, with the key, the reason and the way on."""
    await night.write(("/old", "/new"), ("breach: 100", "breach: 90"))
    assert (await night.reload(None))[0] == 401
    assert (await night.reload(TOKENS["anna"]))[0] == 403
    status, answer = await night.reload(ADMIN)
    assert (status, answer["changed"]) == (200, ["rule waiting: breach 100 → 90", "channel pager: another url"])
    assert answer["fresh"] == ["waiting"]
    status, answer = await night.reload(ADMIN)
    assert (status, answer["changed"]) == (200, [])
    await night.write(("breach: 100", "breach: 80"), ("max_age: 20s", "max_age: 30s"))
    status, answer = await night.reload(ADMIN)
    assert status == 409
    assert "golive.yaml:9:5: collectors[0]: wallboard cannot change while golive runs" in answer["error"]["what"]
    seen = await night.running.until(lambda seen: stands("waiting", "ok")(seen) and of("waiting")(seen).breach != 100)
    assert of("waiting")(seen).breach == 90
    assert [event.state for event in await night.running.events() if event.kind == "reload"] == ["taken", "refused"]


async def test_a_reload_in_the_middle_of_a_run_changes_nothing_of_it(night: Night) -> None:
    """While a decision is open its rules stay and say so; channels may change, and a signature on what was shown before
    still counts; the run goes on to its verified end as it was signed."""
    running = night.running
    await running.until(lambda seen: stands("waiting", "ok")(seen) and stands("oldest", "ok")(seen))
    night.values["golive_queue_oldest_contact_age_seconds"] = 900.0
    (row,) = (await running.until(lambda seen: seen.decisions)).decisions
    await night.write(("breach: 500", "breach: 1000"))
    status, answer = await night.reload(ADMIN)
    assert status == 409
    assert f"rule oldest cannot change while decision {row.id} is awaiting" in answer["error"]["what"]
    await night.write(("/old", "/new"))
    assert (await night.reload(ADMIN))[0] == 200
    body = {"digest": row.digest, "nonce": row.nonce, "reason": "go"}
    assert await running.act(TOKENS["anna"], f"decisions/{row.id}/approve", **body) == 200
    seen = await running.until(lambda seen: seen.runs and seen.runs[0].steps[0].state == "waiting")
    run = seen.runs[0].id
    await night.write(("/old", "/newer"), ("name: waiting, rules", "name: waiting, title: Callers, rules"))
    assert (await night.reload(ADMIN))[0] == 200
    await night.write(("/old", "/newer"), ("breach: 100", "breach: 95"))
    status, answer = await night.reload(ADMIN)
    assert (status, "is executing" in answer["error"]["what"]) == (409, True)
    digest = seen.runs[0].digest
    seen = await running.until(lambda seen: seen.gates[0].title == "Callers")
    assert (seen.runs[0].id, seen.runs[0].digest, seen.runs[0].state) == (run, digest, "waiting")
    assert seen.decisions[0].evidence == row.evidence
    steps = f"runs/{run}/steps/floor/resolve"
    assert await running.act(TOKENS["anna"], steps, outcome="done", reason="told") == 200
    seen = await running.until(lambda seen: seen.runs[0].state == "done", within=30)
    assert [vote.person for vote in seen.decisions[0].votes] == ["anna"]
    assert running.stop() == 0
