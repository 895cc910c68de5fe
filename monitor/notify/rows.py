"""Channels and heartbeats as displays see them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.notify.channels import Carrier
from monitor.notify.heartbeat import Beats
from monitor.notify.notifier import Notifier
from monitor.notify.worker import Worker
from monitor.serving.channel_rows import ChannelRow


def channel_rows(notifier: Notifier, beats: Beats, now: float, mono: float) -> tuple[ChannelRow, ...]:
    """All of them, in the order of the configuration, heartbeats last.

    now: unix seconds. mono: the same instant on the monotonic clock.
    """
    second = notifier.paging.second
    rows = [_row(notifier.channels[one.name], one, second, now, mono) for one in notifier.workers]
    return (*rows, *_beats(beats))


def _row(channel: Carrier, worker: Worker, second: Iterable[str], now: float, mono: float) -> ChannelRow:
    def wall(at: float | None) -> float | None:
        return None if at is None else now + at - mono

    return ChannelRow(
        name=worker.name,
        kind=str(channel.__struct_config__.tag),
        state=worker.state,
        second=worker.name in second,
        delivered=worker.delivered,
        failed=worker.dropped,
        waiting=worker.waiting,
        since=None if worker.state == "ok" else wall(worker.since),
        error=worker.trouble,
        next_try=wall(worker.next_try),
        last_at=wall(worker.delivered_at),
    )


def _beats(beats: Beats) -> Iterator[ChannelRow]:
    for name, at in beats.last.items():
        trouble = beats.trouble(name)
        yield ChannelRow(
            name=name,
            kind="heartbeat",
            state="failing" if trouble else "ok",
            delivered=beats.taken[name],
            failed=beats.failed[name],
            error=trouble,
            last_at=at or None,
        )
