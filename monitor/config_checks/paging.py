"""Channels and heartbeats: each has an address that can be used, and whoever is called second is there."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, quoted
from monitor.documents.positions import Path
from monitor.notify.channels import Alertmanager, AnyChannel, Apprise, Heartbeat, Slack, Webhook
from monitor.outbound.addresses import Forbidden, target_of

LEAST_BEAT = 1.0
"""Seconds between heartbeats below which a watcher is only burdened."""
_KINDS: dict[str, tuple[type, ...]] = {"slack": (Slack, Webhook), "pagerduty": (Apprise, Webhook)}
"""Channels whose messages a sender of acknowledgements can know."""
_MARKS = ("{rule}", "{scope}", "{key}")


def paging_problems(subject: Subject) -> Iterator[Finding]:
    """Everything about channels that could never work as it is written."""
    config = subject.config
    for index, channel in enumerate(config.notify):
        yield from _channel(subject, ("notify", index), channel)
    carriers = {channel.name for channel in config.notify if not isinstance(channel, Heartbeat)}
    for place, name in enumerate(config.paging.second):
        path: Path = ("paging", "second", place)
        yield from subject.known(path, name, "notify", "channel")
        if name in subject.names("notify") - carriers and subject.sure("notify"):
            yield subject.finding(path, f"{quoted(name)} carries no messages", "name a channel that does")
    if carriers and carriers <= set(config.paging.second) and subject.sure("notify"):
        hint = "leave one channel out of second: it is who hears first"
        yield subject.finding(("paging", "second"), "every channel is called second, so nobody hears first", hint)
    for name, link in config.paging.links.items():
        bare = link
        for mark in _MARKS:
            bare = bare.replace(mark, "x")
        yield from _address(subject, ("paging", "links", name), bare)


def _channel(subject: Subject, path: Path, channel: AnyChannel) -> Iterator[Finding]:
    if channel.timeout <= 0:
        yield subject.finding((*path, "timeout"), "no attempt could ever succeed", "write one such as 5s")
    if isinstance(channel, Heartbeat):
        yield from _heartbeat(subject, path, channel)
        return
    if isinstance(channel, Webhook):
        yield from _address(subject, (*path, "url"), channel.url)
        if channel.next_secret is not None and channel.secret is None:
            yield subject.finding((*path, "next_secret"), "there is no secret that it could follow", "write secret")
    if isinstance(channel, Alertmanager):
        yield from _alertmanager(subject, path, channel)
    if channel.acks is not None:
        kind = _KINDS[channel.acks.sender]
        if not isinstance(channel, kind):
            what = f"{channel.acks.sender} knows nothing of messages on this channel"
            yield subject.finding((*path, "acks"), what, "write acks at the channel that reaches it")


def _alertmanager(subject: Subject, path: Path, channel: Alertmanager) -> Iterator[Finding]:
    if not channel.urls:
        yield subject.finding((*path, "urls"), "there is no Alertmanager", "write its address, or several of a cluster")
    for place, url in enumerate(channel.urls):
        yield from _address(subject, (*path, "urls", place), url)
    if channel.again <= 0 or channel.lasts < 2 * channel.again:
        what = "Alertmanager would call alerts over between two repetitions"
        yield subject.finding((*path, "lasts"), what, "write at least twice again, such as 4h")


def _heartbeat(subject: Subject, path: Path, channel: Heartbeat) -> Iterator[Finding]:
    if bool(channel.url) == (channel.secret_url is not None):
        yield subject.finding(path, "a heartbeat has one address", "write url, or secret_url where it is a secret")
    elif channel.url:
        yield from _address(subject, (*path, "url"), channel.url)
    if channel.every < LEAST_BEAT:
        yield subject.finding(
            (*path, "every"), "beats would follow each other without a pause", "write one such as 30s"
        )


def _address(subject: Subject, path: Path, url: str) -> Iterator[Finding]:
    try:
        target_of(url)
    except Forbidden as error:
        yield subject.finding(path, str(error), "write an address that begins with https://")
