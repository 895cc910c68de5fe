"""The tables on which the safety of a run rests, read out in full."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.effect import Outcome, Retry, after_crash, after_probe, follow, restrained

EFFECTS = ("read", "keyed", "checked", "once")


@pytest.mark.parametrize(
    ("effect", "kind", "sent", "left", "follows"),
    [(effect, "done", True, left, "done") for effect, left in itertools.product(EFFECTS, (True, False))]
    + [(effect, "failed", False, left, "again" if left else "pause") for effect in EFFECTS for left in (True, False)]
    + [
        ("read", "failed", True, True, "again"),
        ("read", "failed", True, False, "pause"),
        ("read", "unknown", True, True, "again"),
        ("read", "unknown", True, False, "pause"),
        ("keyed", "failed", True, True, "again"),
        ("keyed", "failed", True, False, "pause"),
        ("keyed", "unknown", True, True, "again"),
        ("keyed", "unknown", True, False, "park"),
        ("checked", "failed", True, True, "probe"),
        ("checked", "failed", True, False, "pause"),
        ("checked", "unknown", True, True, "probe"),
        ("checked", "unknown", True, False, "probe"),
        ("once", "failed", True, True, "pause"),
        ("once", "failed", True, False, "pause"),
        ("once", "unknown", True, True, "park"),
        ("once", "unknown", True, False, "park"),
    ],
)
def test_what_follows_an_outcome(effect: Any, kind: Any, sent: bool, left: bool, follows: str) -> None:
    """Each effect class, each outcome, with and without tries left."""
    outcome = Outcome(kind=kind, detail="", sent=sent)
    assert follow(effect, outcome, 1, Retry(times=1 if left else 0)) == follows


@given(
    effect=st.sampled_from(["checked", "once"]),
    kind=st.sampled_from(["done", "failed", "unknown"]),
    attempt=st.integers(1, 50),
    times=st.integers(0, 50),
)
def test_what_is_not_safe_to_repeat_is_never_just_repeated(effect: Any, kind: Any, attempt: int, times: int) -> None:
    """Once it may have left this machine, only keyed and read steps are sent again without asking anything."""
    assert follow(effect, Outcome(kind=kind, detail=""), attempt, Retry(times=times)) != "again"


@given(effect=st.sampled_from(EFFECTS), attempt=st.integers(1, 9), times=st.integers(0, 9), sent=st.booleans())
def test_unknown_is_never_done(effect: Any, attempt: int, times: int, sent: bool) -> None:
    """No effect class turns an unknown outcome into a success."""
    assert follow(effect, Outcome(kind="unknown", detail="", sent=sent), attempt, Retry(times=times)) != "done"


@pytest.mark.parametrize(
    ("truth", "interrupted", "attempt", "follows"),
    [
        (True, False, 1, "done"),
        (None, False, 1, "park"),
        (None, True, 1, "park"),
        (False, True, 9, "again"),
        (False, False, 1, "again"),
        (False, False, 2, "pause"),
    ],
)
def test_what_follows_a_probe(truth: bool | None, interrupted: bool, attempt: int, follows: str) -> None:
    """Yes is done, no is sent again while tries are left, and not knowing asks a person."""
    assert after_probe(truth, attempt, Retry(times=1), interrupted=interrupted) == follows


@pytest.mark.parametrize(
    ("effect", "answers", "follows"),
    [
        ("read", False, "again"),
        ("keyed", False, "again"),
        ("checked", False, "probe"),
        ("once", False, "park"),
        ("once", True, "again"),
        ("checked", True, "again"),
    ],
)
def test_what_follows_a_crash(effect: Any, answers: bool, follows: str) -> None:
    """Begun and without a result: by effect class; asking a person again is always safe."""
    assert after_crash(effect, answers=answers) == follows


@given(
    what=st.sampled_from(["done", "again", "probe", "park", "pause"]),
    kind=st.sampled_from(["done", "failed", "unknown"]),
    asks=st.booleans(),
)
def test_a_run_that_is_stopping_begins_nothing(what: Any, kind: Any, asks: bool) -> None:
    """While it is being aborted nothing is sent again, and what is not known is said to be not known."""
    found = restrained(what, Outcome(kind=kind, detail=""), asks=asks, stopping=True)
    assert found not in ("again", "probe")
    if what in ("again", "probe") and kind == "unknown" and not asks:
        assert found == "park"


@given(
    what=st.sampled_from(["done", "again", "probe", "park", "pause"]),
    kind=st.sampled_from(["done", "failed", "unknown"]),
    asks=st.booleans(),
)
def test_past_its_deadline_nothing_is_tried_again_but_a_probe_may_be_asked(what: Any, kind: Any, asks: bool) -> None:
    """A late step is never sent again by itself; what is not known of it is parked, and looking changes nothing."""
    found = restrained(what, Outcome(kind=kind, detail=""), asks=asks, stopping=False, late=True)
    assert found != "again"
    if what == "probe" and not asks:
        assert found == "probe"
    if what == "again" and kind == "unknown":
        assert found == "park"
