"""What a question was answered with before, so that what is missing from the next answer is said to be missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from collectors.promql.mapping import Mapped
from monitor.intake.inlet import Inlet
from monitor.model import Labels

MOST = 20_000
"""Series of one question; further ones are refused and counted."""


class Reading(NamedTuple):
    """One number for one of our series; None when it could not be computed."""

    labels: Labels
    value: float | None
    at: float


class Known:
    """The series of one question."""

    def __init__(self, mapped: Mapped, inlet: Inlet) -> None:
        self._mapped = mapped
        self._inlet = inlet
        self._handles: dict[Labels, int] = {}

    def answered(self, readings: Iterable[Reading], at: float, received: float) -> int:
        """Hand over an answer; series that it does not have are blank (empty). Returns how many numbers it had.

        at: the instant the answer speaks of. Series that became one by dropping labels are blank (error), since
        nobody can say which of them is meant.
        """
        found: dict[Labels, Reading] = {}
        doubled: set[Labels] = set()
        for reading in readings:
            if reading.labels in found:
                doubled.add(reading.labels)
            found[reading.labels] = reading
        if doubled:
            self._inlet.refuse("wrong_type", repr(min(doubled)).encode(), received)
        handles, values, times = [], [], []
        for labels, reading in found.items():
            handle = self._handle(labels, received)
            if handle < 0:
                continue
            if labels in doubled:
                self._inlet.blank(handle, "error", at, received)
            elif reading.value is None:
                self._inlet.blank(handle, "null", reading.at, received)
            else:
                handles.append(handle)
                values.append(reading.value * self._mapped.scale)
                times.append(reading.at)
        if handles:
            self._inlet.emit(handles, values, times, received)
        self._blank("empty", at, received, but=found)
        return len(handles)

    def failed(self, at: float, received: float) -> None:
        """The question could not be asked: all that is known is blank (error)."""
        self._blank("error", at, received, but=())

    def _blank(self, kind: Literal["empty", "error"], at: float, received: float, *, but: Iterable[Labels]) -> None:
        there = set(but)
        for labels, handle in self._handles.items():
            if labels not in there:
                self._inlet.blank(handle, kind, at, received)

    def _handle(self, labels: Labels, received: float) -> int:
        handle = self._handles.get(labels)
        if handle is None:
            if len(self._handles) >= MOST:
                self._inlet.refuse("too_large", repr(labels).encode(), received)
                return -1
            handle = self._inlet.series(self._mapped.metric, labels)
            if handle >= 0:
                self._handles[labels] = handle
        return handle
