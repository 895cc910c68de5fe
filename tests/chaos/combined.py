"""Several faults in one rollback (R16): full disk, kills, clock jumps, many alerts, replies cut off, a broker away.

Whatever comes together, the run ends done, parked or aborted, with an audit that verifies. Where the kernel lets us
mount a small tmpfs the disk is really full; where not, the writer's failpoint says so and a line tells which.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.actions import ACTIONS, EFFECTS, POINTS, Place
from tests.chaos.once import Case, Life, Tally
from tests.chaos.outside import Outside
from tests.chaos.zygote import Zygote
from tests.rig.disk import Disk, small_disk

FAULTS = ("disk", "kill", "clock", "alerts", "cut", "stop", "edit")
DISK_BYTES = 28 * 1024 * 1024
"""A disk that holds the reserve of 16 MiB and the lines of one night."""


@dataclass(frozen=True)
class Schedule:
    """What comes together in one rollback."""

    case: Case
    faults: tuple[str, ...]
    jump: float
    """Seconds that the wall clock jumps between two lives, forward or back."""
    seed: int

    @property
    def words(self) -> str:
        """How a violation names it."""
        return f"{'+'.join(self.faults)} (jump {self.jump:+.0f} s) on {self.case.words}, seed {self.seed}"


def schedules(seed: int, count: int) -> list[Schedule]:
    """Random ones of three to five faults, the same for the same seed."""
    found = []
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        faults = tuple(sorted(rng.sample(FAULTS, rng.randint(3, 5))))
        points = f"{rng.choice(POINTS)}={'stop' if 'stop' in faults else 'kill'}@{rng.randint(1, 3)}"
        case = Case(rng.choice(ACTIONS), rng.choice(EFFECTS), points, "kill", long=False)
        jump = rng.choice((-3600.0, -30.0, 30.0, 3600.0, 86400.0)) if "clock" in faults else 0.0
        found.append(Schedule(case, faults, jump, number))
    return found


async def live(plan: Schedule, folder: Path, zygote: Zygote, world: Outside, tally: Tally) -> None:
    """Run one schedule and judge it."""
    name = f"s{plan.seed}"
    place = Place(name, world.http, world.broker_port, folder / name)
    await asyncio.to_thread(place.folder.mkdir)
    asked = "disk" in plan.faults
    with small_disk(place.folder, DISK_BYTES) if asked else contextlib.nullcontext() as disk:
        life = Life(plan.case, place, world.target(name), zygote, world, tally)
        await life.write()
        tally.cases += 1
        try:
            await _lives(plan, life, disk)
        except TimeoutError:
            life.wrong(f"a run without an owner in life {life.rounds}: {plan.words}")


async def _lives(plan: Schedule, life: Life, disk: Disk | None) -> None:
    rng = random.Random(plan.seed)
    points, flood = plan.case.points, 3000 if "alerts" in plan.faults else 0
    if "disk" in plan.faults and disk is None:
        points += f",audit.before_fsync=enospc@{rng.randint(5, 12)}"
    if "cut" in plan.faults:
        life.target.cut[rng.choice(("first", "middle", "last"))] = 1
    if plan.case.action.by_person:
        life.target.by_hand.add("middle")
    child = life.life(points, flood=flood)
    if disk is not None:
        await child.started()
        await asyncio.sleep(rng.uniform(0.0, 0.15))
        await asyncio.to_thread(disk.fill)
        life.tally.faults["disk"] += 1
    elif "disk" in plan.faults:
        life.tally.faults["disk, by failpoint: the kernel refuses a tmpfs (CAP_SYS_ADMIN)"] += 1
    if await child.stopped_or_ended():
        life.tally.faults["stop"] += 1
        child.send(signal.SIGKILL)
    status = await child.ended()
    life.tally.faults["kill"] += os.WIFSIGNALED(status)
    life.tally.faults["cut"] += life.target.cuts
    life.tally.faults["alerts"] += bool(flood)
    await life.look()
    if "clock" in plan.faults:
        life.offset += plan.jump
        life.tally.faults["clock"] += 1
    if "edit" in plan.faults:
        text = await asyncio.to_thread(life.text.read_text)
        await asyncio.to_thread(life.text.write_text, text.replace("Three steps", "Three other steps"))
        life.tally.faults["edit"] += 1
    if disk is not None:
        await life.life(flood=flood).ended()  # it may refuse to begin on a full disk; what it does begin must be right
        await life.look()
        await asyncio.to_thread(disk.free)
    await life.judge(await life.go_on())
