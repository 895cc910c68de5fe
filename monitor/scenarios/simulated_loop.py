"""An event loop whose clock only the script turns: nothing sleeps, no thread runs, the same steps in the same order.

The program's own timers (a retry's wait, the grace after an abort) run on the script's time. What would go to a
thread is done at once, in its turn: nothing else could happen meanwhile.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")


class Stuck(RuntimeError):  # noqa: N818 - says what is at fault, reads better without the suffix
    """Something waits for what can never come in simulated time, such as an answer from the network."""


class _Selector(selectors.BaseSelector):
    """Asks for nothing outside; told to wait, it says that the loop is idle instead."""

    def __init__(self) -> None:
        self._files: dict[FileDescriptorLike, selectors.SelectorKey] = {}
        self.idle: asyncio.Future[None] | None = None

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401 - the protocol's
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._files[fileobj] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._files.pop(fileobj)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._files

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        if self.idle is None or self.idle.done():
            raise Stuck("a scenario waits for something that its own time cannot bring")
        self.idle.set_result(None)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Its time is seconds since the scenario began."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        """Turned by the script, forward only."""
        self._idle = _Selector()
        super().__init__(self._idle)

    def time(self) -> float:
        """The script's time."""
        return self.elapsed

    async def settled(self) -> None:
        """Return when nothing is left to do before the clock moves on."""
        self._idle.idle = self.create_future()
        await self._idle.idle

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]  # noqa: ANN401, ARG002 - the loop's own signature; done here, in its turn
        """Do it now."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits it
            future.set_exception(error)
        return future
