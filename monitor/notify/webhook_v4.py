"""Alertmanager's webhook, version 4, without an Alertmanager: what any receiver of it takes, group by group.

Format: Alertmanager's documentation, configuration, webhook_config. A group is one alert name of one cutover; each
message tells all of its alerts that fire on this channel, and the one that has just changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from monitor.notify.alertmanager import NOTE, alert_of
from monitor.notify.channels import AlertmanagerWebhook
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome, failed
from monitor.notify.webhook import post
from monitor.secrets import SecretError

GROUPED_BY = ("alertname", "cutover")
"""Labels that make a group."""
MOST_ALERTS = 100
"""Alerts of one message; how many of its group are left out is in it, as `truncatedAlerts`."""
_FIRING_ENDS = "0001-01-01T00:00:00Z"
"""What stands for an end that is not known: Go's zero time, as Alertmanager writes it."""
_OFFSET, _PRIME = 14695981039346656037, 1099511628211
_MASK = 2**64 - 1


async def deliver(
    channel: AlertmanagerWebhook, message: Message, base: Path, now: float, beside: Iterable[Message] = ()
) -> Outcome:
    """Send what a message says of its group once. beside: what else fires on this channel. now: unix seconds."""
    if message.status == "note":
        return Outcome(delivered=True, again=False, wait=0.0, detail=NOTE)
    headers = {"User-Agent": "golive"}
    if channel.token is not None:
        try:
            headers["Authorization"] = f"Bearer {(await asyncio.to_thread(channel.token.read, base)).reveal()}"
        except SecretError as error:
            return failed(error)
    body = msgspec.json.encode(payload(channel.name, message, beside, now))
    return await post(channel, message.id, body, base, now, headers)


def payload(receiver: str, message: Message, beside: Iterable[Message], now: float) -> dict[str, Any]:
    """The JSON object. The message's own alert comes first; the others of its group follow, the newest first."""
    group = group_of(message)
    others = [one for one in beside if one.dedupe_key != message.dedupe_key and group_of(one) == group]
    told = [message, *sorted(others, key=lambda one: -one.at)]
    alerts = [alert(one, now) for one in told[:MOST_ALERTS]]
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{', '.join(f'{name}={_quoted(value)}' for name, value in group)}}}",
        "truncatedAlerts": max(len(told) - MOST_ALERTS, 0),
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "receiver": receiver,
        "groupLabels": dict(group),
        "commonLabels": _common([one["labels"] for one in alerts]),
        "commonAnnotations": _common([one["annotations"] for one in alerts]),
        "externalURL": next(iter(message.links.values()), ""),
        "alerts": alerts,
    }


def group_of(message: Message) -> tuple[tuple[str, str], ...]:
    """The labels by which a message belongs to others."""
    labels = alert_of(message, 0.0, 0.0)["labels"]
    return tuple((name, labels.get(name, "")) for name in GROUPED_BY)


def alert(message: Message, now: float) -> dict[str, Any]:
    """One alert of a group, with the labels and annotations that an Alertmanager would have been told."""
    made = alert_of(message, now, 0.0)
    resolved = message.status == "resolved"
    return {
        "status": "resolved" if resolved else "firing",
        "labels": made["labels"],
        "annotations": made["annotations"],
        "startsAt": made["startsAt"],
        "endsAt": made["endsAt"] if resolved else _FIRING_ENDS,
        "generatorURL": made.get("generatorURL", ""),
        "fingerprint": fingerprint(made["labels"]),
    }


def fingerprint(labels: dict[str, str]) -> str:
    """Alertmanager's identity of a set of labels: FNV-1a over names and values in order, each ended by the byte 255.

    Source: prometheus/common, model/signature.go, labelSetToFingerprint.
    """
    number = _OFFSET
    for name in sorted(labels):
        for text in (name, labels[name]):
            for byte in (*text.encode("utf-8", "replace"), 0xFF):
                number = (number ^ byte) * _PRIME & _MASK
    return f"{number:016x}"


def _common(parts: Sequence[dict[str, str]]) -> dict[str, str]:
    """What all of them say alike."""
    return {name: value for name, value in parts[0].items() if all(part.get(name) == value for part in parts)}


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
