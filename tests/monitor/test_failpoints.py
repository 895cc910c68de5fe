"""Failpoints: inert by default, exact when asked for."""

from __future__ import annotations

import asyncio
import errno
import time

import pytest

from monitor import failpoints


async def test_nothing_happens_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable, and for other names, a point does nothing."""
    await failpoints.reach("step.after_send")
    monkeypatch.setenv(failpoints.VARIABLE, "step.before_done=raise")
    await failpoints.reach("step.after_send")
    with pytest.raises(failpoints.FailpointError, match=r"step\.before_done"):
        await failpoints.reach("step.before_done")


async def test_each_action_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """sleep waits, enospc is a full disk, and @2 acts from the second time on."""
    monkeypatch.setenv(failpoints.VARIABLE, "a=sleep:30, b=enospc,c=raise@2")
    began = time.monotonic()
    await failpoints.reach("a")
    assert time.monotonic() - began >= 0.03
    with pytest.raises(OSError, match="No space") as full:
        await asyncio.to_thread(failpoints.reach_in_thread, "b")
    assert full.value.errno == errno.ENOSPC
    await failpoints.reach("c")
    with pytest.raises(failpoints.FailpointError):
        await failpoints.reach("c")
