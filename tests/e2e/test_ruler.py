"""A ruler elsewhere judges, golive decides: real Prometheus or vmalert, real Alertmanager, a real daemon."""

from __future__ import annotations

import io
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from monitor.intake.postbox import POST_LIMIT
from monitor.serving.snapshot import RuleRow, Snapshot
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.prometheus import prometheus, victoria_metrics
from tests.rig.rulers import Alertmanager, Exporter, alertmanager, exporter, vmalert

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(150)]

TOKEN = "r" * 40
CONFIG = """
schema: 1
cutover: {name: night one, environment: TEST, rollback_budget: 60s}
people:
  - {name: anna, role: approver, duties: [cutover-manager], token: {file: anna.token}}
  - {name: ben, role: approver, duties: [telephony-lead], token: {file: ben.token}}
stages: [{name: legacy, share: 0}, {name: full, share: 100}]
collectors:
  - {name: mimir, kind: ruler, every: 2s, max_age: 6s, token: {file: ruler.token}, rules: [loss]}
gates: [{name: loss, title: Packet loss, rules: [loss]}]
rules:
  - name: loss
    title: Packet loss
    metric: golive_media_packet_loss_ratio
    match: {platform: target}
    by: [trunk]
    estimator: mean
    window: 4s
    operator: ">="
    warn: 0.5%
    breach: 1%
    clear: 0.5%
    hold: 2s
    min_count: 2
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
triggers:
  - name: back
    when: loss
    runbook: hold
    approval: {duties: [cutover-manager, telephony-lead], quorum: 2, deadline: 10m}
"""
HOLD = """
name: hold
title: Wait
steps: [{name: spread, action: wait, effect: read, span: 3s, takes: 1s}]
verify: [not loss]
verify_hold: 0s
back_to: legacy
"""
ROUTES = """
route:
  receiver: nobody
  group_by: [alertname]
  routes:
    - matchers: [golive =~ "breach|measured"]
      receiver: golive
      group_by: [rule]
      group_wait: 0s
      group_interval: 1s
      repeat_interval: 1s
receivers:
  - name: nobody
  - name: golive
    webhook_configs:
      - url: %s/api/v1/alertmanager
        http_config: {authorization: {credentials_file: %s}}
"""
SCRAPE = """
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: sbc, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
"""


def prepared(folder: Path) -> Path:
    """The ruler's token and the runbook, in their places."""
    (folder / "runbooks").mkdir()
    (folder / "runbooks" / "hold.yaml").write_text(HOLD)
    secret = folder / "ruler.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    return secret


