"""Numbered sources of one collector or several: what is missing, remembered, and known again after a restart."""

from __future__ import annotations

from monitor.intake.numbers import MOST_SOURCES, Numbers
from monitor.intake.sequences import GRACE, Gap

NOW = 1_795_294_500.0


def test_two_who_share_take_no_message_of_the_other_for_lost() -> None:
    """Odd numbers by one way, even ones by another: nothing is missing, and what comes by both counts once."""
    numbers = Numbers()
    for seq in range(100):
        assert numbers.note("edge", seq, NOW + seq, NOW + seq)
        assert numbers.note("edge", seq, NOW + seq, NOW + seq) is False
    numbers.settle(NOW + 1000)
    assert numbers.lost == 0


def test_gaps_of_many_sources_at_one_moment_are_one() -> None:
    """A broker that dies takes something from every source: the board says one gap, with the sum."""
    numbers = Numbers()
    for source in ("a", "b", "c"):
        numbers.note(source, 0, NOW, NOW)
        numbers.note(source, 11, NOW + 2.0, NOW + 2.0)
    numbers.settle(NOW + 2.0 + GRACE)
    assert list(numbers.gaps) == [Gap(30, NOW, NOW + 2.0)]
    numbers.remember(Gap(0, NOW, NOW + 1.0))
    assert [gap.size for gap in numbers.gaps] == [30, 0]


def test_after_a_restart_the_count_goes_on() -> None:
    """What was lost stays counted, what was missing may still come, and what was heard is a repeat."""
    before = Numbers()
    for seq in (0, 5, 6, 9):
        before.note("edge", seq, NOW + seq, NOW + seq)
        if seq == 6:
            before.settle(NOW + 5 + GRACE)
    after = Numbers()
    assert after.restore({**before.changed(), "broken": b"\xff"}, NOW + 100) == 1
    assert after.lost == 4
    assert after.note("edge", 9, NOW + 9, NOW + 100) is False
    assert after.note("edge", 7, NOW + 7, NOW + 100) is True
    after.settle(NOW + 100 + GRACE)
    assert after.lost == 5
    assert after.total == 1


def test_only_what_changed_goes_to_the_disk() -> None:
    """A source that is silent costs nothing."""
    numbers = Numbers()
    numbers.note("a", 0, NOW, NOW)
    numbers.note("b", 0, NOW, NOW)
    assert set(numbers.changed()) == {"a", "b"}
    numbers.note("b", 1, NOW, NOW)
    assert set(numbers.changed()) == {"b"}
    assert numbers.changed() == {}


def test_sources_beyond_the_bound_are_said() -> None:
    """Too many sources are not counted, and the caller is told so."""
    numbers = Numbers()
    for source in range(MOST_SOURCES):
        numbers.note(str(source), 0, NOW, NOW)
    assert numbers.note("one more", 0, NOW, NOW) is None
    assert numbers.note("0", 1, NOW, NOW) is True


def test_messages_of_a_window_are_counted_within_ten_seconds() -> None:
    """How many came since an instant, for the share that is missing."""
    numbers = Numbers()
    for second in range(100):
        numbers.note("a", second, NOW + second, NOW + second)
    assert 30 <= numbers.heard_since(NOW + 70) <= 40
    assert numbers.heard_since(NOW + 500) == 0
