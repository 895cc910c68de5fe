"""Gap counting: exact to the message, whatever the order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.intake.sequences import GRACE, Sequence


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
