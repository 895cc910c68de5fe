"""From a host's name to addresses that may be spoken to: asked once, checked, and kept."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Collection

from monitor.outbound.addresses import Target, allowed, cleared

PATIENCE = 10.0
"""Seconds that a name server may take."""


async def reached(target: Target, allow_hosts: Collection[str]) -> tuple[str, ...]:
    """The addresses of an allowed target, for connecting to exactly these; the name is not asked a second time.

    Raises:
        Forbidden: not in allow_hosts, or one of the addresses may not be sent to.
        OSError: the name cannot be resolved, or not in time.
    """
    entry = allowed(target, allow_hosts)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise OSError(errno.ETIMEDOUT, f"{target.host} was not resolved within {PATIENCE:g} s") from error
    return cleared(target, entry, [str(address[0]) for *_, address in found])
