"""Named points at which a test may stop, slow or break the program; inert unless GOLIVE_FAILPOINTS is set.

`GOLIVE_FAILPOINTS="step.after_send=kill,store.before_commit=sleep:200"`; `name=action@2` acts from the second
time the point is reached. kill is SIGKILL to this process: nothing is flushed, no handler runs. stop is SIGSTOP:
the process stands still until somebody sends SIGCONT.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import time

VARIABLE = "GOLIVE_FAILPOINTS"


class FailpointError(Exception):
    """Raised on purpose at a point set to `raise`."""


_reached: dict[str, int] = {}


def _due(name: str) -> str:
    setting = os.environ.get(VARIABLE)
    if not setting:
        return ""
    for part in setting.split(","):
        point, _, action = part.strip().partition("=")
        if point != name:
            continue
        action, _, nth = action.partition("@")
        _reached[name] = _reached.get(name, 0) + 1
        return action if _reached[name] >= int(nth or "1") else ""
    return ""


def _act(name: str, action: str) -> float:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if action == "raise":
        raise FailpointError(name)
    if action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
    return float(action.removeprefix("sleep:")) / 1000 if action.startswith("sleep:") else 0.0


async def reach(name: str) -> None:
    """Say that a coroutine is at the point `name`; does nothing unless a test asked for it."""
    if action := _due(name):
        await asyncio.sleep(_act(name, action))


def reach_in_thread(name: str) -> None:
    """The same for code on a thread of its own; never call it on the event loop, a sleep would stop the loop."""
    if action := _due(name):
        time.sleep(_act(name, action))
