"""An engine fed by hand and judged once a second: for tests of what rules make of what they hear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.judging.baseline import History
from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
from monitor.judging.judged import Transition
from monitor.judging.rules import Missing, Part, Rule, Signal
from monitor.judging.store import Store
from monitor.model import Kind, Metric

START = 1_795_294_500.0
"""A Saturday, 20:15 UTC."""
GAUGE = Metric(name="golive_x_seconds", kind=Kind.GAUGE, unit="seconds", help="X.", high=1000.0)
BAD = Metric(name="golive_contacts_bad_total", kind=Kind.COUNTER, unit="count", help="Bad.")
ALL = Metric(name="golive_contacts_total", kind=Kind.COUNTER, unit="count", help="All.")
CLOSED = Metric(name="golive_closed", kind=Kind.GAUGE, unit="state", help="Closed.", high=1.0)
MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")
SHARE = Signal(
    name="share", kind="ratio", numerator=Part(metric=BAD.name), denominator=Part(metric=ALL.name), by=("queue",)
)


def rule(**changes: object) -> Rule:
    """A rule that breaches at 30 and clears below 20."""
    fields: dict[str, object] = {
        "name": "x",
        "metric": GAUGE.name,
        "estimator": "last",
        "window": 1.0,
        "operator": ">=",
        "warn": 25.0,
        "breach": 30.0,
        "clear": 20.0,
        "missing": MISSING,
    }
    return Rule(**{**fields, **changes})  # type: ignore[arg-type]


def share_rule(**changes: object) -> Rule:
    """A rule on the share of bad contacts: breaches above 8 %, clears at 5 %."""
    fields: dict[str, object] = {
        "metric": "",
        "signal": "share",
        "estimator": "ratio",
        "window": 10.0,
        "operator": ">",
        "warn": None,
        "breach": 0.08,
        "clear": 0.05,
    }
    return rule(**{**fields, **changes})


class Rig:
    """Time goes on a second a tick; the first rule is the one that is asked about."""

    def __init__(
        self,
        *rules: Rule,
        signals: Sequence[Signal] = (SHARE,),
        stale_after: float = 10.0,
        delays: Mapping[int, float] | None = None,
        history: History | None = None,
        start: float = START,
    ) -> None:
        self.store = Store({metric.name: metric for metric in (GAUGE, BAD, ALL, CLOSED)})
        self.engine = Engine(rules, signals, self.store, patience=10.0, delays=delays, history=history)
        self.now = start
        self.stale_after = stale_after
        self.refused: Counter[str] = Counter()
        self.changes: list[Transition] = []
        self.engine.arm("only", start)

    @property
    def judge(self) -> Judge:
        """The first rule's judge."""
        return next(iter(self.engine.judges.values()))

    def handle(self, metric: str = GAUGE.name, owner: int = 0, **labels: str) -> int:
        """A series."""
        return self.store.bind(metric, tuple(sorted(labels.items())), self.stale_after, owner)[0]

    def put(
        self, value: float, *, metric: str = GAUGE.name, at: float | None = None, owner: int = 0, **labels: str
    ) -> None:
        """One sample, received now."""
        handle = self.handle(metric, owner, **labels)
        when = self.now if at is None else at
        columns = np.array([handle]), np.array([value]), np.array([when]), np.array([self.now])
        self.store.ingest(*columns, self.refused)

    def count(self, bad: float, total: float, **labels: Any) -> None:
        """Both counters as they stand."""
        self.put(bad, metric=BAD.name, **labels)
        self.put(total, metric=ALL.name, **labels)

    def tick(self, *values: float | None, **labels: Any) -> list[str]:
        """One tick a second for each value (None is silence); returns the standings."""
        seen = []
        for value in values:
            self.now += 1.0
            if value is not None:
                self.put(value, **labels)
            self.look()
            seen.append(self.standing())
        return seen

    def look(self) -> None:
        """Judge now."""
        for _ in self.engine.judge(self.now):
            pass
        self.changes += self.engine.transitions

    def standing(self, index: int = 0) -> str:
        """The first rule's standing in a group."""
        return self.judge.standing(index).word

    def why(self, index: int = 0) -> str:
        """Why nothing is known of a group."""
        return self.judge.why(index)
