"""Channels as a screen shows them: what got through, what waits, why one fails, and when it is tried again."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from monitor.notify import worker as worker_module
from monitor.notify.channels import Heartbeat, Paging, Webhook
from monitor.notify.heartbeat import Beats
from monitor.notify.notifier import Notifier
from monitor.notify.rows import channel_rows
from monitor.serving.channel_rows import ChannelRow
from tests.monitor.notify.receiver import NOW, Receiver, Results, message, receiving, until


def hook(name: str, receiver: Receiver) -> Webhook:
    """A webhook of this machine."""
    return Webhook(name=name, url=receiver.url, allow_loopback=True)


async def test_each_channel_tells_its_own_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that delivers counts and says when; one that is down says why, since when, how many wait and when it is tried
    again; one that refuses is broken and counts what it gave up; all of it turns when they work again."""
    monkeypatch.setattr(worker_module, "FIRST_WAIT", 0.6)
    async with receiving() as good, receiving() as down, receiving() as refusing:
        down.answers = [(500, {})]
        refusing.answers = [(401, {})]
        channels = [hook("good", good), hook("down", down), hook("refusing", refusing)]
        notifier = Notifier(channels, tmp_path, Results(), jitter=lambda: 1.0, paging=Paging(second=("refusing",)))
        beats = Beats((), tmp_path, lambda: "")
        begun = time.monotonic()

        def rows() -> dict[str, ChannelRow]:
            return {row.name: row for row in channel_rows(notifier, beats, NOW, begun)}

        assert [row.state for row in rows().values()] == ["ok", "ok", "ok"]
        await notifier.start()
        notifier.notify(msgspec.structs.replace(message(), urgent=True))
        await until(lambda: rows()["down"].next_try is not None and rows()["refusing"].state == "broken")
        seen = rows()
        assert (seen["good"].delivered, seen["good"].waiting, seen["good"].error) == (1, 0, "")
        assert seen["good"].last_at is not None
        down_row = seen["down"]
        assert (down_row.state, down_row.waiting, down_row.delivered) == ("failing", 1, 0)
        assert "500" in down_row.error
        assert down_row.since is not None
        assert down_row.next_try is not None
        assert NOW <= down_row.since < down_row.next_try < NOW + 60
        assert (seen["refusing"].state, seen["refusing"].failed, seen["refusing"].second) == ("broken", 1, True)
        assert "401" in seen["refusing"].error
        await until(lambda: rows()["down"].state == "ok")
        assert (rows()["down"].delivered, rows()["down"].next_try, rows()["down"].since) == (1, None, None)
        await notifier.close()


async def test_a_heartbeat_is_a_row_as_well(tmp_path: Path) -> None:
    """A watcher that hears us has its last beat; one that does not has the reason."""
    async with receiving() as watcher:
        ears = [
            Heartbeat(name="ear", url=watcher.url, every=0.05, allow_loopback=True),
            Heartbeat(name="deaf", url="http://127.0.0.1:9/x", every=0.05, allow_loopback=True),
        ]
        notifier, beats = Notifier((), tmp_path, Results()), Beats(ears, tmp_path, lambda: "")
        beats.start()
        await until(lambda: beats.taken["ear"] >= 2 and beats.failed["deaf"] >= 1)
        ear, deaf = channel_rows(notifier, beats, NOW, 0.0)
        await beats.close()
        assert (ear.kind, ear.state, ear.error) == ("heartbeat", "ok", "")
        assert ear.last_at is not None
        assert (deaf.state, deaf.delivered, deaf.last_at) == ("failing", 0, None)
        assert deaf.error


async def test_channels_can_take_each_others_place(tmp_path: Path) -> None:
    """A new channel delivers at once, one with another address goes on under its name with what waits in it, what waited
    for one that is gone goes to the second channels, and a watcher that is the same beats on."""
    async with receiving() as old, receiving() as new, receiving() as second, receiving() as watcher:
        old.hang = True
        ear = Heartbeat(name="ear", url=watcher.url, every=60.0, allow_loopback=True)
        notifier = Notifier([hook("a", old), hook("b", old)], tmp_path, Results())
        beats = Beats([ear], tmp_path, lambda: "")
        await notifier.start()
        beats.start()
        for number in range(3):
            notifier.notify(message(number))
        await until(lambda: len(old.got) == 2 and beats.taken["ear"] == 1)
        notifier.take([hook("b", new), hook("c", second)], Paging(second=("c",)))
        beats.take([ear, Heartbeat(name="more", url=watcher.url, every=60.0, allow_loopback=True)])
        old.released.set()
        await until(lambda: len(new.got) == 2 and len(second.got) == 3)
        assert {got.message.id for got in second.got} == {"m-0", "m-1", "m-2"}
        assert [got.message.id for got in new.got] == ["m-1", "m-2"]
        await until(lambda: beats.last.get("more"))
        assert beats.taken == {"ear": 1, "more": 1}
        beats.take([])
        assert (beats.last, beats.troubles) == ({}, [])
        await notifier.close()
        await beats.close()
        beats.take([ear])
        assert beats._tasks == {}, "what is stopped does not begin again"
