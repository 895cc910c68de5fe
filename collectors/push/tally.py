"""An inlet that counts what goes through it, so that the sender of a post can be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from monitor.intake.inlet import Handles, Inlet, Numbers
from monitor.model import Labels


class Tally:
    """Hands everything on to the collector's inlet. `begin` starts a new count."""

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self.taken = 0
        self.repeated = 0
        self.refused: Counter[str] = Counter()

    def begin(self) -> None:
        """Count from here."""
        self.taken = self.repeated = 0
        self.refused = Counter()

    @property
    def base(self) -> Path:
        """The inlet's."""
        return self._inlet.base

    def series(self, metric: str, labels: Labels) -> int:
        """Bind a series; -1 is counted as a refusal of the sample it was for."""
        handle = self._inlet.series(metric, labels)
        if handle < 0:
            self.refused["unknown_metric_or_full"] += 1
        return handle

    def emit(self, handles: Handles, values: Numbers, times: Numbers, received: float) -> int:
        """Hand samples on."""
        taken = self._inlet.emit(handles, values, times, received)
        self.taken += taken
        return taken

    def blank(self, handle: int, kind: Literal["empty", "null", "error"], at: float, received: float) -> None:
        """Hand on that there is no number."""
        self._inlet.blank(handle, kind, at, received)

    async def commit(self) -> None:
        """The inlet's."""
        await self._inlet.commit()

    def heard(self, messages: int, received: float) -> None:
        """The inlet's."""
        self._inlet.heard(messages, received)

    def refuse(self, reason: str, raw: bytes, received: float, count: int = 1) -> None:
        """Count a refusal here and there."""
        self.refused[reason] += count
        self._inlet.refuse(reason, raw, received, count)

    def transcript(
        self, got: bytes, received: float, *, sent: bytes = b"", fault: str = "", hidden: Sequence[str] = ()
    ) -> None:
        """The inlet's."""
        self._inlet.transcript(got, received, sent=sent, fault=fault, hidden=hidden)

    def sequence(self, source: str, seq: int, at: float, received: float) -> bool:
        """Note a running number; repeats are counted."""
        fresh = self._inlet.sequence(source, seq, at, received)
        self.repeated += not fresh
        return fresh

    def hole(self, began: float, ended: float) -> None:
        """The inlet's."""
        self._inlet.hole(began, ended)

    def connected(self, detail: str = "") -> None:
        """The inlet's."""
        self._inlet.connected(detail)

    def lost(self, detail: str) -> None:
        """The inlet's."""
        self._inlet.lost(detail)
