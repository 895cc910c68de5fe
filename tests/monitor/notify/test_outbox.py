"""Nothing that people must hear is lost: on disk before it is tried, delivered after a crash, told elsewhere when a way fails."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from monitor.notify import notifier as notifier_module
from monitor.notify import worker as worker_module
from monitor.notify.channels import AnyChannel, Paging, Webhook
from monitor.notify.message import Message
from monitor.notify.notifier import Notifier
from monitor.notify.outbox import Outbox
from tests.monitor.notify.receiver import NOW, Receiver, Results, message, receiving, until


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts and looks follow each other at once, so that the tests are quick."""
    monkeypatch.setattr(worker_module, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(worker_module, "LAST_WAIT", 0.1)
    monkeypatch.setattr(notifier_module, "LOOKING", 0.02)
    monkeypatch.setattr(notifier_module, "CLOSING", 0.3)


def hook(name: str, receiver: Receiver, **more) -> Webhook:
    """A channel to a receiver of this machine."""
    return Webhook(name=name, url=receiver.url, allow_loopback=True, timeout=1.0, **more)


def page(number: int, *, key: str = "night/loss/queue=a", status: str = "firing", **more) -> Message:
    """A page on an alert."""
    given = {"dedupe_key": key, "status": status, "event": "alert", "loudest": "critical"}
    return msgspec.structs.replace(message(number), **(given | more))


@asynccontextmanager
async def notifying(
    *channels: AnyChannel, path: Path | None = None, paging: Paging | None = None
) -> AsyncIterator[tuple[Notifier, Results]]:
    """A notifier with an outbox, at work."""
    results = Results()
    notifier = Notifier(
        channels, Path(), results, clock=lambda: NOW, jitter=lambda: 0.0, outbox=Outbox(path), paging=paging
    )
    await notifier.start()
    try:
        yield notifier, results
    finally:
        await notifier.close()


def ids(receiver: Receiver) -> list[str]:
    """Ids of what a receiver got."""
    return [got.message.id for got in receiver.got]


async def test_what_was_not_delivered_is_delivered_by_the_next_daemon_in_order(tmp_path: Path):
    """A daemon that ends while the receiver is down leaves its messages to the next one, which sends them in order."""
    path = tmp_path / "outbox.db"
    async with receiving() as receiver:
        await receiver.stop()
        async with notifying(hook("pager", receiver), path=path) as (notifier, results):
            for number in range(1, 8):
                notifier.notify(page(number))
            await until(lambda: results.bad)
        await receiver.start()
        async with notifying(hook("pager", receiver), path=path) as (notifier, _):
            await until(lambda: not notifier.waiting)
            assert ids(receiver) == [f"m-{number}" for number in range(1, 8)]
        async with notifying(hook("pager", receiver), path=path) as (notifier, _):
            assert notifier.waiting == 0
        assert len(receiver.got) == 7


async def test_a_message_is_on_disk_before_it_is_tried(tmp_path: Path):
    """When a request arrives, its message is in the file already: a crash at that moment loses nothing."""
    path = tmp_path / "outbox.db"
    found: list[int] = []
    async with receiving() as receiver:
        receiver.hang = True
        async with notifying(hook("pager", receiver), path=path) as (notifier, _):
            notifier.notify(page(1))
            await until(lambda: receiver.got)
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
                found += [row[0] for row in other.execute("SELECT count(*) FROM outbox")]
            other.close()
            receiver.hang = False
            receiver.released.set()
    assert found == [1]


async def test_an_outbox_that_cannot_be_written_holds_up_no_page(tmp_path: Path, monkeypatch):
    """A full disk is said, and the page goes out all the same."""

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    async with (
        receiving() as receiver,
        notifying(hook("pager", receiver), path=tmp_path / "outbox.db") as (notifier, results),
    ):
        monkeypatch.setattr(Outbox, "_write", full)
        notifier.notify(page(1))
        await until(lambda: results.good)
        assert ids(receiver) == ["m-1"]
        assert "disk is full" in notifier.troubles[0]
        monkeypatch.undo()
        notifier.notify(page(2))
        await until(lambda: notifier.troubles == [])


async def test_a_damaged_outbox_is_moved_aside_and_said(tmp_path: Path):
    """A file that is no database stops nothing: it is kept for whoever wants to look, and a new one is begun."""
    path = tmp_path / "outbox.db"
    path.write_bytes(b"nonsense" * 1000)
    async with receiving() as receiver, notifying(hook("pager", receiver), path=path) as (notifier, results):
        assert "was damaged" in notifier.troubles[0]
        notifier.notify(page(1))
        await until(lambda: results.good)
    assert (tmp_path / "outbox.damaged").read_bytes().startswith(b"nonsense")


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path):
    """Without a place for the outbox pages go out, and it is said that they do not outlive the process."""
    async with (
        receiving() as receiver,
        notifying(hook("pager", receiver), path=tmp_path / "no" / "outbox.db") as (notifier, results),
    ):
        assert "cannot be opened" in notifier.troubles[0]
        notifier.notify(page(1))
        await until(lambda: results.good)


async def test_the_file_is_for_its_owner_and_holds_no_address(tmp_path: Path):
    """Nobody else on the machine may read what was paged, and no receiver's address is in it."""
    path = tmp_path / "outbox.db"
    async with receiving() as receiver:
        await receiver.stop()
        async with notifying(hook("pager", receiver), path=path) as (notifier, results):
            notifier.notify(page(1))
            await until(lambda: results.bad)
        written = await asyncio.to_thread(lambda: b"".join(file.read_bytes() for file in tmp_path.iterdir()))
        assert path.stat().st_mode & 0o077 == 0
        assert b"m-1" in written
        assert str(receiver.port).encode() not in written


