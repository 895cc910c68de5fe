"""What screens show over time, over HTTP: bounded questions, names with any letters, and a daemon that follows nothing."""

from __future__ import annotations

import msgspec
import pytest

from tests.monitor.serving.boards import NOW
from tests.monitor.serving.desk import opened
from tests.monitor.serving.memory import Memory

PATHS = (
    "/api/v1/recent/queues",
    "/api/v1/recent/queues/sales-en",
    "/api/v1/recent/calls/trunk",
    "/api/v1/recent/calls/trunk/sbc-1",
    "/api/v1/recent/scores",
)


@pytest.mark.parametrize("path", PATHS)
async def test_a_daemon_that_follows_nothing_says_so(tmp_path, path) -> None:
    """404 with what it means and what to do, never an empty answer that looks like a quiet night."""
    async with opened(tmp_path) as house:
        house.services.recent = None
        reply = await house.ask("GET", path)
    assert reply.status == 404
    assert "follows nothing over time" in reply.text


async def test_what_is_asked_reaches_whoever_remembers(tmp_path) -> None:
    """Windows, labels and names with slashes, spaces and other letters arrive as they were meant."""
    memory = Memory()
    async with opened(tmp_path) as house:
        house.services.recent = memory
        for path in (
            "/api/v1/recent/queues",
            "/api/v1/recent/queues?seconds=3600",
            "/api/v1/recent/queues/sales%2Fen%20%E6%BC%A2",
            "/api/v1/recent/calls/site?seconds=300&split=1",
            "/api/v1/recent/calls/site/a%2Fb",
            "/api/v1/recent/scores",
        ):
            reply = await house.ask("GET", path)
            assert reply.status == 200, path
            assert msgspec.json.decode(reply.text)["at"] == NOW
    assert memory.asked == [(900.0,), (3600.0,), ("sales/en 漢",), ("site", 300.0, True), ("site", "a/b"), ("", "")]


@pytest.mark.parametrize("seconds", ["0", "-5", "1e9", "99999999", "", "x", "9" * 400])
async def test_an_impossible_window_is_refused(tmp_path, seconds) -> None:
    """What is not a number of seconds that can be meant is a 400 with the bounds."""
    async with opened(tmp_path) as house:
        house.services.recent = Memory()
        reply = await house.ask("GET", f"/api/v1/recent/queues?seconds={seconds}")
    assert reply.status == 400
    assert "whole number from 1" in reply.text
