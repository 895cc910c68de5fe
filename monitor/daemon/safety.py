"""Composes what stands between a decision and a mistake, from the configuration."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from monitor.config import Config
from monitor.deciding.breakglass import BreakGlassLog
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalDamagedError
from monitor.deciding.locking import Locks
from monitor.deciding.points import OnPoint, Points
from monitor.deciding.safety import Safety
from monitor.notify.anchor_reading import in_files

log = logging.getLogger("golive.daemon")


async def open_journal(
    config: Config, base: Path, state_dir: Path, clock: Callable[[], float], second: BreakGlassLog
) -> tuple[Journal, str]:
    """The journal, whole and held against the heads in files; or one in memory, and why no runbook may run."""
    await asyncio.to_thread(second.prepare)
    try:
        noted = await asyncio.to_thread(in_files, config.journal.anchors, base)
        return await Journal.open(state_dir / "journal.db", anchors=noted, clock=clock, witness=second), ""
    except JournalDamagedError as error:
        degraded = f"the journal is damaged, so no runbook can run: {error}"
        log.critical("%s. Monitoring goes on. Next: golive audit verify", degraded)
        return await Journal.open(None, clock=clock, witness=second), degraded


def safety_of(
    config: Config, journal: Journal, clock: Callable[[], float], on_point: OnPoint, second: BreakGlassLog | None = None
) -> Safety:
    """Points of no return, locks, the decide-by clock, and the second record of broken glass."""
    return Safety(
        points=Points(config.points_of_no_return, journal, clock, on_point),
        locks=Locks(journal),
        decide_by=config.cutover.decide_by,
        second=second,
    )
