"""The ways on which people are paged: a connection each, and with --send one message that says it is a trial."""

from __future__ import annotations

import time
from pathlib import Path

from monitor.config import Config
from monitor.doctor.reaching import Place, reach_all
from monitor.intake.probing import Check, Probed, fail, ok, sentence, warn
from monitor.notify.channels import Webhook
from monitor.notify.delivery import deliver
from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.outbound.addresses import Forbidden, target_of
from monitor.plan import Section
from monitor.text import clean


async def channel_checks(config: Config, base: Path, *, send: bool) -> list[Check]:
    """Each channel. send: whether to page for real."""
    if not config.notify:
        return [warn("channel", "there is none: nobody is paged, whatever happens", "add one under notify")]
    checks: list[Check] = []
    for channel in config.notify:
        checks += await _channel(channel, config, base, send=send)
    return checks


async def _channel(channel: Section, config: Config, base: Path, *, send: bool) -> list[Check]:
    if not isinstance(channel, Webhook):
        if isinstance(channel, Probed):
            return await channel.probe(base)
        name = getattr(channel, "name", "")
        return [warn("channel", f"{name}: this kind cannot be tried without a message", "run it with --send")]
    if send:
        outcome = await deliver(channel, _trial(config), base, time.time())
        words = f"{channel.name}: {outcome.detail}"
        if outcome.delivered:
            return [ok("message", words)]
        return [fail("message", f"{words}; nobody would be paged by it", "check url and secret of this channel")]
    try:
        target = target_of(channel.url)
    except Forbidden as error:
        return [sentence("channel", error)]
    return await reach_all([Place(target, target.port, channel.name)], what="channel")


def _trial(config: Config) -> Message:
    cutover, now = config.cutover, time.time()
    words = "this is a trial by golive doctor: nothing has happened, nothing need be done"
    return Message(
        id=f"{cutover.name}-doctor-{int(now * 1000)}",
        dedupe_key=f"{cutover.name}/doctor",
        at=now,
        environment=cutover.environment,
        cutover=cutover.name,
        severity="info",
        summary=clean(f"INFO {cutover.environment} {words}", SUMMARY_LENGTH),
        event="trial",
        object="doctor",
        state="trial",
        details={"text": words},
    )
