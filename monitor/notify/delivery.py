"""One attempt to deliver one message, whatever kind its channel is of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from monitor.notify import alertmanager, apprising, slack, webhook, webhook_v4
from monitor.notify.channels import Alertmanager, AlertmanagerWebhook, Apprise, Carrier, Slack
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome


async def deliver(
    channel: Carrier, message: Message, base: Path, now: float, beside: Iterable[Message] = ()
) -> Outcome:
    """Send a message once. Never raises for what the receiver, the network or the configuration does.

    base: folder that secrets' paths are relative to. now: unix seconds. beside: what else fires on this channel, for
    kinds that tell a whole group at once.
    """
    if isinstance(channel, Alertmanager):
        return await alertmanager.deliver(channel, message, base, now)
    if isinstance(channel, Apprise):
        return await apprising.deliver(channel, message, base, now)
    if isinstance(channel, Slack):
        return await slack.deliver(channel, message, base, now)
    if isinstance(channel, AlertmanagerWebhook):
        return await webhook_v4.deliver(channel, message, base, now, beside)
    return await webhook.deliver(channel, message, base, now)
