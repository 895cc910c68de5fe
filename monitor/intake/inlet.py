"""The one opening through which a collector hands over what it heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from monitor.model import Labels

Handles: TypeAlias = Sequence[int] | npt.NDArray[np.int64]
Numbers: TypeAlias = Sequence[float] | npt.NDArray[np.float64]


class Inlet(Protocol):
    """Given to a collector's `run`; one a collector, so that every count has an owner.

    Calls are plain and never block. A collector binds a series once and emits columns afterwards, since at
    100,000 samples a second an object a sample costs more than judging it.
    """

    @property
    def base(self) -> Path:
        """Folder that relative paths in the collector's configuration are relative to."""
        ...

    def series(self, metric: str, labels: Labels) -> int:
        """A handle of a series for `emit`, or -1 when it was refused (counted: unknown metric, cap reached).

        Label values must be clean (monitor.text.clean_label). The handle stays valid for this process.
        """
        ...

    def emit(self, handles: Handles, values: Numbers, times: Numbers, received: float) -> int:
        """Hand over samples as three columns of one length; returns how many were taken.

        values: base units. times: the source's clock, unix seconds. received: our clock, unix seconds.
        Samples that are not finite, out of the metric's range, more than 5 s ahead of `received` or older than
        the ring are quarantined and counted by reason, the others are staged for the store. Handles of -1
        are passed over.
        """
        ...

    def blank(self, handle: int, kind: Literal["empty", "null", "error"], at: float, received: float) -> None:
        """Say that there is no number: nothing was found (empty), it cannot be computed (null), nobody answered (error).

        Its times are held to the same bounds as a sample's.
        """
        ...

    async def commit(self) -> None:
        """Return once all that was emitted is in the store and, where recording is on, on disk.

        A collector whose protocol acknowledges awaits this before it acknowledges.
        """
        ...

    def heard(self, messages: int, received: float) -> None:
        """Count messages that arrived, whatever they held."""
        ...

    def refuse(self, reason: str, raw: bytes, received: float, count: int = 1) -> None:
        """Count a message that could not be used and keep its newest example, escaped.

        reason: one of a small fixed vocabulary: malformed, too_large, unknown_metric, wrong_type, no_time, foreign.
        A kind may add words of its own for what it drops beside whole messages; its README explains them.
        count: how many such messages, where a flood makes a call for each too dear.
        """
        ...

    def transcript(
        self, got: bytes, received: float, *, sent: bytes = b"", fault: str = "", hidden: Sequence[str] = ()
    ) -> None:
        """Keep a raw exchange for people who look into the collector: the newest of each second, and every one that failed.

        Cheap enough for every exchange; a collector that hears thousands of messages a second hands over one of a batch.
        What is refused (`refuse`) is kept without a further call. got: what came. sent: what was asked, empty for
        a source that speaks by itself. fault: why it failed, one word or a short clause; empty when it did not.
        hidden: values beside the secrets that may never be shown, such as those that an answer gave for later requests.
        """
        ...

    def sequence(self, source: str, seq: int, at: float, received: float) -> bool:
        """Note a source's sequence number; gaps are counted exactly. False when it is a duplicate.

        at: the message's own time, which tells a redelivery from a source that counts anew. Note a message's number
        before its samples are emitted, and emit them before anything is awaited: both reach the disk as one.
        """
        ...

    def hole(self, began: float, ended: float) -> None:
        """Say that what was published between these times (unix seconds) is lost, nobody knows how much."""
        ...

    def connected(self, detail: str = "") -> None:
        """The source can be heard: health becomes ok."""
        ...

    def lost(self, detail: str) -> None:
        """The source cannot be heard for now and the collector goes on by itself: health becomes retrying."""
        ...
