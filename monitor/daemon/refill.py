"""After a restart: windows filled again from the record, so that rules need not wait for a whole window."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import numpy as np

from monitor.intake.record import Record
from monitor.judging.store import Store

log = logging.getLogger("golive.daemon")


async def refilled(store: Store, record: Record | None, now: float, stale_after: float) -> int:
    """The same off the event loop, said in the log; 0 where nothing is recorded."""
    if record is None:
        return 0
    if taken := await asyncio.to_thread(refill, store, record, now, stale_after):
        log.info("%d samples from the record fill the windows again", taken)
    return taken


def refill(store: Store, record: Record, now: float, stale_after: float) -> int:
    """Put the recorded past, as far back as any window reaches, into an empty store; returns how many samples.

    Blocks on the disk. now: unix seconds. stale_after: seconds after which a series is STALE that no collector
    has claimed yet, which it never will where its source is dead. What was refused when it came is refused again.
    """
    span = max((table.span for table in store.tables.values()), default=0.0)
    handles: dict[int, int] = {}
    refused: Counter[str] = Counter()
    taken = 0
    for recorded in record.read(now - span, now):
        numbers = np.unique(recorded.columns.series)
        for number in numbers.tolist():
            if number not in handles:
                metric, labels = recorded.series.get(number, ("", ()))
                handles[number] = store.bind(metric, labels, stale_after, None)[0]
        column = np.array([handles[number] for number in numbers.tolist()], np.int64)
        times = recorded.columns.times
        bound = column[np.searchsorted(numbers, recorded.columns.series)]
        received = np.full(len(times), recorded.written)
        taken += store.ingest(bound, recorded.columns.values, times, received, refused)
    return taken