def exported(folder: Path) -> str:
    """The rules as a user exports them."""
    command = [*GOLIVE, "rules", "export", "golive.yaml", "--format", "prometheus", "--judge-there", "--interval", "1s"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loss(seen: Snapshot, trunk: str) -> RuleRow | None:
    """The rule as golive sees it on a trunk."""
    return next((row for row in seen.rules if row.rule == "loss" and row.scope == f"trunk={trunk}"), None)


def stands(trunk: str, state: str) -> Callable[[Snapshot], bool]:
    """Whether the rule is in a state on a trunk."""

    def holds(seen: Snapshot) -> bool:
        row = loss(seen, trunk)
        return row is not None and row.state == state and not (state == "ok" and row.flags)

    return holds


@asynccontextmanager
async def ruler(kind: str, folder: Path, url: str, sbc: Exporter) -> AsyncIterator[Alertmanager]:
    """A ruler of a kind that judges the exported rules and tells an Alertmanager, which tells golive."""
    rules = folder / "golive.rules.yml"
    rules.write_text(exported(folder))
    async with AsyncExitStack() as stack:
        routes = ROUTES % (url, folder / "ruler.token")
        teller = await stack.enter_async_context(alertmanager(folder, routes))
        config = SCRAPE % sbc.port
        if kind == "prometheus":
            config += f"rule_files: [{rules}]\n"
            config += f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{teller.port}']}}]}}]}}\n"
            await stack.enter_async_context(prometheus(folder, 0, config, ("--rules.alert.resend-delay=1s",)))
        else:
            store = await stack.enter_async_context(victoria_metrics(folder))
            config += f"remote_write: [{{url: '{store}/api/v1/write', queue_config: {{batch_send_deadline: 200ms}}}}]\n"
            await stack.enter_async_context(prometheus(folder, 0, config))
            notifier = f"http://127.0.0.1:{teller.port}"
            await stack.enter_async_context(vmalert(folder, rules, store, notifier))
        yield teller


@pytest.mark.parametrize("kind", ["prometheus", "vmalert"])
async def test_a_breach_that_a_ruler_found_asks_golives_people_and_its_silence_clears_nothing(
    kind: str, tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Good is OK, a breach opens a decision with its evidence, samples that end leave it open and unknown, good again clears."""
    prepared(tmp_path)
    running = daemon(CONFIG)
    await running.start()
    async with exporter() as sbc, ruler(kind, tmp_path, running.url, sbc) as teller:
        sbc.values = {"t1": 0.001, "t2": 0.001}
        seen = await running.until(lambda seen: stands("t1", "ok")(seen) and stands("t2", "ok")(seen), 60)
        assert not seen.decisions
        sbc.values["t1"] = 0.05
        seen = await running.until(lambda seen: bool(seen.decisions), 60)
        assert seen.decisions[0].state == "awaiting"
        assert seen.decisions[0].trigger == "back"
        row = loss(seen, "t1")
        assert row is not None
        assert (row.state, row.metric, row.unit, row.breach) == ("breach", "golive_ruled_ratio", "ratio", 0.01)
        assert row.value is not None
        assert 0.01 <= row.value <= 0.05
        assert stands("t2", "ok")(seen)
        # The trunk falls silent: Prometheus ends the alert, and golive must not take that for recovery.
        sbc.values["t1"] = None
        seen = await running.until(lambda seen: "stale" in getattr(loss(seen, "t1"), "flags", ()), 60)
        assert stands("t1", "breach")(seen)
        assert seen.decisions[0].state == "awaiting"
        # Alertmanager dies: nothing is known of the other trunk either.
        await teller.stop()
        seen = await running.until(stands("t2", "unknown"), 60)
        assert stands("t1", "breach")(seen)
        assert seen.decisions[0].state == "awaiting"
        # It comes back, and the trunk is measured to be good.
        await teller.start()
        sbc.values["t1"] = 0.001
        await running.until(lambda seen: stands("t1", "ok")(seen) and stands("t2", "ok")(seen), 60)
    assert running.stop() == 0


async def test_alerts_of_another_edition_decide_nothing(tmp_path: Path, daemon: Callable[[str], RunningDaemon]) -> None:
    """When a limit was changed here and not there, the rule is UNKNOWN: nobody is asked on the ground of the old limit."""
    secret = prepared(tmp_path)
    running = daemon(CONFIG)
    old = exported(tmp_path)
    (tmp_path / "golive.yaml").write_text(CONFIG.replace("breach: 1%", "breach: 2%"), encoding="utf-8")
    rules = tmp_path / "old.rules.yml"
    rules.write_text(old)
    await running.start()
    async with (
        exporter() as sbc,
        alertmanager(tmp_path, ROUTES % (running.url, secret)) as teller,
    ):
        config = SCRAPE % sbc.port + f"rule_files: [{rules}]\n"
        config += f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{teller.port}']}}]}}]}}\n"
        sbc.values = {"t1": 0.05}
        async with prometheus(tmp_path, 0, config, ("--rules.alert.resend-delay=1s",)):
            seen = await running.until(lambda seen: seen.sources[0].samples >= 4, 60)
            assert loss(seen, "t1") is None
            seen = await running.until(lambda seen: seen.verdict.verdict == "UNKNOWN", 60)
            assert not seen.decisions
    assert running.stop() == 0


async def test_a_forged_message_is_refused_and_told(tmp_path: Path, daemon: Callable[[str], RunningDaemon]) -> None:
    """Without the token nothing is read; the journal tells of the attempt; one byte more than 1 MiB is refused by its size."""
    prepared(tmp_path)
    running = daemon(CONFIG)
    await running.start()
    place = f"{running.url}/api/v1/alertmanager"
    async with aiohttp.ClientSession() as session:
        for token, body, status in (("x" * 40, b"{}", 401), (TOKEN, b"[" * (POST_LIMIT + 1), 413), (TOKEN, b"{}", 422)):
            async with session.post(
                place, data=io.BytesIO(body), headers={"Authorization": f"Bearer {token}"}
            ) as answer:
                assert answer.status == status
        async with session.post(
            f"{running.url}/api/v1/samples", data=b"[]", headers={"Authorization": f"Bearer {TOKEN}"}
        ) as answer:
            assert answer.status == 404
    assert running.stop() == 0
