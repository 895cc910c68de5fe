"""The head goes out at each act and every minute; a place that is away never holds anything up and is counted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deciding.anchoring import AnyAnchor, FileAnchor, Head, MqttAnchor, WebhookAnchor, notes
from monitor.deciding.journal import Journal, JournalConfig
from monitor.deciding.ledger import verify
from monitor.notify import anchors as module
from monitor.notify.anchor_reading import AnchorError, from_config, from_words, in_files
from monitor.notify.anchors import Anchors
from monitor.outbound.broker import Broker
from tests.rig.mosquitto import free_port
from tests.rig.waiting import until


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)


async def started(tmp_path: Path, *places: AnyAnchor, every: float = 3600.0) -> tuple[Journal, Anchors]:
    journal = await Journal.open(tmp_path / "journal.db")
    await journal.append("start", "engine", "golive watches")
    anchors = Anchors(JournalConfig(anchors=places, anchor_every=every), tmp_path, journal, "retail", lambda: 1000.0)
    await anchors.start()
    return journal, anchors


async def test_an_act_goes_out_at_once_and_a_transition_with_the_next_minute(tmp_path: Path) -> None:
    """Each act's head is in the file as soon as it is on disk; what is no act waits."""
    journal, anchors = await started(tmp_path, FileAnchor(name="share", path="heads"))
    await until(lambda: anchors.rows()[0].seq == 1, 5)
    await journal.append("transition", "engine", "loss is breach")
    act = await journal.append("step", "golive", "step 1/2 begins")
    await until(lambda: anchors.rows()[0].seq == act.seq, 5)
    assert anchors.noted == Head(cutover="retail", seq=act.seq, hash=act.hash, at=1000.0)
    noted = await asyncio.to_thread(in_files, [FileAnchor(name="share", path="heads")], tmp_path)
    assert noted == [(1, (await journal.entries())[0].hash), (act.seq, act.hash)]
    await journal.append("note", "anna", "looked")
    await anchors.close()
    last = await asyncio.to_thread(in_files, [FileAnchor(name="share", path="heads")], tmp_path)
    assert last[-1][0] == 4, "the last head goes out at the end"
    await journal.close()
    assert (await asyncio.to_thread(verify, tmp_path / "journal.db", noted)).ok


async def test_places_that_are_away_are_counted_and_hold_nothing_up(tmp_path: Path) -> None:
    """A broker and a receiver that are not there, a folder that is none: each with its reason; a good one goes on."""
    port = free_port()
    journal, anchors = await started(
        tmp_path,
        MqttAnchor(name="broker", broker=Broker(host="127.0.0.1", port=port)),
        WebhookAnchor(name="vault", url=f"http://127.0.0.1:{port}/", allow_loopback=True),
        WebhookAnchor(name="forbidden", url="http://169.254.169.254/"),
        FileAnchor(name="nowhere", path="no/such/folder"),
        FileAnchor(name="share", path="heads"),
    )
    entry = await asyncio.wait_for(journal.append("decision", "golive", "asks"), 2)
    await until(lambda: all(row.failed or row.seq == entry.seq for row in anchors.rows()), 20)
    rows = {row.name: row for row in anchors.rows()}
    assert rows["share"].detail == ""
    assert [name for name, row in rows.items() if row.failed] == ["broker", "vault", "forbidden", "nowhere"]
    assert len(anchors.troubles()) == 4
    assert "anchor nowhere is not reached yet: " in anchors.troubles()[-1]
    await anchors.close()
    await journal.close()


async def test_a_file_of_heads_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too long is kept beside the new one."""
    monkeypatch.setattr(module, "FILE_BYTES", 200)
    journal, anchors = await started(tmp_path, FileAnchor(name="share", path="heads"), every=0.01)
    await until((tmp_path / "heads.1").is_file, 10)
    assert (tmp_path / "heads.1").stat().st_size < 400
    await anchors.close()
    await journal.close()


async def test_what_is_no_anchor_is_said(tmp_path: Path) -> None:
    """Not a word, not an empty file, not a receiver that is away: nothing is proved by them."""
    (tmp_path / "empty").write_text("nothing here\n")
    with pytest.raises(ValueError, match="is no anchor"):
        await from_words("seven")
    with pytest.raises(AnchorError, match="there is no head"):
        await from_words(str(tmp_path / "empty"))
    with pytest.raises(AnchorError, match="no connection"):
        await from_words(f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(AnchorError, match="cannot be reached"):
        await from_words(f"mqtt://127.0.0.1:{free_port()}/golive/journal/head")
    with pytest.raises(AnchorError, match="No such file"):
        await from_config([FileAnchor(name="share", path="heads")], tmp_path)
    assert await from_words(f"12:{'ab' * 4}") == [(12, "abababab")]


@given(st.text(), st.integers(1, 10**17), st.text("0123456789abcdef", min_size=8, max_size=64))
def test_heads_are_found_in_any_text_and_nothing_raises(text: str, seq: int, digest: str) -> None:
    """A screen that was copied, a log, a page of metrics: the head in it is read, whatever stands around it."""
    list(notes(text))
    clean = text.replace("\n", " ")
    assert (seq, digest) in list(notes(f"{clean} {seq}:{digest} ")) or clean.strip().startswith("{")
