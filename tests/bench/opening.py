"""What it costs when everything breaks at once: thousands of queues breach in one tick, and a trigger asks for each of them."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

from monitor.config_file import read
from monitor.daemon.daemon import Daemon

QUEUES = 5000
GOOD, BAD = 10.0, 100.0
CALM, STORM = 4, 6
"""Seconds before they breach, and after."""
METRIC = "golive_queue_oldest_contact_age_seconds"
CONFIG = """schema: 1
cutover: {name: bench, environment: BENCH}
people: [{name: anna, role: approver, duties: [lead]}]
stages: [{name: only}]
web: {listen: "127.0.0.1:0"}
rules:
  - name: wait
    metric: golive_queue_oldest_contact_age_seconds
    by: [queue]
    estimator: last
    window: 2s
    operator: ">="
    breach: 60
    clear: 30
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
gates: [{name: queues, rules: [wait]}]
triggers:
  - name: back
    when: wait
    runbook: back
    mode: approve
    parameters: {queue: "{queue}"}
    approval: {duties: [lead], quorum: 1, deadline: 10m}
"""
RUNBOOK = """name: back
title: Back
parameters: {queue: {pattern: "[a-z0-9-]+"}}
steps: [{name: floor, action: manual, effect: once, instructions: "tell {queue}"}]
verify: ["not wait"]
"""


async def storm(folder: Path) -> None:
    """One daemon: calm, then all at once."""
    loaded = read(folder / "golive.yaml")
    daemon = Daemon(loaded, folder / "state")
    await daemon.start()
    spent: dict[str, list[float]] = defaultdict(list)
    timed(daemon.desk, "consider", spent["decisions"])
    timed(daemon.switchboard.pages, "look", spent["pages"])
    door = daemon.intake.door("edge", 60.0)
    handles = [door.series(METRIC, (("queue", f"q{number}"),)) for number in range(QUEUES)]
    gc.collect()
    gc.freeze()
    for second in range(CALM + STORM):
        if second == CALM:
            for each in spent.values():
                each.clear()
        now = time.time()
        value = GOOD if second < CALM else BAD
        door.emit(np.array(handles), np.full(QUEUES, value), np.full(QUEUES, now), now)
        door.heard(1, now)
        await asyncio.sleep(1)
    rows = daemon.desk.decision_rows()
    print(
        f"  {QUEUES} queues breach at once: {len(rows)} requests of {len(rows[0].targets)} targets, processor time a tick"
    )
    for name, times in spent.items():
        opening, rest = max(times), sorted(times)[len(times) // 2]
        print(f"    {name:10} opening tick {opening * 1e3:5.1f} ms   while they wait, median {rest * 1e3:5.2f} ms")
    print(f"    longest stretch of a tick {daemon.ticker.longest * 1e3:.1f} ms by the clock (goal 5 ms)")
    await daemon.close()


def timed(part: object, name: str, spent: list[float]) -> None:
    """Note the processor time of each call of a method."""
    method: Callable[..., Any] = getattr(part, name)

    def call(*arguments: Any) -> Any:
        began = time.thread_time()
        try:
            return method(*arguments)
        finally:
            spent.append(time.thread_time() - began)

    setattr(part, name, call)


def main(_seconds: float) -> None:
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "runbooks").mkdir()
        (root / "golive.yaml").write_text(CONFIG)
        (root / "runbooks" / "back.yaml").write_text(RUNBOOK)
        uvloop.run(storm(root))
