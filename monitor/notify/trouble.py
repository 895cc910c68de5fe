"""A channel that does not get through, as a message for the other channels. Pure."""

from __future__ import annotations

from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.notify.worker import Worker
from monitor.text import clean


def trouble_of(worker: Worker) -> str:
    """What is wrong with a channel, in words; empty while it works."""
    if worker.state == "ok":
        return ""
    how = "is broken" if worker.state == "broken" else "does not get through"
    return f"channel {worker.name} {how}: {worker.trouble}"


def channel_message(worker: Worker, about: Message, now: float) -> Message:
    """That a channel does not work, or does again. about: any message of this cutover. now: unix seconds."""
    what = trouble_of(worker)
    firing = bool(what)
    what = what or f"channel {worker.name} gets through again"
    return Message(
        id=f"{about.cutover}-channel-{worker.name}-{int(now * 1000)}",
        dedupe_key=f"{about.cutover}/channel/{worker.name}",
        at=now,
        environment=about.environment,
        cutover=about.cutover,
        severity="warning" if firing else "info",
        loudest="warning",
        summary=clean(f"{'WARN' if firing else 'OK'} {about.environment} {what}", SUMMARY_LENGTH),
        event="channel",
        object=f"channel/{worker.name}",
        state=worker.state,
        status="firing" if firing else "resolved",
        starts_at=now,
        alert="GoliveChannel",
        labels={"channel": worker.name},
        urgent=True,
        body=clean(what),
        details={"text": clean(what)},
    )
