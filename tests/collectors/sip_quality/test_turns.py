"""A flood's share of the event loop: pieces that rest, one at a time."""

from __future__ import annotations

import asyncio
import time

from collectors.sip_quality.turns import PIECE, Turns


def busy() -> None:
    """Keep the processor for one piece."""
    end = time.thread_time() + PIECE
    while time.thread_time() < end:
        pass


async def test_work_without_end_leaves_a_third_of_the_loop() -> None:
    """After what was saved up, half as much rest as work lies between the pieces, whichever line they come from."""
    turns, pieces = Turns(), 60
    begun = time.perf_counter()

    async def line() -> None:
        for _ in range(pieces // 2):
            await turns.take(busy)

    await asyncio.gather(line(), line())
    work = pieces * PIECE
    assert time.perf_counter() - begun > work + 0.3 * work


async def test_the_others_come_between_two_pieces() -> None:
    """Another task of the loop runs after each piece, also while work may go on without a rest."""
    turns, beats = Turns(), 0
    seen = []

    async def other() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    for _ in range(5):
        await turns.take(lambda: seen.append(beats))
    task.cancel()
    assert sorted(set(seen)) == seen
