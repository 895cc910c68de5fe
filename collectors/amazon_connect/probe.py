"""Does Amazon answer, with these keys, for this instance? One small question, within the account's shared budget."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.amazon_connect import queues
from collectors.amazon_connect.budget import budget
from collectors.amazon_connect.readings import moment, tail
from collectors.amazon_connect.settings import instance
from collectors.amazon_connect.wire import Unanswered, wire_of
from monitor.intake.probing import Check, clock, fail, ok, sentence, warn
from monitor.intake.source import Misconfigured
from monitor.outbound.names import Names
from monitor.secrets import SecretError

if TYPE_CHECKING:
    from collectors.amazon_connect.collector import AmazonConnect

_NEXT = "see `credentials`, `instance` and `endpoint_url` of this collector, and the way out to the internet"


async def probe(source: AmazonConnect, base: Path) -> list[Check]:
    """Ask for one queue where something is asked; read the key where events are taken."""
    checks: list[Check] = []
    if source.events is not None:
        try:
            await asyncio.to_thread(source.events.key.read, base)
        except SecretError as error:
            checks.append(sentence("events", error))
        else:
            checks.append(ok("events", "the key can be read; who sends events is tried by sending one"))
    return [*checks, *await _asked(source, base)] if source.ask else checks


async def _asked(source: AmazonConnect, base: Path) -> list[Check]:
    here = instance(source.instance)
    region = source.region or here.region
    names = Names()
    try:
        wire = await wire_of(source, region, base, names)
        bucket = budget(here.account, region).join("metrics", source.limits.rate("metrics"))
        first = tail(next(iter(source.queues)))
        given = queues.current_request(source.instance, [first], source.channels, queues.NOW, grouped=True)
        answer = await wire.ask("GetCurrentMetricData", given, bucket)
    except Misconfigured as error:
        return [sentence("login", error)]
    except Unanswered as error:
        if error.cause == "throttled":
            return [warn("answer", f"{error}: the account's quota is used up by others", "see `limits`")]
        return [fail("answer", f"{error}: nothing would be known of the target platform", _NEXT)]
    finally:
        names.close()
    at = moment(answer.get("DataSnapshotTime"))
    found = ok("answer", f"{wire.where} answers for queue {source.queues[next(iter(source.queues))]}")
    # Amazon's snapshot is up to a few seconds old by design.
    return [found] if at is None else [found, clock(at, time.time(), "Amazon Connect", precision=15.0)]
