"""`golive alert test`: whether the channels that page people work, before the night in which they must."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from monitor.cli.asking import FAILED, USAGE, fail, say
from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.notify.channels import AnyChannel, Heartbeat
from monitor.notify.delivery import deliver
from monitor.notify.heartbeat import beat
from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.notify.outcome import Outcome
from monitor.text import clean

INVALID = 3


def trial(
    *,
    channel: Annotated[tuple[str, ...], Parameter(help="Name under notify; none: every channel.")] = (),
    config: Annotated[Path, Parameter(help="The configuration.")] = Path(DEFAULT),
) -> int:
    """Send a test message over channels, each once, and say what came back. Exit code 1 when one did not take it."""
    loaded = read(config)
    if loaded.value is None:
        return fail(f"{clean(str(config))} has mistakes; next: golive check {clean(str(config))}", INVALID)
    known = {one.name: one for one in loaded.value.notify}
    if missing := [name for name in channel if name not in known]:
        have = ", ".join(sorted(known)) or "there is none"
        return fail(f"there is no channel {clean(', '.join(missing))}; under notify: {have}", USAGE)
    if not known:
        return fail("there is no channel, so nobody can be paged; next: write one under notify", USAGE)
    chosen = [known[name] for name in channel] or list(known.values())
    outcomes = asyncio.run(_try(chosen, loaded))
    for one, outcome in zip(chosen, outcomes, strict=True):
        say(f"{one.name}: {'ok, ' if outcome.delivered else 'NOT delivered, '}{outcome.detail}")
    return 0 if all(outcome.delivered for outcome in outcomes) else FAILED


async def _try(chosen: list[AnyChannel], loaded: LoadedConfig) -> list[Outcome]:
    now = time.time()
    return list(await asyncio.gather(*(_one(channel, loaded, now) for channel in chosen)))


async def _one(channel: AnyChannel, loaded: LoadedConfig, now: float) -> Outcome:
    if isinstance(channel, Heartbeat):
        return await beat(channel, loaded.folder, now)
    return await deliver(channel, message(channel.name, loaded, now), loaded.folder, now)


def message(channel: str, loaded: LoadedConfig, now: float) -> Message:
    """A message that says that it is a test. now: unix seconds."""
    assert loaded.value is not None  # noqa: S101 - a configuration with findings is refused before
    cutover = loaded.value.cutover
    words = f"test of channel {channel} by golive alert test: if you read this, it works; nothing is wrong"
    return Message(
        id=f"{cutover.name}-test-{channel}-{int(now * 1000)}",
        dedupe_key=f"{cutover.name}/test/{channel}",
        at=now,
        environment=cutover.environment,
        cutover=cutover.name,
        severity="info",
        summary=clean(f"TEST {cutover.environment} {words}", SUMMARY_LENGTH),
        event="test",
        object=f"channel/{channel}",
        state="test",
        status="firing",
        starts_at=now,
        alert="GoliveTest",
        labels={"channel": channel},
        links=loaded.value.paging.links,
        body=words,
        details={"text": words},
    )
