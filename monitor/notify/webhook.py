"""One POST of one message to one address: what is sent, and what an answer means for the next attempt."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from monitor.notify.channels import Webhook
from monitor.notify.message import Message
from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.http import Answer, RequestError, request
from monitor.secrets import SecretError
from monitor.text import clean

LONGEST_WAIT = 300.0
"""Most seconds that a receiver can make us wait by Retry-After: a page is no use tomorrow."""
_AGAIN = frozenset({408, 409, 425, 429})
_PREFIX = "whsec_"
_SHOWN = 200
_HEADER_SAFE = " !#$&'()*+,-./:;=?@_~"
"""What an id may hold in a header as it is; anything else, such as an accent in a cutover's name, is percent-encoded."""


class Outcome(NamedTuple):
    """What one attempt came to."""

    delivered: bool
    again: bool
    """Whether another attempt can help."""
    wait: float
    """Least seconds until then, as the receiver asked."""
    detail: str
    reached: Literal["yes", "no", "unknown"] = "yes"
    """Whether the receiver got it, whatever it made of it."""


async def deliver(channel: Webhook, message: Message, base: Path, now: float) -> Outcome:
    """Send a message once. Never raises for what the receiver, the network or the configuration does.

    base: folder that the secret's path is relative to. now: unix seconds.
    """
    body = msgspec.json.encode(message)
    identity = quote(message.id, safe=_HEADER_SAFE)
    try:
        headers = {"Content-Type": "application/json", "webhook-id": identity, "webhook-timestamp": str(int(now))}
        if channel.secret is not None:
            secret = await asyncio.to_thread(channel.secret.read, base)
            headers["webhook-signature"] = signature(secret.reveal(), identity, int(now), body)
        answer = await request(
            "POST",
            channel.url,
            allow_hosts=(allow_entry(channel),),
            headers=headers,
            body=body,
            timeout=channel.timeout,
        )
    except (RequestError, SecretError) as error:
        reached: Literal["no", "unknown"] = "unknown" if isinstance(error, RequestError) and error.sent else "no"
        return Outcome(delivered=False, again=True, wait=0.0, detail=clean(str(error), _SHOWN), reached=reached)
    except Forbidden as error:
        return Outcome(delivered=False, again=False, wait=0.0, detail=clean(str(error), _SHOWN), reached="no")
    return judged(answer, now)


def judged(answer: Answer, now: float) -> Outcome:
    """What a status means: 2xx is delivered; 5xx, 408, 409, 425 and 429 may pass; the rest will not."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - success, RFC 9110 15.3
        return Outcome(delivered=True, again=False, wait=0.0, detail=f"delivered ({status})")
    if status >= 500 or status in _AGAIN:  # noqa: PLR2004 - server errors, RFC 9110 15.6
        return Outcome(
            delivered=False, again=True, wait=wait_of(answer.retry_after, now), detail=f"the receiver answered {status}"
        )
    if 300 <= status < 400:  # noqa: PLR2004 - redirections, RFC 9110 15.4
        words = f"the receiver answered {status}, and redirects are not followed; next: put its final address in golive.yaml"
    else:
        words = f"the receiver refuses it: {status}; next: check url and secret of this channel"
    return Outcome(delivered=False, again=False, wait=0.0, detail=words)


def wait_of(retry_after: str, now: float) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110 10.2.3), 0 when it says nothing usable, at most 300."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - now), LONGEST_WAIT)


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


def allow_entry(channel: Webhook) -> str:
    """The outbound policy's entry for a channel: its own host.

    With its port, which lets it be loopback, only where the channel allows that and names loopback itself.

    Raises:
        Forbidden: the address is no http or https URL.
    """
    target = target_of(channel.url)
    bare = f"[{target.host}]" if ":" in target.host else target.host
    return target.shown if channel.allow_loopback and _is_loopback(target.host) else bare


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
