"""What is packed for the record is read again as it was, or said to be unreadable, whatever stands there."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.serving.past.moments import LARGEST, UnreadableError, notable, pack, read, text_of
from monitor.serving.snapshot import EventRow
from tests.monitor.serving.boards import NOW, board


def test_a_moment_is_read_as_it_was_written() -> None:
    """What the screens showed is shown again to the last field."""
    whole = board()
    assert read(text_of(pack(whole))) == whole


def test_a_moment_of_an_older_golive_is_still_shown() -> None:
    """Fields that came later take their defaults, and fields that this version does not know are passed over."""
    fields = msgspec.json.decode(msgspec.json.encode(board()))
    del fields["points"]
    fields["from_tomorrow"] = [1, 2]
    assert read(msgspec.json.encode(fields)).points == ()


def test_a_moment_of_another_schema_says_which_version_reads_it() -> None:
    """A record that this version cannot read names its schema instead of showing something wrong."""
    with pytest.raises(UnreadableError, match="recorded with schema 9, this golive reads 1"):
        read(b'{"schema": 9, "at": "tomorrow"}')
    with pytest.raises(UnreadableError, match="is no snapshot"):
        read(b'{"schema": 1, "at": "tomorrow"}')


def test_a_moment_that_would_fill_the_memory_is_refused() -> None:
    """A record from elsewhere cannot blow up the terminal that looks at it."""
    with pytest.raises(UnreadableError, match="more than 64 MiB"):
        text_of(zlib.compress(b" " * (LARGEST + 1)))
    with pytest.raises(UnreadableError, match="ends too early"):
        text_of(pack(board())[:-20])


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_in_the_record_are_a_sentence_and_no_crash(body: bytes) -> None:
    """Damage in one moment is told; nothing else may come of it."""
    with pytest.raises(UnreadableError):
        read(text_of(body))


def test_verdicts_stages_decisions_and_runs_are_what_the_keys_stop_at() -> None:
    """Notable are the lines that changed where the cutover stands, not each transition or page."""
    kinds = ("start", "verdict", "transition", "stage", "notify", "run", "step", "decision", "note", "source")
    rows = [
        EventRow(seq=number, at=NOW, kind=kind, who="golive", what=kind, object="") for number, kind in enumerate(kinds)
    ]
    assert [mark.kind for mark in notable(rows)] == ["verdict", "stage", "run", "decision"]
