"""Can we listen where telephones report to, with room enough for a burst, and are the certificates there?"""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.sip_quality.listening import Listen
from monitor.intake.probing import Check, fail, ok, sentence, taken, warn
from monitor.intake.source import Misconfigured

if TYPE_CHECKING:
    from collectors.sip_quality.collector import SipQuality


async def probe(source: SipQuality, base: Path) -> list[Check]:
    """Listen at each address for a moment. Who reports is tried by reporting."""
    checks = []
    for part in source.listen:
        checks += await _listened(part, source.receive_buffer, base)
    return checks


async def _listened(part: Listen, receive_buffer: int, base: Path) -> list[Check]:
    try:
        if part.tls is not None:
            await asyncio.to_thread(part.tls.context, base)
        line = await part.open(receive_buffer)
    except Misconfigured as error:
        return [sentence("listen", error)]
    except OSError as error:
        found = sentence("listen", error)
        in_use = error.errno == errno.EADDRINUSE
        return [taken("listen", found.words, found.next) if in_use else fail("listen", found.words, found.next)]
    with line:
        # The kernel counts its own bookkeeping and tells twice what was asked for (socket(7), SO_RCVBUF).
        room = line.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
    checks = [ok("listen", f"{part.where} is ours to listen on")]
    if part.transport == "udp" and room < receive_buffer:
        words = f"{part.where}: the kernel keeps {room} bytes, not {receive_buffer}: reports of a burst would be lost"
        checks.append(warn("buffer", words, f"sysctl -w net.core.rmem_max={receive_buffer}"))
    return checks
