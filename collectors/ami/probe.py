"""Does the PBX let us in, and has it the queues that are watched?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.ami.session import AmiError, Session
from monitor.intake.probing import Check, fail, ok, sentence, warn
from monitor.intake.source import Misconfigured
from monitor.outbound.tls import TlsError
from monitor.secrets import SecretError

if TYPE_CHECKING:
    from collectors.ami.collector import Ami


async def probe(source: Ami, base: Path) -> list[Check]:
    """Log in, ask for the queues, and leave."""
    where = f"{source.host}:{source.real_port}"
    try:
        secret = (await asyncio.to_thread(source.secret.read, base)).reveal()
        tls = await asyncio.to_thread(source.tls.context, base) if source.tls is not None else None
        session = Session(
            source.host,
            source.real_port,
            tls,
            patience=source.timeout,
            on_event=lambda _: None,
            on_piece=lambda _, __: None,
        )
        async with session:
            await session.login(source.username, secret)
            summary = await session.ask("QueueSummary")
    except (SecretError, TlsError, Misconfigured, AmiError) as error:
        found = sentence("login", error)
        return [fail("login", f"{where}: {found.words}", found.next)]
    there = {item.get("queue", "") for item in summary} - {""}
    checks = [ok("login", f"{where} ({session.release}) lets {source.username} in")]
    if missing := sorted(set(source.queues) - there):
        words = f"{where} has no queue {', '.join(missing)}: what is judged by it will be UNKNOWN"
        checks.append(fail("queues", words, f"check `queues`; there are {', '.join(sorted(there)) or 'none'}"))
    elif not there:
        checks.append(warn("queues", f"{where} has no queue at all", "check that app_queue is loaded there"))
    else:
        checks.append(ok("queues", f"{where} has {len(there)} queues, those that are watched among them"))
    return checks
