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
            assert sequence.note(seq, seq / 100)
            for _ in range(repeats):
                assert not sequence.note(seq, seq / 100)
    assert sequence.lost(last / 100 + GRACE) == len(missing)


def test_a_late_message_inside_the_grace_is_not_lost() -> None:
    """A redelivery fills its gap; after the grace the gap is on record."""
    sequence = Sequence()
    for seq in (1, 2, 5):
        sequence.note(seq, 10.0)
    assert sequence.lost(11.0) == 0
    assert sequence.note(3, 12.0)
    assert sequence.lost(10.0 + GRACE) == 1
    assert not sequence.note(4, 30.0)


def test_a_source_that_starts_again_is_neither_a_gap_nor_a_repeat() -> None:
    """Numbers that begin anew are taken; the count goes on from there."""
    sequence = Sequence()
    for seq in range(100):
        sequence.note(seq, 10.0)
    assert sequence.note(1, 20.0)
    assert sequence.note(2, 20.0)
    assert sequence.lost(100.0) == 0


def test_a_jump_of_a_million_is_counted_without_remembering_each() -> None:
    """A hostile number cannot fill the memory; its gap is still in the count."""
    sequence = Sequence()
    sequence.note(1, 10.0)
    sequence.note(10_000_000, 10.0)
    assert sequence.lost(10.0 + GRACE) == 9_999_998
