"""Ties a child's life to its parent's: the parent holds the other end of a pipe, and only death lets go of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import NoReturn

GRACE = 8.0
"""Seconds a child has to end in good order after its parent is gone."""


def _watch(descriptor: int, ask: signal.Signals) -> NoReturn:
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), ask)
    time.sleep(GRACE)
    os._exit(70)


def tie(descriptor: int = 0, ask: signal.Signals = signal.SIGTERM) -> None:
    """End this process when `descriptor` reaches its end: first `ask` for it, after the grace without asking."""
    threading.Thread(target=_watch, args=(descriptor, ask), name="tie", daemon=True).start()
