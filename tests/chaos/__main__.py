"""`make chaos`: the headline suites in their short form. Prints seeds and counts; the last line is `N violations`."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import combined, hostile, lossless
from tests.chaos.once import Tally, cells, random_kills, together
from tests.chaos.outside import outside
from tests.chaos.zygote import Zygote

LEAST = 10
"""Combined schedules that are run however slow the machine is."""
KILLS_AT_ONCE = 40
"""Random kills between two looks at the clock."""


async def once(folder: Path, seed: int, seconds: float) -> Tally:
    """Every cell, then random kills and schedules of several faults until the time is over."""
    rng = random.Random(seed)
    tally, began = Tally(), time.monotonic()
    async with outside(folder, broker=True) as world, Zygote(folder / "log") as zygote:
        every = cells()
        rng.shuffle(every)
        await together(every, folder, zygote, world, tally)
        say(f"  edges      {len(every)} cases: {counts(tally)}", tally, began)
        mixed = Tally()
        for number, plan in enumerate(combined.schedules(seed, 200)):
            if number >= LEAST and time.monotonic() - began > seconds * 0.7:
                break
            await combined.live(plan, folder, zygote, world, mixed)
        say(f"  combined   {mixed.cases} schedules of 3 to 5 faults: {counts(mixed)}", mixed, began)
        kills, number = Tally(), 0  # each at least once, however slow the machine
        while not number or time.monotonic() - began < seconds * 0.95:
            (batch := folder / f"kills{number}").mkdir()
            await together(random_kills(rng, KILLS_AT_ONCE), batch, zygote, world, kills, prefix=f"k{number}-")
            number += 1
        say(f"  kills      {kills.cases} at random moments: {counts(kills)}", kills, began)
    for other in (mixed, kills):
        tally.violations += other.violations
    return tally


def counts(tally: Tally) -> str:
    """A tally in words."""
    faults = ", ".join(f"{count} {name}" for name, count in sorted(tally.faults.items()))
    return (
        f"{faults or 'no fault'}; {tally.steps} steps, {tally.sent_again} sent again as they may be, "
        f"{tally.parked} parked ({tally.in_truth_applied} had in truth been applied), {tally.audits} audits verified"
    )


def say(words: str, tally: Tally, began: float) -> None:
    """Print a line, and what went wrong under it."""
    sys.stdout.write(f"{words}; {len(tally.violations)} violations; {time.monotonic() - began:.0f} s\n")
    for violation in tally.violations:
        sys.stdout.write(f"    VIOLATION {violation}\n")
    sys.stdout.flush()


def _line(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Run what exists of the headline suites; exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=280.0, help="for what is killed and stopped, about")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 32)
    violations = 0
    with tempfile.TemporaryDirectory(prefix="golive-chaos-") as name:
        folder = Path(name)
        sys.stdout.write(f"hostile: seed {seed}\n")
        (folder / "hostile").mkdir()
        attacks = asyncio.run(hostile.attack(folder / "hostile", seed))
        sys.stdout.write(f"  {attacks.words}\n")
        violations += len(attacks.violations)
        for violation in attacks.violations:
            sys.stdout.write(f"    VIOLATION {violation}\n")
        sys.stdout.write(f"once: seed {seed}\n")
        sys.stdout.flush()
        (folder / "once").mkdir()
        tally = asyncio.run(once(folder / "once", seed, asked.seconds))
        violations += len(tally.violations)
        sys.stdout.write(f"lossless: seed {seed}\n")
        (folder / "lossless").mkdir()
        lost = asyncio.run(lossless.suite(folder / "lossless", seed, _line))
        violations += len(lost)
        for violation in lost:
            _line(f"    VIOLATION {violation}")
    sys.stdout.write(f"{violations} violations\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
