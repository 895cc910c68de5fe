"""From decision to the first step sent, by itself, on a real disk; and how soon a killed daemon is ready on a day's journal."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from aiohttp import web

from monitor.deciding.journal import Journal
from monitor.model import Truth
from tests.monitor.deciding.world import Facts
from tests.rig.mosquitto import free_port
from tests.runbooks.rollback import SIGNALS, Rollback, runbook

ROUNDS = 60
DAY = 86_400.0
TEXT = """
name: line
title: Line
allow_hosts: ["{host}"]
preflight: [legacy_up >= 1]
steps:
  - {{name: first, action: http, effect: keyed, request: {{method: PUT, url: "http://{host}/first"}}}}
verify: ["legacy_share >= 0.9"]
verify_hold: 0s
"""
CONFIG = """
schema: 1
cutover: {{name: bench, environment: BENCH}}
people: [{{name: anna, role: approver, duties: [anyone]}}]
stages: [{{name: only}}]
gates: [{{name: smoke, signed_by: anyone}}]
web: {{listen: "127.0.0.1:{port}"}}
"""


def _fsync(folder: Path) -> list[float]:
    """A plain write of 4 KiB and fsync, on the same disk."""
    taken = []
    with (folder / "plain").open("wb", buffering=0) as file:
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return taken


async def _rounds(folder: Path) -> list[float]:
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def take(_: web.Request) -> web.Response:
        arrived.put_nowait(time.perf_counter())
        return web.json_response({})

    app = web.Application()
    app.router.add_put("/first", take)
    target = web.AppRunner(app)
    await target.setup()
    await web.TCPSite(target, "127.0.0.1", 0).start()
    book = runbook(TEXT.format(host=f"127.0.0.1:{target.addresses[0][1]}"))
    taken = []
    for number in range(ROUNDS):
        (state := folder / f"r{number}").mkdir()
        async with Rollback(state, book, mode="auto", when="abandon and mos") as rollback:
            rollback._ticking.cancel()  # the edge is ours to time; no tick of the real 250 ms helps it along
            calm = Facts(at=time.time(), rules={"abandon": Truth.FALSE, "mos": Truth.TRUE}, signals=dict(SIGNALS))
            rollback.desk.consider(calm)
            await asyncio.sleep(0.02)
            begun = time.perf_counter()
            rollback.desk.consider(
                Facts(at=time.time(), rules={"abandon": Truth.TRUE, "mos": Truth.TRUE}, signals=dict(SIGNALS))
            )
            taken.append(await asyncio.wait_for(arrived.get(), 5) - begun)
    await target.cleanup()
    return taken


async def _day(path: Path) -> int:
    """Twenty-four busy hours: a line a second, most of them transitions, some of them whole decisions with evidence."""
    now = 0.0
    journal = await Journal.open(path, clock=lambda: now, monotonic=lambda: now)
    evidence = [{"rule": f"rule_{n}", "scope": f"queue=q{n}", "value": 0.01 * n, "limit": 0.05} for n in range(12)]
    begun = time.time() - DAY
    for second in range(int(DAY)):
        now = begun + second
        if second % 600 == 0:
            data: dict[str, object] = {"reason": "loss is true", "evidence": evidence}
            journal.append("note", "anna", "looked at the carrier", object=f"n{second}", data=data)
        elif second % 60 == 0:
            journal.append("verdict", "engine", "verdict GO -> HOLD: loss warn", object="loss", state="HOLD")
        else:
            what = f"Packet loss queue=q{second % 40} ok -> breach: 1.2 % >= 1.0 % over 5 min, 412 samples"
            journal.append("transition", "engine", what, object=f"loss queue=q{second % 40}", state="breach")
        if second % 5000 == 0:
            await asyncio.sleep(0)
            while journal._waiting:
                await asyncio.sleep(0.01)
    lines = journal._waiting
    await journal.close()
    if lines or journal.refused:
        raise SystemExit(f"{journal.refused} lines were refused")
    return journal.head[0]


def _ready(folder: Path, port: int) -> tuple[float, subprocess.Popen[bytes]]:
    """Seconds from the start of a daemon to its first 200 on /-/ready."""
    command = [sys.executable, "-c", "from monitor.cli.main import main; main()", "run", "--config", "golive.yaml"]
    begun = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    while not answers():
        if process.poll() is not None or time.perf_counter() - begun > 60:
            raise SystemExit((folder / "log").read_text())
        time.sleep(0.02)
    return time.perf_counter() - begun, process


def _again(folder: Path) -> tuple[int, list[tuple[float, float]]]:
    (folder / "state").mkdir(mode=0o700)
    lines = asyncio.run(_day(folder / "state" / "journal.db"))
    port = free_port()
    (folder / "golive.yaml").write_text(CONFIG.format(port=port))
    taken = []
    for _ in range(3):
        seconds, process = _ready(folder, port)
        process.kill()
        _, _, used = os.wait4(process.pid, 0)
        taken.append((seconds, used.ru_utime + used.ru_stime))
    return lines, taken[1:]


def main(_seconds: float) -> None:
    """Print both, beside what the disk and the start of Python cost alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, taken = _fsync(folder), asyncio.run(_rounds(folder))

        def told(found: list[float]) -> str:
            return f"median {statistics.median(found) * 1e3:6.1f} ms   p95 {sorted(found)[int(len(found) * 0.95)] * 1e3:6.1f} ms"

        print(f"acting: decision to first step sent, auto mode, {ROUNDS} decisions, SQLite synchronous=FULL")
        print(f"  acting          {told(taken)}   (goal: median 100 ms)")
        print(f"  one plain fsync {told(plain)}   (4 commits lie on the way)")
        lines, ready = _again(folder)
        size = (folder / "state" / "journal.db").stat().st_size / 2**20
        print(f"  ready again after kill -9 on a day's journal of {lines} lines, {size:.0f} MiB, every line verified:")
        seconds, used = max(ready)
        print(f"                  worst of {len(ready)}: {seconds:.1f} s, {used:.1f} s of processor time   (goal: 5 s)")
