"""An inlet that keeps everything it was given, for tests of collectors without the store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from monitor.intake.inlet import Handles, Numbers
from monitor.intake.transcripts import Transcripts
from monitor.model import Labels, Sample


class RecordingInlet:
    """Does what the contract says, and remembers. `unknown` names metrics it refuses."""

    def __init__(
        self,
        *,
        unknown: frozenset[str] = frozenset(),
        commit_error: Exception | None = None,
        base: Path = Path(),
    ) -> None:
        self.base = base
        self.bound: list[tuple[str, Labels]] = []
        self.samples: list[Sample] = []
        self.blanks: list[tuple[str, Labels, str]] = []
        self.refused: Counter[str] = Counter()
        self.raw: list[bytes] = []
        self.transcripts: list[tuple[bytes, bytes, str]] = []
        self.kept = Transcripts()
        self.messages = 0
        self.seen: set[tuple[str, int]] = set()
        self.duplicates = 0
        self.holes: list[tuple[float, float]] = []
        self.health: list[tuple[str, str]] = []
        self.commits = 0
        self.unknown = unknown
        self.commit_error = commit_error
        self._index: dict[tuple[str, Labels], int] = {}
        self._news = asyncio.Event()

    def series(self, metric: str, labels: Labels) -> int:
        """A handle, or -1 for a metric that is not known."""
        if metric in self.unknown:
            self.refused["unknown_metric"] += 1
            return -1
        handle = self._index.get((metric, labels))
        if handle is None:
            handle = self._index[metric, labels] = len(self.bound)
            self.bound.append((metric, labels))
        return handle

    def emit(self, handles: Handles, values: Numbers, times: Numbers, received: float) -> int:
        """Keep the samples."""
        del received
        for handle, value, at in zip(handles, values, times, strict=True):
            if handle >= 0:
                self.samples.append(Sample(*self.bound[int(handle)], float(value), float(at)))
        self._news.set()
        return len(handles)

    def blank(self, handle: int, kind: Literal["empty", "null", "error"], at: float, received: float) -> None:
        """Keep the answer without a number."""
        del at, received
        self.blanks.append((*self.bound[handle], kind))

    async def commit(self) -> None:
        """Kept at once, or the error the test asked for."""
        if self.commit_error is not None:
            raise self.commit_error
        self.commits += 1

    def heard(self, messages: int, received: float) -> None:
        """Count."""
        del received
        self.messages += messages
        self._news.set()

    def refuse(self, reason: str, raw: bytes, received: float, count: int = 1) -> None:
        """Count and keep the raw message."""
        del received
        self.refused[reason] += count
        self.raw.append(raw)
        self._news.set()

    def transcript(
        self, got: bytes, received: float, *, sent: bytes = b"", fault: str = "", hidden: Sequence[str] = ()
    ) -> None:
        """Keep the exchange."""
        self.transcripts.append((sent, got, fault))
        self.kept.add(got, received, sent=sent, fault=fault, hidden=hidden)

    def sequence(self, source: str, seq: int, at: float, received: float) -> bool:
        """False for a repeat."""
        del at, received
        if (source, seq) in self.seen:
            self.duplicates += 1
            return False
        self.seen.add((source, seq))
        return True

    def hole(self, began: float, ended: float) -> None:
        """Keep the span."""
        self.holes.append((began, ended))

    def connected(self, detail: str = "") -> None:
        """Keep the state."""
        self.health.append(("ok", detail))
        self._news.set()

    def lost(self, detail: str) -> None:
        """Keep the state."""
        self.health.append(("lost", detail))
        self._news.set()

    async def until(self, condition: Callable[[RecordingInlet], bool], within: float = 20.0) -> None:
        """Wait for a condition on what was kept; TimeoutError when it does not come true."""
        async with asyncio.timeout(within):
            while not condition(self):
                self._news.clear()
                await self._news.wait()

    def of(self, metric: str, **labels: str) -> list[Sample]:
        """Samples of a metric whose labels contain these."""
        wanted = set(labels.items())
        return [sample for sample in self.samples if sample.metric == metric and wanted <= set(sample.labels)]
