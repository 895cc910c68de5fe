"""How many quality reports a second come in over UDP: from the socket to the store, each answered 200 once it is kept."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from collectors.sip_quality.collector import SipQuality
from monitor.catalogue.inventory import CATALOGUE
from monitor.intake.intake import Door, Intake
from monitor.intake.record import Record
from monitor.judging.store import Store

GOAL = 5000.0
SOURCES = 50
TICK = 0.25
_FIGURES = 21
"""Samples in a report with both directions."""


class Row(NamedTuple):
    """One measurement. Counts of reports; CPU as a share of a core; stall in seconds."""

    what: str
    offered: float
    taken: int
    answered: int
    lost: int
    capped: int
    seconds: float
    cpu: float
    stall: float
    note: str

    def __str__(self) -> str:
        if self.lost or self.taken / self.seconds < 0.9 * self.offered:
            bound = "our share of the event loop" if self.cpu > 0.6 else "the cores we share with the sender"
        else:
            bound = "what was offered"
        return (
            f"{self.what}: {self.offered:,.0f} offered, {self.taken / self.seconds:,.0f} reports/s taken, "
            f"{self.answered} of {self.taken} answered 200; {self.cpu:.0%} of a core, "
            f"{self.cpu * self.seconds / max(self.taken, 1) * 1e6:.0f} us a report, worst stall {self.stall * 1e3:.0f} ms; "
            f"lost in the socket's buffer {self.lost}, over a source's rate {self.capped}; bound by {bound}{self.note}"
        )


def _sender(port: int, reports: int, rate: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.telephones", *map(str, (port, reports, rate, SOURCES))]
    folder = Path(__file__).parents[2]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder)
    assert process.stdout is not None
    process.stdout.readline()
    return process


async def _measure(what: str, reports: int, rate: float, *, cap: float = 200.0, record: Path | None = None) -> Row:
    kept = Record(record, 600.0) if record is not None else None
    if kept is not None:
        await asyncio.to_thread(kept.start)
    intake = Intake(Store(CATALOGUE), record=kept)
    door: Door = intake.door("bench", 60.0)
    source = msgspec.convert(
        {"kind": "sip_quality", "name": "bench", "every": 5.0, "allow": ["127.0.0.0/8"], "listen": [{"port": 0}]}
        | {
            "rate": cap,
            "labels": {"platform": "target"},
            "rules": [{"user_agent": "Linph*", "labels": {"device": "l"}}],
        },
        SipQuality,
    )
    task = asyncio.create_task(source.run(door))
    while not door.is_connected:
        await asyncio.sleep(0.02)
    port = int(str(door.detail).rpartition(":")[2])
    sender = await asyncio.to_thread(_sender, port, reports, rate)
    talk = asyncio.create_task(asyncio.to_thread(sender.communicate, "\n"))
    begun, cpu, worst = time.monotonic(), time.process_time(), 0.0
    last, last_count, next_tick = begun, 0, begun + TICK
    while not talk.done():
        before = time.monotonic()
        await asyncio.sleep(0.005)
        now = time.monotonic()
        worst = max(worst, now - before - 0.005)
        if door.messages > last_count:
            last, last_count, cpu_last = now, door.messages, time.process_time()
        if now >= next_tick:
            next_tick = now + TICK
            intake.flush()
    said = (await talk)[0].split()
    await asyncio.sleep(1.1)  # the collector looks at the kernel's count once a second
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    intake.flush()
    if kept is not None:
        await asyncio.to_thread(kept.close)
    capped, lost = door.refused["rate_cap"], door.refused["socket_overflow"]
    taken = door.messages - capped
    wrong = {reason: n for reason, n in door.refused.items() if reason not in ("rate_cap", "socket_overflow")}
    note = "" if door.samples == taken * _FIGURES and not wrong else f"; ONLY {door.samples} samples, {wrong}"
    spent = (cpu_last - cpu) / (last - begun)
    return Row(what, rate, taken, int(said[0]), lost, capped, last - begun, spent, worst, note)


async def run(seconds: float) -> list[Row]:
    """All rows, in about six times `seconds`."""
    rows = [await _measure("UDP, 50 telephones, default cap", round(GOAL * seconds), GOAL)]
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "sip.sqlite"
        rows.append(await _measure("the same, recorded", round(GOAL * seconds / 2), GOAL, record=record))
    rows.append(await _measure("twice as much, no cap", round(2 * GOAL * seconds / 2), 2 * GOAL, cap=1e6))
    rows.append(await _measure("twice as much, default cap", round(2 * GOAL * seconds / 2), 2 * GOAL, cap=100.0))
    return rows


def main(seconds: float) -> None:
    """Measure and print."""
    print(f"sip       machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    sys.stdout.writelines(f"sip       {row}\n" for row in uvloop.run(run(seconds)))


if __name__ == "__main__":
    main(5.0)
