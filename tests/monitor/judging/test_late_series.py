"""A tick lets others run between rules, and they may bind new series meanwhile."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from monitor.judging.engine import Engine
from monitor.judging.rules import Estimator, Missing, Rule, Signal
from monitor.judging.store import Store
from monitor.model import Flag, Kind, Metric
from tests.monitor.judging.rig import GAUGE, rule

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


def test_a_series_that_is_new_in_a_tick_is_judged_from_the_next_on() -> None:
    """A trunk that is heard for the first time while a tick is under way never reads UNKNOWN for want of its sample."""
    store = Store({GAUGE.name: GAUGE})
    engine = Engine([rule(by=("queue",), window=4.0)], [], store)
    engine.arm("only", START)

    def hear(queue: str, at: float) -> None:
        handle, _ = store.bind(GAUGE.name, (("queue", queue),), 10.0, 0)
        store.ingest(np.array([handle]), np.array([5.0]), np.array([at]), np.array([at]), Counter())

    def judged(at: float) -> dict[str, bool]:
        for _ in engine.judge(at):
            pass
        judge = engine.judges["x"]
        return {
            dict(name)["queue"]: bool(Flag.UNKNOWN & int(judge.flags[i])) for i, name in enumerate(judge.names) if name
        }

    hear("a", START + 1.0)
    store.hold()
    store.bind(GAUGE.name, (("queue", "b"),), 10.0, 0)
    assert judged(START + 1.5) == {"a": False}
    store.release()
    hear("b", START + 1.6)
    store.hold()
    assert judged(START + 1.75) == {"a": False, "b": False}
    store.release()
    # One that was announced before a tick and never spoke is another thing: that is not known.
    store.bind(GAUGE.name, (("queue", "c"),), 10.0, 0)
    store.hold()
    assert judged(START + 2.0) == {"a": False, "b": False, "c": True}
