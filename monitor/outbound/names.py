"""Host names to addresses, in threads of their own: a name server that says nothing holds up nobody else's lookups."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor

THREADS = 32
"""Lookups under way at once; one a name, so that a dead name takes one thread however often it is asked."""


class Names:
    """Looks names up. One object a collector; `close` it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="names")
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a host. OSError (socket.gaierror) when it has none.

        May be cancelled: the lookup goes on for those who ask next.
        """
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        key = host, port
        asked = self._asked.get(key)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = self._asked[key] = loop.run_in_executor(self._threads, _look, host, port)
            asked.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(asked)

    def _answered(self, key: tuple[str, int], done: asyncio.Future[list[str]]) -> None:
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()  # seen here, so that nobody who waited no longer makes a noise of it

    def close(self) -> None:
        """Ask nothing more; lookups that hang end with the name server's patience."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
