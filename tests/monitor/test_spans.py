"""Spans and times as people write them: read, and written back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.units import parse_duration, parse_moment, spell_duration


@given(st.integers(0, 10**12))
def test_a_span_is_read_as_it_was_written(milliseconds: int) -> None:
    """Spelling a span and reading it again gives the same span."""
    assert parse_duration(spell_duration(milliseconds / 1000)) == pytest.approx(
        milliseconds / 1000, abs=1e-3, rel=1e-12
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.25, "250ms"), (60, "1m"), (5400, "1h30m"), (172800, "2d"), (0.0001, "0.0001s")]
)
def test_a_span_has_no_zero_parts(seconds: float, text: str) -> None:
    """What is spelt is what a person would write."""
    assert spell_duration(seconds) == text


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive by contract
def test_a_moment_is_read_with_its_offset(moment: datetime) -> None:
    """RFC 3339 in UTC gives unix seconds."""
    assert parse_moment(moment.isoformat()) == moment.timestamp()
    assert parse_moment(moment.isoformat().replace("+00:00", "Z")) == moment.timestamp()


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-07", "2026-03-07T01:00:00", "2026-03-07T01:00Z", "2026-13-07T01:00:00Z", "2026-W10-1T01:00:00Z",
     "2026-03-07T01:00:00+0100", "2026-03-07T25:00:00Z", "now", "1772845200"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A time without an offset, or that does not exist, is refused in words."""
    with pytest.raises(ValueError, match="is not a time"):
        parse_moment(text)
