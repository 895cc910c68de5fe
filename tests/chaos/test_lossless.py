"""Lossless in short: a real broker and a real daemon, restarted and killed under numbered messages. `make chaos` runs the long form."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos.lossless import CRASHED, DEFAULTS, RESTARTED, SHORT, Found, Plan, run

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(180)]


async def lived(folder: Path, plan: Plan) -> Found:
    """Do it with a new seed, which is printed when it fails."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    found = await run(folder, seed, plan)
    print(found.words)
    return found


async def test_killed_and_restarted_nothing_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    """I3. The monitor killed with -9 three times and the broker restarted under load: every message is on disk and in the store once."""
    found = await lived(tmp_path, SHORT)
    assert found.violations == []
    assert (found.lost, found.double, found.gaps, found.in_store) == (0, 0, 0, SHORT.messages)
    assert found.faults == {"monitor kills": 3, "broker restarts": 1}


async def test_a_broker_that_is_restarted_with_the_shipped_configuration_loses_nothing(tmp_path: Path) -> None:
    """I1. Two graceful restarts at 2,000 messages a second: 0 lost, 0 double, gap counter 0, heard again within 5 s."""
    found = await lived(tmp_path, RESTARTED)
    assert found.violations == []
    assert (found.lost, found.double, found.gaps) == (0, 0, 0)
    assert found.faults == {"broker restarts": 2}


@pytest.mark.parametrize(("plan", "must_lose"), [(CRASHED, False), (DEFAULTS, True)], ids=["killed", "defaults"])
async def test_what_the_broker_loses_is_counted_to_the_message(tmp_path: Path, plan: Plan, must_lose: bool) -> None:
    """I2. Killed with -9, or restarted with its defaults: the gap counter equals the true loss, the journal tells it, the verdict is UNKNOWN."""
    found = await lived(tmp_path, plan)
    assert found.violations == []
    assert found.gaps == found.lost
    assert found.lost or not must_lose, "the broker lost nothing: nothing is proved"
    assert found.faults.total() == 1
