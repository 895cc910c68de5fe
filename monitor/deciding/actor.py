"""A task with an inbox: commands are done one at a time, in order, and their callers get the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from monitor.deciding.ledger import JournalError
from monitor.serving.acts import Refusal

log = logging.getLogger("golive.deciding")

MOST = 1000
"""Commands that may wait; further ones are refused."""

T = TypeVar("T")


class Inbox(Generic[T]):
    """Commands of one owner. A command that fails answers its caller; it never ends the task."""

    def __init__(self, name: str, on_error: Callable[[Exception], Awaitable[None]]) -> None:
        self._name = name
        self._on_error = on_error
        self._commands: asyncio.Queue[tuple[Callable[[], Awaitable[Any]], asyncio.Future[T] | None]] = asyncio.Queue()

    async def ask(self, command: Callable[[], Awaitable[T]]) -> T:
        """Have a command done and await its answer; a caller who goes away does not undo it."""
        if self._commands.qsize() >= MOST:
            raise Refusal(503, f"{MOST} commands wait already", "wait a moment, then look again")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._commands.put_nowait((command, answer))
        return await answer

    def tell(self, command: Callable[[], Awaitable[object]]) -> None:
        """Have a command done without waiting. The caller bounds how many of these there are."""
        self._commands.put_nowait((command, None))

    async def serve_one(self) -> None:
        """Wait for the next command and do it."""
        command, answer = await self._commands.get()
        try:
            done = await command()
        except Refusal as refusal:
            _fail(answer, refusal)
        except JournalError as error:
            await self._trouble(error)
            _fail(answer, Refusal(503, f"not done: {error}", "free the disk, then try again"))
        except Exception as error:  # noqa: BLE001 - the owner goes on, whatever one command ran into
            await self._trouble(error)
            _fail(answer, Refusal(500, f"not done: {type(error).__name__}: {error}", "see the daemon's log"))
        else:
            if answer is not None and not answer.done():
                answer.set_result(done)

    async def _trouble(self, error: Exception) -> None:
        try:
            await self._on_error(error)
        except Exception:
            log.exception("%s: handling %r failed", self._name, error)

    def refuse_all(self, why: str) -> None:
        """Answer everybody who still waits."""
        while not self._commands.empty():
            _, answer = self._commands.get_nowait()
            _fail(answer, Refusal(503, why, "try again"))


def _fail(answer: asyncio.Future[T] | None, refusal: Refusal) -> None:
    if answer is not None and not answer.done():
        answer.set_exception(refusal)
