"""The same samples before two judges: golive's engine, and the rules it exports in the hands of the real Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from monitor.export.rule_file import export
from monitor.judging.engine import Engine
from monitor.judging.rules import Missing, Rule, Signal
from monitor.judging.states import BREACH, PENDING, RECOVERING
from monitor.judging.store import Store
from monitor.model import Kind, Metric
from tests.rig.promtool import answers

START = 1_795_294_800.0
"""An instant that every bucket's edge shares."""
SECONDS = 180
"""How long a series is. Its samples lie half a second past each second, off the edges of all windows, since ranges of
Prometheus before 3 hold samples on both edges."""
MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")
GAUGE = Metric(name="golive_x_seconds", kind=Kind.GAUGE, unit="seconds", help="X.", high=1000.0)
SECOND_GAUGE = Metric(name="golive_y_seconds", kind=Kind.GAUGE, unit="seconds", help="Y.", high=1000.0)
COUNTER = Metric(name="golive_x_total", kind=Kind.COUNTER, unit="count", help="X.")
SECOND_COUNTER = Metric(name="golive_y_total", kind=Kind.COUNTER, unit="count", help="Y.")
BOUNDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
HISTOGRAM = Metric(name="golive_h_seconds", kind=Kind.HISTOGRAM, unit="seconds", help="H.", high=100.0, bounds=BOUNDS)
CATALOGUE = {metric.name: metric for metric in (GAUGE, SECOND_GAUGE, COUNTER, SECOND_COUNTER, HISTOGRAM)}

Leg: TypeAlias = "list[list[float]]"
"""The samples of one series, a list for each second."""
Scope: TypeAlias = tuple[str, ...]
"""Values of the labels of a group."""


