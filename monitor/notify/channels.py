"""Channels that carry pages out of the daemon: configuration."""

from __future__ import annotations

from typing import Literal, TypeAlias

from monitor.plan import Section
from monitor.secrets import SecretRef
from monitor.units import Duration

Severity: TypeAlias = Literal["critical", "warning", "info"]


class Acks(Section, frozen=True, kw_only=True):
    """Acknowledgements that flow back: POST /api/v1/acks/{name of the channel}, signed by the service."""

    sender: Literal["pagerduty", "slack"]
    """Whose webhook it is: PagerDuty v3 (X-PagerDuty-Signature), or Slack's interactive messages (X-Slack-Signature)."""
    secret: SecretRef
    """The signing secret that the service shows where the webhook or the app is set up."""


class Channel(Section, frozen=True, kw_only=True):
    """What every channel has."""

    name: str
    least: Severity = "info"
    """Messages on what was never at least so severe are kept from this channel; what it was told, it is told the end of."""
    timeout: Duration = 5.0
    """Seconds for one attempt, all of it."""
    allow_loopback: bool = False
    """Loopback addresses are refused unless this says otherwise."""
    acks: Acks | None = None
    """Where people acknowledge over there."""


class Webhook(Channel, frozen=True, kw_only=True, tag="webhook", tag_field="kind"):
    """POST of one JSON object for each event to one address."""

    url: str
    secret: SecretRef | None = None
    """Signs each request in the Standard Webhooks way: HMAC-SHA256 over id.timestamp.body."""
    next_secret: SecretRef | None = None
    """Signs as well, while keys are rotated: the receiver may know either."""


class AlertmanagerWebhook(Webhook, frozen=True, kw_only=True, tag="alertmanager_webhook", tag_field="kind"):
    """The webhook of an Alertmanager, version 4, without one: for receivers that take what it sends."""

    token: SecretRef | None = None
    """Sent as Authorization: Bearer, which is what such receivers know; `secret` signs as well."""


class Slack(Channel, frozen=True, kw_only=True, tag="slack", tag_field="kind"):
    """A Slack incoming webhook; with `acks`, messages carry a button that acknowledges."""

    url: SecretRef
    """The webhook's address, which is a secret: who has it can post."""


class Alertmanager(Channel, frozen=True, kw_only=True, tag="alertmanager", tag_field="kind"):
    """POST of alerts to Alertmanagers, API v2. What fires is sent again until it is resolved."""

    urls: tuple[str, ...]
    """Addresses without /api/v2/alerts. All members of a cluster: each gets every alert, as Prometheus does it."""
    again: Duration = 60.0
    """Seconds between repetitions of what still fires."""
    lasts: Duration = 14400.0
    """Seconds after which Alertmanager may call an alert over of which it hears nothing more. Long, so that the death
    of golive does not look like a recovery."""
    token: SecretRef | None = None
    """Sent as Authorization: Bearer."""


class Apprise(Channel, frozen=True, kw_only=True, tag="apprise", tag_field="kind"):
    """Any service that the apprise library knows: PagerDuty, Opsgenie, Teams, mail, text messages ... (extra `notify`)."""

    url: SecretRef
    """Apprise's address of the service, which carries its keys; several, one a line."""
    timeout: Duration = 20.0
    """Seconds for one attempt, all of it."""


class Heartbeat(Section, frozen=True, kw_only=True, tag="heartbeat", tag_field="kind"):
    """A dead man's switch: tells a watcher outside that golive judges and can write, and falls silent when it does not."""

    name: str
    url: str = ""
    """Address of the watcher, where it is no secret."""
    secret_url: SecretRef | None = None
    """The same where it is one. Exactly one of both."""
    method: Literal["GET", "POST"] = "POST"
    every: Duration = 30.0
    """Seconds between beats: the watcher should raise the alarm after three of them."""
    timeout: Duration = 5.0
    """Seconds for one attempt, all of it."""
    allow_loopback: bool = False
    """Loopback addresses are refused unless this says otherwise."""


Carrier: TypeAlias = Webhook | AlertmanagerWebhook | Slack | Alertmanager | Apprise
"""Channels that carry messages."""
AnyChannel: TypeAlias = Webhook | AlertmanagerWebhook | Slack | Alertmanager | Apprise | Heartbeat


class Paging(Section, frozen=True, kw_only=True):
    """Who hears first, who hears when nobody answers, and what stands in a message beside the facts."""

    second: tuple[str, ...] = ()
    """Channels that are called only when nobody acknowledges in time, or when another channel does not get through."""
    acknowledge_within: Duration = 300.0
    """Seconds after which a critical page that nobody acknowledged goes to `second`."""
    remind: Duration = 300.0
    """Seconds between reminders while a decision waits for people; 0: none."""
    fall_back: Duration = 60.0
    """Seconds for which a channel may fail to deliver before `second` gets its messages too."""
    links: dict[str, str] = {}
    """Names and addresses that stand under each message, such as Board: https://golive.example/. {rule}, {scope} and
    {key} in an address are filled in."""
