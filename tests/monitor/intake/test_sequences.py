"""Gap counting: exact to the message, whatever the order."""

from __future__ import annotations

import contextlib
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.intake.sequences import GRACE, Gap, Sequence


@settings(max_examples=150)
@given(st.sets(st.integers(1, 300), max_size=60), st.integers(301, 400), st.integers(0, 3))
def test_what_never_came_is_counted_exactly(missing: set[int], last: int, repeats: int) -> None:
    """Every number between the first and the last that did not arrive is lost, and no other; repeats are repeats."""
    sequence = Sequence()
    for seq in range(last + 1):
        if seq not in missing:
            assert sequence.note(seq, seq / 100, seq / 100)
            for _ in range(repeats):
                assert not sequence.note(seq, seq / 100, seq / 100)
    assert sequence.lost(last / 100 + GRACE) == len(missing)


def test_a_late_message_inside_the_grace_is_not_lost() -> None:
    """A redelivery fills its gap; after the grace the gap is on record."""
    sequence = Sequence()
    for seq in (1, 2, 5):
        sequence.note(seq, 10.0 + seq / 1000, 10.5)
    assert sequence.lost(11.0) == 0
    assert sequence.note(3, 10.003, 12.0)
    assert sequence.lost(10.5 + GRACE) == 1
    assert not sequence.note(4, 10.004, 30.0)


def test_a_source_that_starts_again_is_neither_a_gap_nor_a_repeat() -> None:
    """Wherever it is first heard again, a newer message with an old number begins a new count at once."""
    for again in (1, 2, 60, 99):
        sequence = Sequence()
        for seq in range(100):
            assert sequence.note(seq, 10.0 + seq, 10.0 + seq)
        for number in range(50):
            assert sequence.note(again + number, 200.0 + number, 200.0 + number)
        assert sequence.lost(1000.0) == 0
        assert sequence.duplicates == 0


def test_a_redelivery_is_a_repeat_however_late_it_comes() -> None:
    """What was in flight when the connection broke comes again in order, with its old times, and counts once."""
    sequence = Sequence()
    for seq in range(5000):
        sequence.note(seq, seq / 100, seq / 100)
    assert not any(sequence.note(seq, seq / 100, 90.0) for seq in range(4000, 5000))
    assert sequence.note(5000, 50.0, 90.0)
    assert sequence.duplicates == 1000


def test_a_jump_of_a_million_is_counted_without_remembering_each() -> None:
    """A hostile number cannot fill the memory; its gap is still in the count, and an absurd one is no gap."""
    sequence = Sequence()
    sequence.note(1, 10.0, 10.0)
    sequence.note(10_000_000, 10.0, 10.0)
    assert sequence.lost(10.0 + GRACE) == 9_999_998
    sequence.note(10**15, 11.0, 11.0)
    assert sequence.lost(11.0 + GRACE) == 9_999_998
    assert sequence.note(1, 12.0, 12.0)


def test_a_wrong_clock_cannot_hide_a_restart() -> None:
    """A time from the year 9999 counts as the time of its arrival."""
    sequence = Sequence()
    sequence.note(100, 253_402_300_000.0, 10.0)
    assert sequence.note(5, 20.0, 20.0)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=120),
    st.sets(st.integers(0, 119), max_size=5),
)
def test_a_restart_changes_nothing(numbers: list[tuple[int, bool]], restarts: set[int]) -> None:
    """Packed and unpacked at any moment, a sequence answers as one that was never interrupted."""
    whole, broken = Sequence(), Sequence()
    for place, (seq, late) in enumerate(numbers):
        if place in restarts:
            broken = Sequence.unpack(broken.pack(), float(place))
        at = 0.0 if late else float(place)
        assert whole.note(seq, at, float(place)) == broken.note(seq, at, float(place))
    assert whole.lost(1e6) == broken.lost(1e6)
    assert whole.duplicates == broken.duplicates


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 4)), min_size=1, max_size=60), st.randoms())
def test_whatever_order_and_however_often_each_counts_once(parts: list[tuple[int, int]], random: Random) -> None:
    """Inside the grace, shuffled and repeated messages count once each, and what never came is lost exactly."""
    came = {seq for seq, _ in parts}
    arrivals = [seq for seq, times in parts for _ in range(times)]
    random.shuffle(arrivals)
    sequence = Sequence()
    taken = [seq for seq in arrivals if sequence.note(seq, 990.0 + seq / 1000, 1000.0)]
    assert sorted(taken) == sorted(came)
    assert sequence.lost(1000.0 + GRACE) == max(came) - min(came) + 1 - len(came)


def test_a_redelivery_from_a_fast_clock_is_a_repeat() -> None:
    """A source whose clock is four seconds ahead is not taken for one that counts anew when its messages come again."""
    sequence = Sequence()
    for seq in range(100):
        assert sequence.note(seq, 14.0 + seq / 100, 10.0 + seq / 100)
    assert not any(sequence.note(seq, 14.0 + seq / 100, 12.0) for seq in range(100))
    assert sequence.note(100, 16.0, 12.0)


def test_a_gap_says_when_it_was() -> None:
    """It lies between the newest message before it and the first one after it."""
    sequence = Sequence()
    sequence.note(1, 100.0, 100.0)
    sequence.note(5, 104.0, 104.5)
    assert sequence.lost(104.5 + GRACE) == 3
    assert sequence.closed() == [Gap(3, 100.0, 104.0)]
    assert sequence.closed() == []


def test_holes_without_end_are_bounded_and_still_counted() -> None:
    """A source that leaves out every other number cannot fill the memory; nothing that it left out goes uncounted."""
    sequence = Sequence()
    for seq in range(0, 10_000, 2):
        sequence.note(seq, 10.0, 10.0)
    assert len(sequence.pack()) < 60_000
    assert sequence.lost(10.0 + GRACE) == 4_999


@given(st.binary(max_size=60))
def test_damaged_bytes_are_said(raw: bytes) -> None:
    """What is no packed sequence raises ValueError or is one; nothing else."""
    with contextlib.suppress(ValueError):
        Sequence.unpack(raw, 0.0)


def test_a_retained_message_of_hours_ago_begins_no_count() -> None:
    """What a broker kept of a source from before is no gap up to what the source says now."""
    sequence = Sequence()
    assert sequence.note(5, 1000.0, 11_800.0)
    assert sequence.note(900, 11_800.0, 11_800.5)
    assert sequence.note(901, 11_801.0, 11_801.5)
    assert sequence.lost(12_000.0) == 0
