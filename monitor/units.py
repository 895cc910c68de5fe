"""Numbers with units, as people write them in a configuration and read them on a screen."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

Duration: TypeAlias = Annotated[float, msgspec.Meta(ge=0, extra={"unit": "duration"})]
"""Seconds; written with a unit in configuration: `250ms`, `20s`, `8m`, `1h30m`, `2d`."""
Number: TypeAlias = Annotated[float, msgspec.Meta(extra={"unit": "number"})]
"""A finite number; may be written as a percentage (`95%` is 0.95) or with ms/s (`30ms` is 0.03)."""
Moment: TypeAlias = Annotated[float, msgspec.Meta(extra={"unit": "moment"})]
"""Unix seconds; written as RFC 3339 with an offset: `2026-03-07T01:00:00Z`."""

_SCALE = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])", re.ASCII)
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(%|ms|s)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MEGABIT = 125_000


def parse_duration(text: str) -> float:
    """Read `1h30m`, `250ms` or `0s` as seconds; ValueError says what is wrong."""
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        msg = f"{text!r} is not a duration: write a number with a unit, such as 250ms, 20s, 8m, 1h30m or 2d"
        raise ValueError(msg)
    seconds = sum(float(number) * _SCALE[unit] for number, unit in _PART.findall(text))
    if not math.isfinite(seconds):
        msg = f"{text!r} is too long a duration"
        raise ValueError(msg)
    return seconds


def parse_number(text: str) -> float:
    """Read `0.08`, `8%` or `30ms` in base units; refuses NaN and infinities."""
    match = _NUMBER.fullmatch(text)
    if not match:
        msg = f"{text!r} is not a finite number: write it plainly, such as 0.08, 8% or 30ms"
        raise ValueError(msg)
    number, unit = match.groups()
    if unit == "%":
        value = float(number) / 100.0
    elif unit == "ms":
        value = float(number) / 1000.0
    else:
        value = float(number)
    if not math.isfinite(value):
        msg = f"{text!r} is not a finite number"
        raise ValueError(msg)
    return value


def parse_moment(text: str) -> float:
    """Read `2026-03-07T01:00:00Z` (RFC 3339, the offset is mandatory) as unix seconds."""
    if not _MOMENT.fullmatch(text):
        msg = f"{text!r} is not a time: write date, time and offset, such as 2026-03-07T01:00:00Z or 2026-03-07T02:00:00+01:00"
        raise ValueError(msg)
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError) as error:
        msg = f"{text!r} is not a time: {error}"
        raise ValueError(msg) from error


def format_duration(seconds: float) -> str:
    """Show a span in at most two units: `41s`, `4m12s`, `1h02m`, `3d04h`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02d}h"


def spell_duration(seconds: float) -> str:
    """Write a span as configuration does, without the parts that are zero: `5m`, `1h30m`, `2d`, `250ms`."""
    if not seconds:
        return "0s"
    parts = []
    rest = round(seconds * 1000)
    for unit, scale in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, scale)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or f"{seconds:g}s"


def _format_seconds(value: float) -> str:
    if abs(value) < 1:
        return f"{value * 1000:.0f}ms"
    return f"{value:.1f}s" if abs(value) < _MINUTE else format_duration(value)


def format_value(value: float | None, unit: str) -> str:
    """Show a number in the unit a person expects: `11.8%`, `29ms`, `3.58`, `-` for nothing."""
    if value is None or not math.isfinite(value):
        return "-"
    if unit == "ratio":
        return f"{value * 100:.1f}%"
    if unit == "seconds":
        return _format_seconds(value)
    if unit == "score":
        return f"{value:.2f}"
    if unit == "bytes_per_second":
        return f"{value * 8 / 1e6:.2f}Mbit/s" if value >= _MEGABIT else f"{value * 8 / 1e3:.0f}kbit/s"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"
