"""Alerts to Alertmanagers, API v2: what fires and what is resolved, to every member of a cluster."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from monitor.notify.channels import Alertmanager
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome, failed, judged
from monitor.notify.webhook import allow_entry
from monitor.outbound.addresses import Forbidden
from monitor.outbound.http import RequestError, request
from monitor.secrets import SecretError

_TEST_LASTS = 60.0
"""Seconds for which a test message fires."""
NOTE = "a note, which an Alertmanager has no place for"


async def deliver(channel: Alertmanager, message: Message, base: Path, now: float) -> Outcome:
    """Send what a message says to all Alertmanagers at once; delivered when one of them took it.

    The others hear of it with the next repetition. Never raises for what receivers do. now: unix seconds.
    """
    if message.status == "note":
        return Outcome(delivered=True, again=False, wait=0.0, detail=NOTE)
    body = msgspec.json.encode([alert_of(message, now, channel.lasts)])
    headers = {"Content-Type": "application/json"}
    if channel.token is not None:
        try:
            token = await asyncio.to_thread(channel.token.read, base)
        except SecretError as error:
            return failed(error)
        headers["Authorization"] = f"Bearer {token.reveal()}"
    outcomes = await asyncio.gather(*(_post(channel, url, headers, body, now) for url in channel.urls))
    took = [outcome for outcome in outcomes if outcome.delivered]
    rest = [f"{url}: {o.detail}" for url, o in zip(channel.urls, outcomes, strict=True) if not o.delivered]
    if took:
        missing = f"; not by {'; '.join(rest)}" if rest else ""
        return took[0]._replace(detail=f"taken by {len(took)} of {len(outcomes)} Alertmanagers{missing}")
    worst = next((outcome for outcome in outcomes if outcome.again), outcomes[0])
    return worst._replace(detail="; ".join(rest))


async def _post(channel: Alertmanager, url: str, headers: dict[str, str], body: bytes, now: float) -> Outcome:
    try:
        answer = await request(
            "POST",
            url.rstrip("/") + "/api/v2/alerts",
            allow_hosts=(allow_entry(url, loopback=channel.allow_loopback),),
            headers=headers,
            body=body,
            timeout=channel.timeout,
        )
    except (RequestError, Forbidden) as error:
        return failed(error)
    return judged(answer, now)


def alert_of(message: Message, now: float, lasts: float) -> dict[str, Any]:
    """A message as an alert. Its labels are its identity, so nothing that changes while it fires is among them.

    lasts: seconds until Alertmanager may call it over by itself. The summary and the numbers are annotations.
    """
    labels = {
        **message.labels,
        "alertname": message.alert or "Golive" + message.event.title(),
        "cutover": message.cutover,
        "environment": message.environment,
        "severity": message.loudest or message.severity,
        "golive_key": message.dedupe_key,
    }
    ends = now if message.status == "resolved" else now + (_TEST_LASTS if message.event == "test" else lasts)
    alert: dict[str, Any] = {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {
            "summary": message.summary,
            "description": message.body or message.summary,
            **{f"{name.lower()}_url": url for name, url in message.links.items() if name.isidentifier()},
        },
        "startsAt": _moment(min(message.starts_at or message.at, ends)),
        "endsAt": _moment(ends),
    }
    if message.links:
        alert["generatorURL"] = next(iter(message.links.values()))
    return alert


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
