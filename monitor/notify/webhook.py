"""One POST of one message to one address, signed so that the receiver knows whom it comes from."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from monitor.notify.channels import Webhook
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome, failed, judged
from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.http import RequestError, request
from monitor.secrets import SecretError

_PREFIX = "whsec_"
_HEADER_SAFE = " !#$&'()*+,-./:;=?@_~"
"""What an id may hold in a header as it is; anything else, such as an accent in a cutover's name, is percent-encoded."""


async def deliver(channel: Webhook, message: Message, base: Path, now: float) -> Outcome:
    """Send a message once. Never raises for what the receiver, the network or the configuration does.

    base: folder that the secret's path is relative to. now: unix seconds.
    """
    return await post(channel, message.id, msgspec.json.encode(message), base, now)


async def post(
    channel: Webhook, identity: str, body: bytes, base: Path, now: float, more: Mapping[str, str] | None = None
) -> Outcome:
    """POST a body once, signed where the channel has a secret. identity: the same in each attempt. more: headers."""
    identity = quote(identity, safe=_HEADER_SAFE)
    try:
        headers = {
            **(more or {}),
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now)),
        }
        keys = [key for key in (channel.secret, channel.next_secret) if key is not None]
        if keys:
            secrets = [await asyncio.to_thread(key.read, base) for key in keys]
            signed = [signature(secret.reveal(), identity, int(now), body) for secret in secrets]
            headers["webhook-signature"] = " ".join(signed)
        answer = await request(
            "POST",
            channel.url,
            allow_hosts=(allow_entry(channel.url, loopback=channel.allow_loopback),),
            headers=headers,
            body=body,
            timeout=channel.timeout,
        )
    except (RequestError, SecretError, Forbidden) as error:
        return failed(error)
    return judged(answer, now)


def signature(secret: str, identity: str, timestamp: int, body: bytes) -> str:
    """The webhook-signature header of Standard Webhooks 1.0: v1, HMAC-SHA256 over id.timestamp.body, base64.

    A secret that begins with whsec_ is base64 after that, as the specification writes secrets; any other is taken
    as its own bytes.
    """
    key = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error as error:
            raise SecretError("a webhook secret that begins with whsec_ must be base64 after that") from error
    signed = hmac.new(key, b"%s.%d.%s" % (identity.encode(), timestamp, body), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def allow_entry(url: str, *, loopback: bool) -> str:
    """The outbound policy's entry for a channel's address: its own host.

    With its port, which lets it be loopback, only where the channel allows that and names loopback itself.

    Raises:
        Forbidden: the address is no http or https URL.
    """
    target = target_of(url)
    bare = f"[{target.host}]" if ":" in target.host else target.host
    return target.shown if loopback and _is_loopback(target.host) else bare


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
