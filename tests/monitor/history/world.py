"""A store fed by hand beside a recorder: for tests of what becomes of a quarter hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from monitor.history.archive import Slot
from monitor.history.figures import Figure, figures
from monitor.history.recorder import GRACE, LOOK, Recorder
from monitor.judging.baseline import SLOT, Baseline
from monitor.judging.rules import Rule, Signal
from monitor.judging.store import Store
from tests.monitor.judging.rig import ALL, BAD, CLOSED, GAUGE, SHARE, rule

BEGIN = 1_795_294_800
"""2026-11-21T21:00:00Z, a Saturday."""
HISTORY = Baseline(source="history")


def wait(**changes: object) -> Rule:
    """A rule on the target that is compared with recorded weeks."""
    fields: dict[str, object] = {
        "match": {"platform": "target"},
        "by": ("queue",),
        "estimator": "mean",
        "window": 300.0,
        "warn": None,
        "breach": 1.5,
        "clear": 1.2,
        "baseline": HISTORY,
    }
    return rule(**{**fields, **changes})


class Pbx:
    """The old platform, as golive hears it."""

    def __init__(
        self,
        *rules: Rule,
        signals: Sequence[Signal] = (SHARE,),
        stale_after: float = 30.0,
        delays: Mapping[int, float] | None = None,
    ) -> None:
        self.store = Store({metric.name: metric for metric in (GAUGE, BAD, ALL, CLOSED)})
        self.figures: tuple[Figure, ...] = figures(rules, signals)
        self.recorder = Recorder(self.figures, self.store, delays or {})
        self.stale_after = stale_after
        self.slots: list[Slot] = []
        self.refused: Counter[str] = Counter()

    def put(self, now: float, value: float, metric: str = GAUGE.name, at: float | None = None, **labels: str) -> None:
        """One sample, received now."""
        series = {"platform": "legacy", "queue": "sales", **labels}
        handle = self.store.bind(metric, tuple(sorted(series.items())), self.stale_after, 0)[0]
        when = now if at is None else at
        columns = np.array([handle]), np.array([value]), np.array([float(when)]), np.array([float(now)])
        self.store.ingest(*columns, self.refused)

    def look(self, now: float) -> None:
        """Look, as a daemon does."""
        for observer in self.recorder.observers:
            self.slots += observer.look(now)

    def hour(self, values: Mapping[int, float], start: float = BEGIN, length: float = SLOT) -> list[Slot]:
        """A sample at each second named (after the start), and a look every ten seconds; then what was closed by it."""
        steps = round((length + GRACE) / LOOK) + 1
        for step in range(steps + 1):
            now = start + step * LOOK
            for second in range(round((step - 1) * LOOK) + 1, round(step * LOOK) + 1):
                if second in values:
                    self.put(start + second, values[second])
            self.look(now)
        return self.slots
