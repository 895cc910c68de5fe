"""A tick lets others run between rules, and they may bind new series meanwhile."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from monitor.judging.engine import Engine
from monitor.judging.rules import Estimator, Missing, Rule, Signal
from monitor.judging.store import Store
from monitor.model import Kind, Metric

START = 1_795_294_500.0
METRIC = Metric(name="golive_x_seconds", kind=Kind.GAUGE, unit="seconds", help="X.", high=1000.0)
MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")


@pytest.mark.parametrize("estimator", ["mean", "min", "max", "last", "p95"])
def test_a_series_that_appears_inside_a_tick_breaks_nothing(estimator: Estimator) -> None:
    """What was summed for an earlier rule of the tick is not taken for a later one that sees more series."""
    store = Store({METRIC.name: METRIC})
    rules = [
        Rule(
            name=name,
            metric=METRIC.name,
            by=("queue",),
            estimator=estimator,
            window=4.0,
            operator=">",
            breach=30.0,
            missing=MISSING,
        )
        for name in ("first", "second")
    ]
    signal = Signal(name="s", metric=METRIC.name, estimator=estimator, window=4.0)
    engine = Engine(rules, [signal], store)
    engine.arm("only", START)
    handle, _ = store.bind(METRIC.name, (("queue", "a"),), 10.0, 0)
    store.ingest(np.array([handle]), np.array([5.0]), np.array([START + 1]), np.array([START + 1]), Counter())
    judging = engine.judge(START + 1.5)
    next(judging)
    for queue in ("b", "c"):
        store.bind(METRIC.name, (("queue", queue),), 10.0, 0)
    for _ in judging:
        pass
    assert not engine.broken
    assert engine.signal("s") == pytest.approx(5.0, rel=0.25)
