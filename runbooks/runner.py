"""Starts runs for the desk, and takes up those that a restart interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.deciding.contracts import Order, Report
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from runbooks.model import pinned_runbook
from runbooks.outlets import QUIET, Outlets
from runbooks.record import Record
from runbooks.resumption import take_up
from runbooks.run import Run
from runbooks.steering import Steering


class Runner:
    """The desk's executor."""

    def __init__(
        self,
        journal: Journal,
        base: Path,
        clock: Callable[[], float] = time.time,
        outlets: Outlets = QUIET,
        *,
        undo_window: float = 0.0,
    ) -> None:
        """base: the folder that paths of secrets' files are relative to. outlets: where messages go, if anywhere.

        undo_window: seconds between a person's start of a run and its first step; auto mode has none.
        """
        self._undo_window = undo_window
        self._journal = journal
        self._base = base
        self._clock = clock
        self._outlets = outlets

    def start(self, order: Order, history: Sequence[Entry], hold: str, report: Report) -> Steering:
        """Start a run of the runbook that the order pins, or take it up from its lines in the journal."""
        record = Record(order, pinned_runbook(order.pinned), history, self._journal, self._clock)
        return Steering(Run(record, self._base, hold, report, take_up, self._outlets, self._undo_window))
