"""M of N closed buckets: N-1, N, N+1, and gaps in between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judging.buckets import BAD, BETWEEN, EXCUSED, GAP, GOOD, Buckets
from monitor.judging.rules import Missing
from monitor.judging.states import PENDING
from monitor.model import Truth
from tests.monitor.judging.rig import START, Rig, rule

OF = {"window": 10.0, "bucket": 2.0, "m_of_n": (3, 5), "estimator": "mean", "warn": None}
VALUES = {"b": 40.0, "g": 10.0, "-": 25.0, "_": None}


def buckets(rig: Rig, marks: str) -> str:
    """Two seconds a letter: b bad, g good, - between, _ nothing; then a look when the last one is closed."""
    for mark in marks:
        rig.tick(VALUES[mark], VALUES[mark])
    rig.now += 0.75
    rig.look()
    rig.now -= 0.75
    return rig.standing()


@pytest.mark.parametrize(
    ("marks", "standing"),
    [
        ("gggbb", "ok"),
        ("ggbbb", "breach"),
        ("gbbbb", "breach"),
        ("bbggg", "ok"),
        ("bgbgb", "breach"),
        ("bgggb", "ok"),
        ("--bb-", "warn"),
    ],
)
def test_a_breach_takes_m_bad_buckets_of_n(marks: str, standing: str) -> None:
    """Two of five are not three, three and four are; which of them does not matter."""
    rig = Rig(rule(**OF), start=START - 0.5)
    assert buckets(rig, marks) == standing


@pytest.mark.parametrize(("marks", "standing"), [("gg", "breach"), ("ggg", "ok"), ("g-g-g", "ok"), ("-----", "breach")])
def test_it_ends_by_as_many_good_ones(marks: str, standing: str) -> None:
    """Two good buckets do not end it, three do; those between the limits count for neither."""
    rig = Rig(rule(**OF), start=START - 0.5)
    assert buckets(rig, "bbbbb") == "breach"
    assert buckets(rig, marks) == standing


@pytest.mark.parametrize(
    ("marks", "bad", "sure"),
    [
        ("BBB__", True, True),
        ("BB__G", False, False),
        ("BBGGG", False, True),
        ("_____", False, False),
        ("B_EEG", False, True),
    ],
)
def test_gaps_leave_open_what_they_could_have_decided(marks: str, bad: bool, sure: bool) -> None:
    """With two bad and two empty of five, three bad ones are possible: nobody knows. Three bad ones are certain."""
    codes = {"B": BAD, "G": GOOD, "_": GAP, "E": EXCUSED}
    counted = Buckets(3, 5)
    for mark in marks:
        counted.push(np.array([codes[mark]], np.int8))
    assert (bool(counted.count().bad[0]), bool(counted.count().sure[0])) == (bad, sure)


@given(st.lists(st.sampled_from([GAP, GOOD, BAD, BETWEEN, EXCUSED]), min_size=5, max_size=5), st.integers(1, 5))
def test_what_is_sure_stays_so_whatever_the_gaps_held(marks: list[int], need: int) -> None:
    """Filling gaps with bad or good buckets never contradicts what was called sure."""

    def count(filled: list[int]) -> tuple[bool, bool, bool]:
        made = Buckets(need, 5)
        for mark in filled:
            made.push(np.array([mark], np.int8))
        found = made.count()
        return bool(found.bad[0]), bool(found.sure[0]), bool(found.fallen[0])

    bad, sure, fallen = count(marks)
    for fill in (GOOD, BAD):
        after = count([fill if mark == GAP else mark for mark in marks])
        if sure:
            assert after[0] == bad
        if fallen:
            assert after[2]


def test_a_gap_neither_resets_nor_advances_what_is_pending() -> None:
    """Three bad buckets, a hold of two seconds more, and silence: when it speaks again, the hold goes on from there."""
    rig = Rig(rule(**OF, hold=5.0), stale_after=2.0, start=START - 0.5)
    buckets(rig, "ggbbb")
    assert rig.judge.states.phase[0] == PENDING
    for marks in ("____", "b", "b"):
        buckets(rig, marks)
        assert rig.judge.states.phase[0] == PENDING
        assert rig.engine.truth("x") is Truth.UNKNOWN
    assert buckets(rig, "bbb") == "breach"


def test_a_thin_bucket_is_a_gap() -> None:
    """One sample in a bucket that needs two says nothing."""
    rig = Rig(rule(**OF, min_per_bucket=2), stale_after=60.0, start=START - 0.5)
    for _ in range(6):
        rig.tick(99.0, None)
    assert "breach" not in {change.after.word for change in rig.changes}
    assert "empty of 5 buckets" in rig.why()


def test_an_empty_bucket_can_be_excused_and_still_clears_nothing() -> None:
    """`no_data: ok` makes silence no obstacle to being OK, and no evidence that a breach is over."""
    policy = Missing(no_data="ok", null="unknown", error="unknown", stale="unknown")
    rig = Rig(rule(**OF, missing=policy), stale_after=600.0, start=START - 0.5)
    buckets(rig, "bbbbb")
    assert buckets(rig, "______") == "breach"
