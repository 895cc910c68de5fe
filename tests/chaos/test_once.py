"""The two-minute form of `make chaos`: a share of every edge, of random kills, of combined faults, and the attacks."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos import combined, hostile
from tests.chaos.actions import ACTIONS
from tests.chaos.once import Tally, cells, random_kills, together
from tests.chaos.outside import outside
from tests.chaos.zygote import Zygote

pytestmark = [pytest.mark.chaos, pytest.mark.real, pytest.mark.timeout(400)]
SEED = 20261129


async def test_no_step_is_sent_twice_or_lost_whatever_happens_at_any_edge(tmp_path: Path) -> None:
    """A quarter of all edges x effects x actions x kill and stop, and thirty kills at random moments: 0 violations."""
    rng = random.Random(SEED)
    cases = rng.sample(cells(), len(cells()) // 4) + random_kills(rng, 30)
    tally = Tally()
    async with outside(tmp_path, broker=True) as world, Zygote(tmp_path / "log") as zygote:
        await together(cases, tmp_path, zygote, world, tally)
    assert tally.violations == [], (tmp_path / "log").read_text()[-2000:]
    assert tally.cases == len(cases)
    assert tally.faults["kill"] > len(cases) // 3
    assert tally.faults["stop"] > len(ACTIONS) * 4
    assert tally.audits > len(cases) * 2
    assert tally.parked > 0


async def test_the_suite_finds_a_table_that_sends_again(tmp_path: Path) -> None:
    """A build that repeats what was interrupted, whatever its class, is found out: the suite can fail."""
    tally = Tally()
    asked = [
        case
        for case in cells()
        if case.action.name == "http" and case.effect in ("once", "checked") and case.points == "step.after_send=kill@2"
    ]
    async with outside(tmp_path, broker=True) as world, Zygote(tmp_path / "log") as zygote:
        await together(asked, tmp_path, zygote, world, tally, more={"careless": True})
    assert any("once" in words and "was sent 2 times" in words for words in tally.violations), tally.violations


async def test_combined_faults_end_done_parked_or_aborted(tmp_path: Path) -> None:
    """R16: three to five of full disk, kill, stop, clock jump, edit, cut reply and many alerts: never a run without an owner."""
    tally = Tally()
    async with outside(tmp_path, broker=True) as world, Zygote(tmp_path / "log") as zygote:
        for plan in combined.schedules(SEED, 10):
            await combined.live(plan, tmp_path, zygote, world, tally)
    assert tally.violations == [], (tmp_path / "log").read_text()[-2000:]
    assert {"kill", "disk", "clock", "alerts", "edit", "stop"} <= set(tally.faults)


async def test_hostile_values_addresses_secrets_and_runbooks_come_to_nothing(tmp_path: Path) -> None:
    """A corpus of attacks: 0 effects, 0 control bytes, 0 secrets; and the values that may go out did go out, as text."""
    found = await hostile.attack(tmp_path, SEED)
    assert found.violations == []
    assert (found.effects, found.control_bytes, found.secrets) == (0, 0, 0)
    assert found.tried > 300
    assert found.sent > 20
