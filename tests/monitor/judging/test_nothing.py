"""The four kinds of nothing stay apart, each says why, and none of them executes or clears."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.rules import Missing
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL
from monitor.model import Flag, Quality, Standing, Truth
from tests.monitor.judging.rig import Rig, rule

KINDS = {"null": BLANK_NULL, "error": BLANK_ERROR, "empty": BLANK_EMPTY}


def policy(**changes: str) -> Missing:
    """A complete table with some entries changed."""
    fields = {"no_data": "hold", "null": "insufficient", "error": "unknown", "stale": "unknown"}
    return Missing(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "changes", "flag", "why", "quality"),
    [
        ("null", {"null": "hold"}, Flag.NONE, "the source cannot compute it", Quality.NULL),
        ("null", {"null": "insufficient"}, Flag.INSUFFICIENT, "the source cannot compute it", Quality.NULL),
        ("null", {"null": "unknown"}, Flag.UNKNOWN, "the source cannot compute it", Quality.NULL),
        ("error", {}, Flag.UNKNOWN, "the source could not be asked", Quality.ERROR),
        ("empty", {"no_data": "hold"}, Flag.NONE, "the source found nothing", Quality.EMPTY),
        ("empty", {"no_data": "ok"}, Flag.NONE, "the source found nothing", Quality.EMPTY),
        ("empty", {"no_data": "insufficient"}, Flag.INSUFFICIENT, "the source found nothing", Quality.EMPTY),
        ("empty", {"no_data": "unknown"}, Flag.UNKNOWN, "the source found nothing", Quality.EMPTY),
    ],
)
def test_each_kind_of_nothing_has_its_policy_and_its_words(
    kind: str, changes: dict[str, str], flag: Flag, why: str, quality: Quality
) -> None:
    """What it is called, what it does, and that a trigger cannot rest on it."""
    rig = Rig(rule(missing=policy(**changes)))
    rig.tick(10.0, 10.0)
    rig.now += 1
    rig.store.blank(0, KINDS[kind], rig.now)
    rig.look()
    flags = Flag(int(rig.judge.flags[0])) & (Flag.UNKNOWN | Flag.INSUFFICIENT | Flag.STALE)
    assert (flags, rig.why(), rig.judge.grade(0)) == (flag, why, quality)
    assert rig.engine.truth("x") is Truth.UNKNOWN


def test_a_source_that_keeps_answering_null_is_not_called_stale() -> None:
    """It answers; what it says is that there is no number."""
    rig = Rig(rule(missing=policy(null="hold")), stale_after=3.0)
    rig.tick(10.0, 10.0)
    for _ in range(20):
        rig.now += 1
        rig.store.blank(0, BLANK_NULL, rig.now)
        rig.look()
    assert not int(rig.judge.flags[0]) & (Flag.STALE | Flag.UNKNOWN)
    assert (rig.standing(), rig.engine.truth("x")) == ("ok", Truth.UNKNOWN)


def test_old_age_is_said_with_age_and_limit() -> None:
    """Stale at max_age, unknown at twice that, with both numbers."""
    rig = Rig(rule(), stale_after=15.0)
    rig.tick(10.0, *[None] * 41)
    assert rig.why() == "stale: newest sample 41s old, limit 15s"
    assert int(rig.judge.flags[0]) & Flag.UNKNOWN


@pytest.mark.parametrize("nothing", ["null", "error", "empty", "silence"])
def test_no_kind_of_nothing_ends_a_breach(nothing: str) -> None:
    """Whatever the policy, a breach ends by measured good numbers alone."""
    for no_data in get_args(Missing.__annotations__["no_data"]) or ("hold", "ok", "insufficient", "unknown"):
        rig = Rig(rule(missing=policy(no_data=no_data)))
        rig.tick(40.0, 40.0)
        for _ in range(30):
            rig.now += 1
            if nothing != "silence":
                rig.store.blank(0, KINDS[nothing], rig.now)
            rig.look()
        assert rig.standing() == "breach"
        assert rig.engine.truth("x") is Truth.UNKNOWN


def controlled(**changes: object) -> Rig:
    """A rule that shows an error as a breach while its control is good."""
    return Rig(
        rule(missing=policy(error="breach"), control="way", match={"n": "call"}, **changes),
        rule(name="way", match={"n": "way"}),
    )


def test_an_error_shows_as_breach_while_the_control_is_good_and_is_never_true() -> None:
    """For displays and pages only: the trigger reads unknown."""
    rig = controlled()
    rig.tick(10.0, n="call")
    for _ in range(3):
        rig.now += 1
        rig.put(10.0, n="way")
        rig.store.blank(rig.handle(n="call"), BLANK_ERROR, rig.now)
        rig.look()
    assert rig.standing() == "breach"
    assert rig.engine.truth("x") is Truth.UNKNOWN
    assert rig.why() == "the source could not be asked, and way is good: shown as breach"


@pytest.mark.parametrize("way", [40.0, None])
def test_without_a_good_control_an_error_is_only_an_error(way: float | None) -> None:
    """When the way to the source is in doubt itself, nothing is said about what lies behind it."""
    rig = controlled()
    rig.tick(10.0, n="call")
    for _ in range(3):
        rig.now += 1
        if way is not None:
            rig.put(way, n="way")
        rig.store.blank(rig.handle(n="call"), BLANK_ERROR, rig.now)
        rig.look()
    assert rig.standing() == "unknown"


point = st.one_of(st.floats(0, 60, width=32), st.sampled_from(["silence", "null", "error", "empty"]))


@settings(max_examples=120, deadline=None)
@given(
    st.lists(point, min_size=1, max_size=40),
    st.sampled_from(["hold", "ok", "insufficient", "unknown"]),
    st.sampled_from(["hold", "insufficient", "unknown"]),
    st.integers(0, 3),
)
def test_unknown_never_executes_and_never_clears(points: list[float | str], no_data: str, null: str, hold: int) -> None:
    """Whatever comes in whatever order: a breach begins, ends and is true only in ticks in which a number was heard."""
    rig = Rig(rule(missing=policy(no_data=no_data, null=null), hold=float(hold), clear_hold=1.0), stale_after=2.0)
    rig.tick(10.0)
    for value in points:
        before = rig.judge.level(0)
        rig.now += 1
        if isinstance(value, str):
            if value != "silence":
                rig.store.blank(0, KINDS[value], rig.now)
        else:
            rig.put(value)
        rig.look()
        after, truth = rig.judge.level(0), rig.engine.truth("x")
        if isinstance(value, str) and value != "silence":
            assert after is before
            assert truth is Truth.UNKNOWN
            assert rig.why()
        if truth is Truth.TRUE:
            assert rig.judge.standing(0) is Standing.BREACH
        if rig.standing() in ("unknown", "insufficient"):
            assert rig.why()
