"""Short histories of the signals, one point a step, for sparklines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from monitor.judging.engine import Reading
from monitor.judging.rules import Signal
from monitor.model import Metric
from monitor.serving.snapshot import SparkRow

POINTS = 60


def step_of(signal: Signal) -> float:
    """Seconds between points: a tenth of the window, at least 1 s and at most a minute."""
    return min(max(signal.window / 10.0, 1.0), 60.0)


class Sparks:
    """Rings of points. A signal that was unknown at its step leaves a gap."""

    def __init__(self, signals: Iterable[Signal], catalogue: Mapping[str, Metric]) -> None:
        self._signals = {signal.name: signal for signal in signals}
        self._units = {
            s.name: "ratio" if s.kind == "ratio" else catalogue[s.metric].unit for s in self._signals.values()
        }
        self._points: dict[str, deque[float | None]] = {name: deque(maxlen=POINTS) for name in self._signals}
        self._due: dict[str, float] = dict.fromkeys(self._signals, 0.0)

    def take(self, readings: Mapping[str, Reading], now: float) -> None:
        """Note the points that are due at `now`."""
        for name, signal in self._signals.items():
            if now >= self._due[name]:
                reading = readings.get(name)
                self._points[name].append(reading.value if reading else None)
                self._due[name] = now + step_of(signal)

    def rows(self) -> tuple[SparkRow, ...]:
        """One row a signal, oldest point first."""
        return tuple(
            SparkRow(
                name=name,
                title=signal.title or name,
                unit=self._units[name],
                platform=signal.platform,
                step=step_of(signal),
                points=tuple(self._points[name]),
                metrics=signal.metrics,
                labels=dict((signal.denominator or signal).match),
            )
            for name, signal in self._signals.items()
        )
