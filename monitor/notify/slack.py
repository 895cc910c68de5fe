"""A message as Slack shows it: plain text that nothing in it can steer, configured links, a button to acknowledge."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from monitor.notify.channels import Slack
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome, failed, judged
from monitor.notify.webhook import allow_entry
from monitor.outbound.addresses import Forbidden
from monitor.outbound.http import RequestError, request
from monitor.secrets import SecretError

ACTION = "golive_ack"
"""Name of the button, by which its press is known when it comes back."""
_SECTION = 2900
"""Characters of a block; Slack takes 3000."""


async def deliver(channel: Slack, message: Message, base: Path, now: float) -> Outcome:
    """Post a message once; the address, which is a secret, is in no answer of this. now: unix seconds."""
    url = ""
    try:
        url = (await asyncio.to_thread(channel.url.read, base)).reveal().strip()
        answer = await request(
            "POST",
            url,
            allow_hosts=(allow_entry(url, loopback=channel.allow_loopback),),
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(payload(message, button=channel.acks is not None)),
            timeout=channel.timeout,
        )
    except (RequestError, SecretError, Forbidden) as error:
        return failed(error, hidden=url)
    return judged(answer, now)


def payload(message: Message, *, button: bool) -> dict[str, Any]:
    """The JSON of a message.

    What golive says stands in plain_text objects, which Slack does not parse; the fallback line for notifications,
    which it does parse, is escaped as Slack asks (& < >), so that <!channel> and links stay letters.
    """
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": _plain(message.summary)},
    ]
    if message.body:
        blocks.append({"type": "section", "text": _plain(message.body)})
    if message.links:
        words = "  ".join(f"<{_address(url)}|{escape(name)}>" for name, url in message.links.items())
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": words[:_SECTION], "verbatim": True}]})
    if button and message.status == "firing" and message.event == "alert":
        press = {
            "type": "button",
            "action_id": ACTION,
            "text": _plain("Acknowledge"),
            "value": message.dedupe_key[:2000],
        }
        blocks.append({"type": "actions", "elements": [press]})
    return {
        "text": escape(message.summary),
        "link_names": False,
        "parse": "none",
        "unfurl_links": False,
        "blocks": blocks,
    }


def escape(text: str) -> str:
    """The three characters that Slack's markup is made of, as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _address(url: str) -> str:
    return url.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:_SECTION], "emoji": False}
