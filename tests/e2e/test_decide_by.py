"""The decide-by clock of a real daemon: what the board, /metrics and the journal say, with a rehearsal beside it."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.rig.daemon import GOLIVE, RunningDaemon

pytestmark = pytest.mark.e2e

CONFIG = """
schema: 1
cutover:
  name: night one
  environment: TEST
  window: {start: START, end: END}
  rollback_budget: 2s
people:
  - {name: anna, role: approver, duties: [cutover-manager], token: {file: anna.token}}
  - {name: ben, role: approver, duties: [telephony-lead], token: {file: ben.token}}
stages: [{name: legacy}, {name: full}]
rules:
  - name: loss
    metric: golive_media_packet_loss_ratio
    estimator: mean
    window: 3s
    operator: ">="
    breach: 1%
    clear: 0.5%
    missing: {no_data: hold, null: unknown, error: unknown, stale: unknown}
triggers:
  - name: back
    when: loss
    runbook: back
    approval: {duties: [cutover-manager, telephony-lead], quorum: 2, deadline: 4m}
"""
BACK = """
name: back
title: Back
steps: [{name: spread, action: wait, effect: read, span: 3s, takes: 1s}]
verify: [not loss]
verify_hold: 0s
back_to: legacy
"""


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rehearse(folder: Path) -> None:
    words = [*GOLIVE, "runbook", "rehearse", "back", "--yes"]
    subprocess.run(words, cwd=folder, check=True, timeout=40, capture_output=True)


async def test_a_longer_rehearsal_brings_the_last_instant_nearer_and_a_restart_keeps_it(
    daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """Stated 2 s, rehearsed in 3 s: the board and /metrics go by 3 s, also after kill -9; once passed, one line says so."""
    now = int(time.time())
    end = now + 20
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "back.yaml").write_text(BACK)
    running = daemon(CONFIG.replace("START", moment(now - 3600)).replace("END", moment(end)))
    await running.start()
    first = (await running.snapshot()).cutover
    assert (first.rollback_seconds, first.decide_by, first.window_end) == (2.0, end - 2.0, end)
    assert first.rollback_why == "the stated rollback_budget"
    await asyncio.to_thread(rehearse, tmp_path)
    longer = (await running.until(lambda seen: seen.cutover.rollback_seconds >= 3.0, 10)).cutover
    assert longer.rollback_why == "the longest rehearsal of back"
    assert longer.decide_by == end - longer.rollback_seconds
    running.kill()
    await running.start()
    assert (await running.snapshot()).cutover.rollback_seconds == longer.rollback_seconds
    page = await running.text("/metrics")
    assert f"golive_rollback_seconds {longer.rollback_seconds}" in page
    (left,) = [line for line in page.splitlines() if line.startswith("golive_rollback_window_remaining_seconds ")]
    assert 0 <= float(left.split()[1]) <= 20 - longer.rollback_seconds
    passed = await running.until(lambda seen: any(event.kind == "clock" for event in seen.events), 30)
    (event,) = [event for event in passed.events if event.kind == "clock"]
    assert longer.decide_by <= event.at < end
    assert running.stop() == 0