async def test_a_channel_that_was_taken_out_drops_what_waited_for_it(tmp_path: Path, caplog):
    """Messages for a channel that is no longer configured are dropped with a line in the log."""
    path = tmp_path / "outbox.db"
    async with receiving() as receiver:
        await receiver.stop()
        async with notifying(hook("old", receiver), path=path) as (notifier, results):
            notifier.notify(page(1))
            await until(lambda: results.bad)
        async with notifying(path=path) as (notifier, _):
            assert notifier.waiting == 0
    assert "channel old is not there any more" in caplog.text


async def test_a_refusal_is_told_in_the_other_channel_and_shown():
    """401: no endless retry, `is broken: ... 401` for the board, and the other channel says so."""
    async with (
        receiving() as chat,
        receiving() as pager,
        notifying(hook("pager", pager), hook("chat", chat)) as (notifier, _),
    ):
        pager.answers = [(401, {})]
        notifier.notify(page(1))
        await until(lambda: len(chat.got) == 2)
        told = chat.got[1].message
        assert (told.event, told.status, told.dedupe_key) == ("channel", "firing", "sales/channel/pager")
        assert "channel pager is broken: the receiver refuses it: 401" in told.summary
        assert "channel pager is broken" in notifier.troubles[0]
        assert len(pager.got) == 1
        notifier.notify(page(2))
        await until(lambda: any(got.message.status == "resolved" for got in chat.got))
        assert notifier.troubles == []
        assert ids(pager) == ["m-1", "m-2"]


async def test_second_channels_get_what_a_first_one_cannot_deliver():
    """A channel that fails for the configured time hands its messages to the second ones, with the same key, and the end too."""
    async with receiving() as pager, receiving() as manager:
        await pager.stop()
        paging = Paging(second=("manager",), fall_back=0.2)
        async with notifying(hook("pager", pager), hook("manager", manager), paging=paging) as (notifier, results):
            begun = time.monotonic()
            notifier.notify(page(1))
            await until(lambda: results.bad)
            assert manager.got == []
            await until(lambda: "m-1" in ids(manager))
            assert time.monotonic() - begun >= 0.2
            notifier.notify(page(2, status="resolved"))
            await until(lambda: "m-2" in ids(manager))
            await pager.start()
            await until(lambda: ids(pager) == ["m-1", "m-2"])
            await until(lambda: any("gets through again" in got.message.summary for got in manager.got))
        assert ids(manager).count("m-1") == 1
        keys = {got.message.dedupe_key for got in manager.got if got.message.event == "alert"}
        assert keys == {"night/loss/queue=a"}


async def test_second_channels_get_what_is_refused_for_good():
    """A page that the first channel refuses is handed on at once."""
    async with receiving() as pager, receiving() as manager:
        pager.answers = [(413, {})]
        paging = Paging(second=("manager",))
        async with notifying(hook("pager", pager), hook("manager", manager), paging=paging) as (notifier, _):
            notifier.notify(page(1))
            await until(lambda: "m-1" in ids(manager))


async def test_second_channels_hear_of_an_escalation_and_of_its_end():
    """Nobody answered: the second channels are called, and told when it is over; of other incidents they hear nothing."""
    async with receiving() as pager, receiving() as manager:
        paging = Paging(second=("manager",))
        async with notifying(hook("pager", pager), hook("manager", manager), paging=paging) as (notifier, _):
            notifier.notify(page(1))
            notifier.notify(page(2, urgent=True))
            notifier.notify(page(3, key="night/other/"))
            notifier.notify(page(4, key="night/other/", status="resolved"))
            notifier.notify(page(5, status="resolved"))
            await until(lambda: not notifier.waiting)
        assert ids(pager) == ["m-1", "m-2", "m-3", "m-4", "m-5"]
        assert ids(manager) == ["m-2", "m-5"]


async def test_a_channel_for_the_loud_hears_the_end_of_what_was_loud():
    """least: warning keeps notes away, but the end of what was critical is told, quiet as it is."""
    async with receiving() as pager, notifying(hook("pager", pager, least="warning")) as (notifier, _):
        notifier.notify(page(1, severity="info", loudest="", status="note"))
        notifier.notify(page(2))
        notifier.notify(page(3, severity="info", status="resolved"))
        await until(lambda: not notifier.waiting)
        assert ids(pager) == ["m-2", "m-3"]


async def test_who_was_told_is_remembered_through_a_restart(tmp_path: Path):
    """A second channel that was told of an incident before a restart is told its end after it."""
    path = tmp_path / "outbox.db"
    paging = Paging(second=("manager",))
    async with receiving() as pager, receiving() as manager:
        channels = (hook("pager", pager), hook("manager", manager))
        async with notifying(*channels, path=path, paging=paging) as (notifier, _):
            notifier.notify(page(1, urgent=True))
            await until(lambda: not notifier.waiting)
        async with notifying(*channels, path=path, paging=paging) as (notifier, _):
            notifier.notify(page(2, status="resolved"))
            await until(lambda: ids(manager) == ["m-1", "m-2"])


async def test_a_minute_of_a_dead_receiver_makes_no_flood():
    """A channel that stays down is said once in the other, not with every attempt."""
    async with receiving() as pager, receiving() as chat:
        await pager.stop()
        channels = (hook("pager", pager), hook("chat", chat))
        async with notifying(*channels, paging=Paging(fall_back=0.1)) as (notifier, results):
            notifier.notify(page(1))
            await until(lambda: len(chat.got) == 2)
            await asyncio.sleep(0.5)
            assert len(chat.got) == 2
            assert len(results.bad) == 1
