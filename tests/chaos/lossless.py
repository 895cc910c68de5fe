"""Lossless: numbered messages at 2,000 a second, the broker restarted, the monitor killed with -9; then every one is looked for.

Each of four sources numbers its messages and the value of each is its number, so what is on disk and in the store can
be held against what the broker had acknowledged: 0 lost, 0 double, the gap counter exact. Where the broker itself loses
messages (killed with -9, or with its defaults), the counter must equal the true loss to the message.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from monitor.daemon.gaps import SAY_EVERY
from monitor.intake.record import GROUP, Record
from monitor.serving.snapshot import Snapshot, SourceRow
from tests.rig.daemon import RunningDaemon
from tests.rig.mosquitto import Mosquitto
from tests.rig.speaker import METRIC, Speaker

SOURCES = ("porto", "braga", "faro", "evora")
CATCH_UP = 60.0
"""Seconds that a backlog may take."""
CATCH_UP_RATE = 3 * 2000.0
"""Messages a second at which a backlog must be worked off."""
RECONNECT = 5.0
"""Seconds after which a broker that is back must be heard again."""
GRACE = 7.0
"""Seconds after which what has not come counts as lost, and a tick has said so."""
CONFIG = """
schema: 1
cutover: {{name: lossless, environment: TEST}}
stages: [{{name: full}}]
collectors:
  - name: edge
    kind: mqtt
    every: 1s
    max_age: 60s
    broker: {{host: 127.0.0.1, port: {port}, connect_timeout: 2s}}
    subscriptions: [{{topic: golive/#}}]
gates: [{{name: delay, title: Delay, rules: [delay]}}]
rules:
  - name: delay
    title: Delay
    metric: {metric}
    estimator: mean
    window: 10m
    operator: ">="
    breach: 29s
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
journal: {{record: true}}
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of what happens."""

    messages: int
    rate: float = 2000.0
    restarts: int = 0
    """The broker, with SIGTERM."""
    crashes: int = 0
    """The broker, with SIGKILL."""
    kills: int = 0
    """The monitor, with SIGKILL."""
    shipped: bool = True
    """The broker has the configuration that the project ships; else its defaults."""


FULL = Plan(messages=20_000, restarts=3, kills=10)
SHORT = Plan(messages=6_000, restarts=1, kills=3)
RESTARTED = Plan(messages=6_000, restarts=2)
CRASHED = Plan(messages=4_000, crashes=1)
DEFAULTS = Plan(messages=4_000, restarts=1, shipped=False)


@dataclass
class Found:
    """What came of it."""

    plan: Plan
    faults: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    lost: int = 0
    """Numbers that the broker acknowledged to their source, and that are not on disk."""
    double: int = 0
    """Samples on disk beyond the first of each number."""
    in_store: int = 0
    """Samples in the window of the rule at the end."""
    gaps: int = 0
    """What the gap counter says."""
    repeats: int = 0
    """Messages that came again and were told from news, in the monitor's last life."""
    verdict: str = ""
    reason: str = ""
    gap_at: float | None = None
    journal: tuple[str, ...] = ()
    slowest: float = 0.0
    """Seconds of the slowest reconnection after the broker was back."""
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """One line."""
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.sent:,} messages, {faults}: {self.lost} lost, {self.double} double, gap counter {self.gaps}; "
            f"{self.in_store:,} in the store; reconnected within {self.slowest:.1f} s; {self.seconds:.0f} s"
        )


async def run(folder: Path, seed: int, plan: Plan) -> Found:
    """Do it in an empty folder."""
    rng, found, begun = random.Random(seed), Found(plan), time.monotonic()
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker", shipped=plan.shipped)
    await asyncio.to_thread(broker.start)
    daemon = RunningDaemon(folder, CONFIG.format(port=broker.port, metric=METRIC))
    speakers = [Speaker(broker.port, name) for name in SOURCES]
    try:
        await daemon.start()
        await daemon.until(_is_ok)
        # The first message of each source is what its numbers count from.
        await asyncio.gather(*(speaker.talk(1, 1000) for speaker in speakers))
        await daemon.until(lambda seen: seen.sources[0].samples == len(SOURCES))
        rate = plan.rate / len(SOURCES)
        talking = asyncio.gather(*(speaker.talk(plan.messages // len(SOURCES) - 2, rate) for speaker in speakers))
        killer, breaker = _Killer(daemon, broker, rng, found), _Breaker(daemon, broker, rng, found)
        await asyncio.gather(killer.work(plan.kills), breaker.work(plan, plan.messages / plan.rate))
        await talking
        await daemon.until(_is_ok)
        # The last message of each source comes when everything runs: what is missing before it can be told.
        await asyncio.gather(*(speaker.talk(1, 1000) for speaker in speakers))
        await _judge(found, folder, daemon, speakers)
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()
        await asyncio.to_thread(broker.stop)
    found.seconds = time.monotonic() - begun
    return found


class _Breaker:
    """Restarts or kills the broker at random moments."""

    def __init__(self, daemon: RunningDaemon, broker: Mosquitto, rng: random.Random, found: Found) -> None:
        self.daemon, self.broker, self.rng, self.found = daemon, broker, rng, found

    async def work(self, plan: Plan, span: float) -> None:
        """Spread over `span` seconds."""
        ways = ["broker restarts"] * plan.restarts + ["broker crashes"] * plan.crashes
        for way in ways:
            await asyncio.sleep(span / (len(ways) + 1) * self.rng.uniform(0.6, 1.2))
            broken = time.time()
            if way == "broker restarts":
                await asyncio.to_thread(self.broker.stop)
            else:
                await asyncio.to_thread(self.broker.kill)
            await asyncio.sleep(self.rng.uniform(0.0, 0.5))
            await asyncio.to_thread(self.broker.start)
            self.found.faults[way] += 1
            if not plan.kills:
                back = time.monotonic()
                await self.daemon.until(partial(_is_back, broken))
                self.found.slowest = max(self.found.slowest, time.monotonic() - back)


class _Killer:
    """Kills the monitor at random moments and starts it again."""

    def __init__(self, daemon: RunningDaemon, broker: Mosquitto, rng: random.Random, found: Found) -> None:
        self.daemon, self.broker, self.rng, self.found = daemon, broker, rng, found

    async def work(self, kills: int) -> None:
        """So many times."""
        for _ in range(kills):
            await asyncio.sleep(self.rng.uniform(0.2, 2.0))
            self.daemon.kill()
            self.found.faults["monitor kills"] += 1
            await self.daemon.start()


def _is_ok(seen: Snapshot) -> bool:
    return seen.sources[0].state == "ok"


def _is_back(broken: float, seen: Snapshot) -> bool:
    """Whether the broker is heard again after it was broken."""
    return _is_ok(seen) and seen.sources[0].since > broken


async def _judge(found: Found, folder: Path, daemon: RunningDaemon, speakers: list[Speaker]) -> None:
    """Hold what is on disk, in the store and in the counter against what was acknowledged."""
    last = {(speaker.name, speaker.sent - 1) for speaker in speakers}
    deadline = time.monotonic() + CATCH_UP
    kept: Counter[tuple[str, int]] = Counter()
    while not last <= kept.keys() and time.monotonic() < deadline:
        await asyncio.sleep(0.3)
        kept = await asyncio.to_thread(on_disk, folder / "state" / "record.db")
    await asyncio.sleep(GRACE)
    kept = await asyncio.to_thread(on_disk, folder / "state" / "record.db")
    seen = await daemon.until(lambda seen: seen.at > 0)
    row: SourceRow = seen.sources[0]
    acknowledged = {(speaker.name, seq) for speaker in speakers for seq in speaker.acknowledged}
    found.sent = sum(speaker.sent for speaker in speakers)
    found.lost = len(acknowledged - kept.keys())
    found.double = sum(kept.values()) - len(kept)
    found.in_store = sum(rule.samples for rule in seen.rules)
    found.gaps, found.gap_at, found.repeats = row.gaps, row.gap_at, row.duplicates
    found.verdict, found.reason = seen.verdict.verdict, seen.verdict.reason
    deadline = time.monotonic() + SAY_EVERY + 2.0
    while _told(found.journal) < found.gaps and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        found.journal = tuple(event.what for event in await daemon.events() if event.state == "gap")
    found.violations += _violations(found, len(kept))


def _violations(found: Found, kept: int) -> list[str]:
    """What was promised and does not hold; `kept`: numbers on disk."""
    plan = found.plan
    unknown = found.verdict == "UNKNOWN" and found.reason.startswith("Gaps:")
    expected = {
        "broker restarts": plan.restarts,
        "broker crashes": plan.crashes,
        "monitor kills": plan.kills,
    }
    promises = {
        f"{found.double} samples are on disk twice": not found.double,
        f"the gap counter says {found.gaps}, {found.lost} are missing": found.gaps == found.lost,
        f"{found.in_store} samples are in the window of the rule, {kept} on disk": found.in_store == kept,
        f"{found.lost} messages are lost": not found.lost or plan.crashes or not plan.shipped,
        f"a hundredth is missing and the verdict is {found.verdict}: {found.reason}": unknown
        or found.lost <= found.sent / 100,
        f"the gap is not told: {found.gap_at}, {found.journal}": not found.lost
        or (found.gap_at is not None and _told(found.journal) == found.lost),
        f"it took {found.slowest:.1f} s to be back at the broker": found.slowest <= RECONNECT,
        f"not all faults happened: {dict(found.faults)}": found.faults == +Counter(expected),
    }
    return [words for words, holds in promises.items() if not holds]


def _told(lines: tuple[str, ...]) -> int:
    """Lost messages that the journal tells of."""
    numbers = (re.search(r"gap of ([\d,]+) messages", line) for line in lines)
    return sum(int(number[1].replace(",", "")) for number in numbers if number)


def on_disk(path: Path) -> Counter[tuple[str, int]]:
    """How often each number of each source is in a record, while it is written or after."""
    kept: Counter[tuple[str, int]] = Counter()
    for recorded in Record(path, 0.0).read(0.0, 1e12):
        sites = {number: dict(labels).get("site", "") for number, (_, labels) in recorded.series.items()}
        series, values = recorded.columns.series.tolist(), recorded.columns.values.tolist()
        kept.update((sites[number], round(value * 1000)) for number, value in zip(series, values, strict=True))
    return kept


SUITE: tuple[tuple[str, Plan], ...] = (
    ("shipped broker, restarted; monitor killed", FULL),
    ("shipped broker, restarted under load", Plan(messages=20_000, restarts=3)),
    ("shipped broker, killed with -9", Plan(messages=8_000, crashes=2)),
    ("shipped broker, killed with -9; monitor killed", Plan(messages=6_000, crashes=1, kills=3)),
    ("broker with its defaults, restarted", Plan(messages=8_000, restarts=2, shipped=False)),
)
"""The long form."""


async def backlog(folder: Path, messages: int = 20_000) -> tuple[float, list[str]]:
    """Messages a second at which what came while the monitor was dead is taken; it must be three times what comes in."""
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker")
    await asyncio.to_thread(broker.start)
    daemon = RunningDaemon(folder, CONFIG.format(port=broker.port, metric=METRIC))
    try:
        await daemon.start()
        await daemon.until(_is_ok)
        daemon.kill()
        speakers = [Speaker(broker.port, name) for name in SOURCES]
        await asyncio.gather(*(speaker.talk(messages // len(SOURCES), 50_000) for speaker in speakers))
        record = folder / "state" / "record.db"
        await daemon.start()
        deadline, kept = time.monotonic() + CATCH_UP, 0
        while kept < messages and time.monotonic() < deadline:
            kept = (await asyncio.to_thread(on_disk, record)).total()
            await asyncio.sleep(0.05)
        rate = await asyncio.to_thread(_pace, record)
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()
        await asyncio.to_thread(broker.stop)
    wrong = [f"a backlog was worked off at {rate:.0f}/s only"] if rate < CATCH_UP_RATE else []
    return rate, wrong + ([f"{messages - kept} messages of a backlog never came"] if kept != messages else [])


def _pace(record: Path) -> float:
    """Samples a second from the first commit of a record to its last."""
    blocks = [(len(block.columns.values), block.written) for block in Record(record, 0.0).read(0.0, 1e12)]
    times = [written for _, written in blocks]
    return sum(count for count, _ in blocks) / (max(times) - min(times) + GROUP)


async def suite(folder: Path, seed: int, say: Callable[[str], None]) -> list[str]:
    """All plans; `say` gets a line for each. Returns the violations."""
    violations: list[str] = []
    for number, (title, plan) in enumerate(SUITE):
        place = folder / f"plan{number}"
        place.mkdir()
        found = await run(place, seed + number, plan)
        say(f"  {title}: {found.words}")
        violations += [f"{title}: {words}" for words in found.violations]
    (folder / "backlog").mkdir()
    rate, wrong = await backlog(folder / "backlog")
    say(f"  backlog of 20,000 after a kill: worked off at {rate:,.0f} messages a second")
    return violations + wrong


def main() -> int:
    """Run the suite by itself; exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="make lossless", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 32)

    def say(words: str) -> None:
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()

    say(f"lossless: seed {seed}")
    with tempfile.TemporaryDirectory(prefix="golive-lossless-") as name:
        violations = asyncio.run(suite(Path(name), seed, say))
    for violation in violations:
        say(f"    VIOLATION {violation}")
    say(f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
