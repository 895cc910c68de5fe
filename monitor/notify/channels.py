"""Channels that carry pages out of the daemon: configuration."""

from __future__ import annotations

from typing import TypeAlias

from monitor.plan import Section
from monitor.secrets import SecretRef
from monitor.units import Duration


class Webhook(Section, frozen=True, kw_only=True, tag="webhook", tag_field="kind"):
    """POST of one JSON object for each event to one address."""

    name: str
    url: str
    timeout: Duration = 5.0
    allow_loopback: bool = False
    """Loopback addresses are refused unless this says otherwise."""
    secret: SecretRef | None = None
    """Signs each request in the Standard Webhooks way: HMAC-SHA256 over id.timestamp.body."""


AnyChannel: TypeAlias = Webhook
