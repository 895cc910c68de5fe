"""A bound on the processor time of a piece of work, for patterns that people type and that may have no end.

Python's pattern matcher lets nothing else run while it works, but it stops for a signal. The kernel sends one after so
much processor time of this process; what waits for a disk or for other programs costs none.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlow(Exception):  # noqa: N818 - a bound that was reached is an answer
    """The work took more processor time than it may."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Do what follows, or raise TooSlow once it took so many seconds. In the main thread only; not one in another."""
    working = True

    def over(_number: int, _frame: FrameType | None) -> None:
        if working:
            raise TooSlow

    before = signal.signal(signal.SIGVTALRM, over)
    rest, every = signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        try:
            yield
        finally:
            working = False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, rest, every)
        signal.signal(signal.SIGVTALRM, before)
