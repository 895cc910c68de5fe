"""Hands readings to the inlet: series bound once, what is older than the last is not news, what cannot be asked is blank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from collectors.amazon_connect.readings import Pairs, Reading
from collectors.mqtt.reading import fitting, pairs
from monitor.intake.inlet import Inlet
from monitor.model import Labels

_AFTER = 0.001
"""Seconds after the newest answer at which an error is said to be: answers may be minutes behind our clock."""


class Feed:
    """The series of one question."""

    def __init__(self, inlet: Inlet, labels: Mapping[str, str], lag: float = 0.0) -> None:
        """labels: label -> value of all that is heard; a reading's own labels come first.

        lag: seconds by which answers may be behind. Where nothing was heard yet, an error is said to be so old, or it
        would hide the first answer.
        """
        self._inlet = inlet
        self._labels = labels
        self._lag = lag
        self._handles: dict[tuple[str, Pairs], int] = {}
        self._newest: dict[int, float] = {}

    def expect(self, readings: Iterable[Reading]) -> None:
        """Bind series before anything is known of them, so that a question without an answer reads as one."""
        for reading in readings:
            self._handle(reading)

    def give(self, readings: Iterable[Reading], at: float, received: float) -> None:
        """Hand over what one answer says. at: the instant that it speaks of; received: ours. Unix seconds."""
        handles, values, old = [], [], 0
        for reading in readings:
            handle = self._handle(reading)
            if handle < 0:
                continue
            if at < self._newest.get(handle, -math.inf):
                old += 1
                continue
            self._newest[handle] = at
            if reading.value is None:
                self._inlet.blank(handle, reading.nothing, at, received)
                continue
            handles.append(handle)
            values.append(reading.value)
        if handles:
            self._inlet.emit(handles, values, [at] * len(handles), received)
        if old:
            self._inlet.refuse("older", f"an answer of unix time {at:.3f}".encode(), received, old)

    def tell(self, reading: Reading, at: float, received: float) -> None:
        """Hand over one event, in whatever order events come."""
        handle = self._handle(reading)
        if handle >= 0 and reading.value is not None:
            self._inlet.emit([handle], [reading.value], [at], received)

    def failed(self, now: float) -> None:
        """Nobody answered: all that the question would have fed is blank (error), until something newer is heard."""
        for handle in self._handles.values():
            newest = self._newest.get(handle)
            at = now - self._lag if newest is None else min(newest + _AFTER, now)
            self._inlet.blank(handle, "error", at, now)

    def _handle(self, reading: Reading) -> int:
        key = reading.metric, reading.labels
        handle = self._handles.get(key)
        if handle is None:
            made: Labels = pairs(fitting(reading.metric, {**self._labels, **dict(reading.labels)}))
            handle = self._inlet.series(reading.metric, made)
            if handle >= 0:
                self._handles[key] = handle
        return handle
