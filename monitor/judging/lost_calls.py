"""Calls lost between platforms: what the carrier offered, less what either platform accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from monitor.judging.counts import Keys, Members, Spans, condition, counter, together
from monitor.judging.derived_config import LostCalls
from monitor.judging.derived_series import DerivedSeries, Figures
from monitor.judging.formulas import F8
from monitor.judging.rings import bucket_of
from monitor.judging.store import Store
from monitor.judging.table import BLANK_ERROR
from monitor.model import Labels

LOST = "golive_calls_lost_between_platforms"
LOST_RATIO = "golive_calls_lost_between_platforms_ratio"


class LostCallFigures:
    """Computes the lost calls, as a count and as a share of the calls offered."""

    def __init__(self, config: LostCalls, store: Store, refused: Counter[str]) -> None:
        self.config = config
        self.spans = Spans(config.window)
        self.keys = Keys(config.by)
        self.inputs = [
            Members(
                store.table(part.metric), {name: frozenset({value}) for name, value in part.match.items()}, self.keys
            )
            for part in (config.offered, config.legacy, config.target)
        ]
        for members in self.inputs:
            self.spans.keep(members.table)
        self.lost = DerivedSeries(store, LOST, _same, refused)
        self.ratio = DerivedSeries(store, LOST_RATIO, _same, refused)

    def compute(self, now: float, armed_at: float) -> Iterator[None]:
        """Compute as of `now`, in pieces; nothing from before `armed_at` is counted. Unix seconds.

        The window ends with the newest bucket after which all three have spoken, and begins anew where one of them
        was first heard or was reset: what is missing must be missing from the traffic, not from the counting.
        """
        for members in self.inputs:
            yield from members.prepare()
        for members in self.inputs:
            members.refresh()
        size, frame = len(self.keys.names), self.spans.frame(now)
        state = together([condition(members, size, now) for members in self.inputs])
        carrier, old, new = self.inputs
        courses = [
            (yield from counter(carrier, frame)),
            (yield from counter(old, frame)),
            (yield from counter(new, frame)),
        ]
        end = frame.point(state.at)
        start = np.maximum(end - frame.buckets, 0)
        if np.isfinite(armed_at):
            start = np.maximum(start, bucket_of(armed_at, frame.width) - frame.first + 1)
        for course in courses:
            start = np.maximum(start, course.starts(size, exact=True))
        start = np.minimum(start, end)
        offered, legacy, target = (course.change(start, end) for course in courses)
        enough = state.heard & (state.blank == 0) & (start < end) & (offered >= max(self.config.min_count, 1))
        lost = np.where(enough, offered - legacy - target, np.nan)
        failed = state.stale | (state.blank == BLANK_ERROR)

        def figures(value: F8) -> Figures:
            return Figures(value, state.at, failed, state.stale_after, state.owners)

        yield from self.lost.prepare(self.keys.names)
        yield from self.ratio.prepare(self.keys.names)
        self.lost.write(self.keys.names, figures(lost))
        with np.errstate(invalid="ignore", divide="ignore"):
            self.ratio.write(self.keys.names, figures(lost / offered))


def _same(group: Labels) -> Labels:
    return group