def rule(name: str, **changes: object) -> Rule:
    """A rule of 60 s over the gauge, a group a case."""
    fields: dict[str, object] = {
        "name": name,
        "metric": GAUGE.name,
        "by": ("case",),
        "estimator": "mean",
        "window": 60.0,
        "operator": ">=",
        "breach": 50.0,
        "missing": MISSING,
    }
    return Rule(**{**fields, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Series:
    """One series of one metric."""

    metric: Metric
    case: int
    leg: int
    seconds: Leg

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Labels as the store takes them."""
        return (("case", str(self.case)), ("leg", str(self.leg)))

    def exported(self) -> dict[str, list[float | None]]:
        """What /metrics shows of it, scraped whenever there is a sample: at 0.5 s, 1.5 s, ..."""
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels)
        if self.metric.kind is not Kind.HISTOGRAM:
            return {f"{self.metric.name}{{{labels}}}": _halves(here[-1] if here else None for here in self.seconds)}
        lines: dict[str, list[float | None]] = {}
        sofar: list[float] = []
        columns: list[list[float | None]] = []
        for here in self.seconds:
            sofar += here
            counts = [float(sum(v <= bound for v in sofar)) for bound in self.metric.bounds]
            columns.append(
                [*counts, float(len(sofar)), float(len(sofar)), sum(sofar)] if here else [None] * (len(counts) + 3)
            )
        edges = [f"{bound:g}" for bound in self.metric.bounds] + ["+Inf"]
        names = [f'{self.metric.name}_bucket{{{labels},le="{edge}"}}' for edge in edges]
        names += [f"{self.metric.name}_count{{{labels}}}", f"{self.metric.name}_sum{{{labels}}}"]
        for place, name in enumerate(names):
            lines[name] = _halves(column[place] for column in columns)
        return lines


def _halves(values: Iterable[float | None]) -> list[float | None]:
    """Nothing at each whole second, the value half a second later."""
    return [one for value in values for one in (None, value)]


@dataclass
class Judged:
    """What a judge said, by rule, instant (seconds from the start) and group."""

    values: dict[tuple[str, int], dict[Scope, float]]
    alerts: dict[tuple[str, int], dict[Scope, str]]
    """pending or firing, of groups that are one of them."""
    warned: dict[tuple[str, int], set[Scope]]


def by_golive(rules: Sequence[Rule], series: Sequence[Series], signals: Sequence[Signal] = ()) -> Judged:
    """Judge every second; armed long before, so that every window counts."""
    store = Store(CATALOGUE)
    engine = Engine(rules, signals, store)
    handles = [store.bind(one.metric.name, one.labels, 1e9, 0)[0] for one in series]
    engine.arm("", START - 3600.0)
    judged = Judged({}, {}, {})
    for second in range(SECONDS):
        batch = [
            (h, v, place) for h, one in zip(handles, series, strict=True) for place, v in enumerate(one.seconds[second])
        ]
        if batch:
            # Samples of one instant would be one sample to a newest value, and are a histogram's all the same.
            times = np.asarray([START + second + 0.5 + place * 1e-3 for _, _, place in batch])
            numbers, values = np.asarray([b[0] for b in batch]), np.asarray([b[1] for b in batch])
            refused: Counter[str] = Counter()
            store.ingest(numbers, values, times, np.full(len(batch), START + second + 1.0), refused)
            assert not refused
        now = second + 1
        for _ in engine.judge(START + now):
            pass
        for name, judge in engine.judges.items():
            scopes = [tuple(value for _, value in labels) for labels in judge.names]
            phases = judge.states.phase.tolist()
            judged.values[name, now] = {
                s: v for s, v in zip(scopes, judge.value.tolist(), strict=True) if not np.isnan(v)
            }
            judged.alerts[name, now] = {
                s: "pending" if phase == PENDING else "firing"
                for s, phase in zip(scopes, phases, strict=True)
                if phase in {PENDING, BREACH, RECOVERING}
            }
            warned = judge.states.warn.tolist()
            judged.warned[name, now] = {s for s, w in zip(scopes, warned, strict=True) if w}
    return judged


def by_prometheus(
    folder: Path, rules: Sequence[Rule], series: Sequence[Series], signals: Sequence[Signal] = (), *, every: int = 1
) -> Judged:
    """Judge by the exported rules, evaluated every `every` seconds; holds need every second."""
    made = export(rules, signals, CATALOGUE, interval=1.0)
    assert not [one for one in made.unsaid if one.whole]
    exported = {name: values for one in series for name, values in one.exported().items()}
    records = {group["name"].removeprefix("golive_"): group["rules"][0]["record"] for group in made.groups}
    instants = range(every, SECONDS + 1, every)
    queries = [(f'{record}{{rule="{name}"}}', at) for name, record in records.items() for at in instants]
    queries += [("ALERTS", at) for at in instants]
    told = answers(folder, made.text("0" * 12), exported, 0.5, queries, every)
    groups = {signal.name: signal.by for signal in signals}
    by = {r.name: r.by or groups.get(r.signal, ()) for r in rules}
    judged = Judged({}, {}, {})
    for name, record in records.items():
        for at in instants:
            vector = told.get((f'{record}{{rule="{name}"}}', at), {})
            judged.values[name, at] = {_scope(labels, by[name]): v for labels, v in vector.items() if not np.isnan(v)}
            judged.alerts[name, at], judged.warned[name, at] = {}, set()
    for at in instants:
        for labels in told.get(("ALERTS", at), {}):
            found = dict(labels)
            key = found["rule"], at
            if found["severity"] == "critical":
                judged.alerts[key][_scope(labels, by[key[0]])] = found["alertstate"]
            else:
                judged.warned[key].add(_scope(labels, by[key[0]]))
    return judged


def _scope(labels: Iterable[tuple[str, str]], by: tuple[str, ...]) -> Scope:
    found = dict(labels)
    return tuple(found.get(name, "") for name in by)


@dataclass(frozen=True)
class Shape:
    """How a series goes: stretches of some length around some height, with a share of seconds in which it is heard."""

    seed: int
    stretches: tuple[tuple[int, int, int], ...]
    heard: float

    def gauge(self) -> Leg:
        """A sample a second where it is heard; eighths, so that sums of them are exact. Never silent for 10 s."""
        rng = np.random.default_rng(self.seed)
        heights = [(h, s) for length, h, s in self.stretches for _ in range(length)]
        leg: Leg = []
        for second in range(SECONDS):
            height, spread = heights[second % len(heights)]
            value = float(np.clip(height + rng.integers(-spread * 8, spread * 8 + 1) / 8, 0, 100))
            leg.append([value] if rng.random() < self.heard or second % 10 == 0 else [])
        return leg

    def counter(self) -> Leg:
        """A value every second; it rises by up to a stretch's spread, and sometimes starts again from zero."""
        rng = np.random.default_rng(self.seed)
        spreads = [spread for length, _, spread in self.stretches for _ in range(length)]
        value, leg = 0.0, []
        for second in range(SECONDS):
            value = (
                0.0
                if rng.random() > 0.9 + self.heard / 10
                else value + float(rng.integers(0, spreads[second % len(spreads)] + 1))
            )
            leg.append([value])
        return leg

    def crowd(self) -> Leg:
        """Up to three samples a second, above zero."""
        rng = np.random.default_rng(self.seed)
        heights = [(h, s) for length, h, s in self.stretches for _ in range(length)]
        leg: Leg = []
        for second in range(SECONDS):
            height, spread = heights[second % len(heights)]
            values = np.clip(rng.normal(height, spread + 1, rng.integers(1, 4)), 0.01, 100)
            leg.append([float(value) for value in values])
        return leg


SHAPES = st.builds(
    Shape,
    seed=st.integers(0, 2**32),
    stretches=st.lists(
        st.tuples(st.integers(5, 90), st.integers(0, 100), st.integers(1, 40)), min_size=1, max_size=5
    ).map(tuple),
    heard=st.sampled_from([0.2, 0.6, 1.0]),
)
CASES = st.lists(st.lists(SHAPES, min_size=1, max_size=3), min_size=8, max_size=8)
"""Cases for one run of promtool: each a group of one to three series."""
FEW = settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Few runs of many series each: a run of promtool costs more than what it computes. Without shrinking, which is all runs."""
