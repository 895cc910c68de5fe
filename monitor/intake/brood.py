"""Whose task is it: every task that a collector begins, however deep, is known to be its own, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
Factory: TypeAlias = Any

_OWNERS: WeakKeyDictionary[asyncio.Task[Any], str] = WeakKeyDictionary()
OWNER: ContextVar[Brood | None] = ContextVar("OWNER", default=None)
"""The collector in whose name the running code was begun; None outside of all collectors."""


class Brood:
    """The tasks of one collector that have not ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, task: asyncio.Task[Any]) -> None:
        """Keep a task until it ends."""
        self._tasks.add(task)
        _OWNERS[task] = self.name
        task.add_done_callback(self._tasks.discard)

    async def ended(self) -> None:
        """Wait until there is none left, however long that takes."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def clear(self, within: float) -> int:
        """Cancel what is left, and wait; returns how many tasks did not end within so many seconds."""
        left = {task for task in self._tasks if not task.done()}
        for task in left:
            task.cancel()
        if not left:
            return 0
        done, stuck = await asyncio.wait(left, timeout=within)
        for task in done:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not say that nobody did
        return len(stuck)


def owner_of(task: asyncio.Task[Any]) -> str:
    """The name of the collector that a task belongs to; empty when it is nobody's. May be asked by another thread."""
    return _OWNERS.get(task, "")


@contextmanager
def nobodys() -> Iterator[None]:
    """What is begun in here belongs to no collector, though one called for it."""
    token = OWNER.set(None)
    try:
        yield
    finally:
        OWNER.reset(token)


class Registry:
    """Notes the owner of each new task of an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._before: Factory = loop.get_task_factory()
        loop.set_task_factory(self._make)

    def close(self) -> None:
        """Leave the loop as it was."""
        if self._loop.get_task_factory() == self._make:
            self._loop.set_task_factory(self._before)

    def _make(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, T] | Generator[Any, None, T],
        **more: Any,  # noqa: ANN401 - the loop's own: context, and more in later versions
    ) -> asyncio.Future[T]:
        task: asyncio.Task[T]
        task = self._before(loop, work, **more) if self._before is not None else asyncio.Task(work, loop=loop, **more)
        owner = OWNER.get()
        if owner is not None:
            owner.add(task)
        return task
