"""Small phrases that several screens share: spans, clocks, limits, scopes."""

from __future__ import annotations

from datetime import UTC, datetime

from dashboards.terminal.drawing.spans import Glyphs
from monitor.units import format_duration, format_value

_GOOD = {">": ("at_most", ""), ">=": ("", "<"), "<": ("at_least", ""), "<=": ("", ">")}


def clock(at: float, *, date: bool = False, parts: bool = False) -> str:
    """Time of day in UTC, `02:11:02`. date: with the day in front. parts: with milliseconds. `?` for none of the calendar."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return "?"
    text = moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")
    return f"{text}.{moment.microsecond // 1000:03d}" if parts else text


def countdown(seconds: float) -> str:
    """Time left as `07:31`, or `1:02:03` from an hour on; `expired` at zero."""
    left = int(seconds)
    if left <= 0:
        return "expired"
    if left < 3600:  # noqa: PLR2004 - an hour
        return f"{left // 60:02d}:{left % 60:02d}"
    return f"{left // 3600}:{left % 3600 // 60:02d}:{left % 60:02d}"


def elapsed(seconds: float) -> str:
    """T+ as `01:42:07`, with days in front from a day on."""
    past = max(0, int(seconds))
    days = f"{past // 86400}d " if past >= 86400 else ""  # noqa: PLR2004 - a day
    return f"{days}{past % 86400 // 3600:02d}:{past % 3600 // 60:02d}:{past % 60:02d}"


def span(seconds: float) -> str:
    """A span in at most five cells: `41s`, `4m12s`, `38m`, `1h02m`, `3d04h`, `120d`."""
    past = max(0.0, seconds)
    if 600 <= past < 3600:  # noqa: PLR2004 - from ten minutes to an hour seconds no longer matter
        return f"{int(past) // 60}m"
    text = format_duration(past)
    return text if len(text) <= 5 else f"{int(past) // 86400}d"  # noqa: PLR2004 - five cells


def age(seconds: float | None) -> str:
    """How old something is; `none` when there never was one."""
    return "none" if seconds is None else span(seconds)


def limit(operator: str, value: float | None, unit: str, glyphs: Glyphs) -> str:
    """The good side of a limit: a rule that is bad above 8 % shows as at most 8 %."""
    if value is None:
        return "-"
    sign, plain = _GOOD.get(operator, ("", operator))
    return (getattr(glyphs, sign) if sign else plain) + format_value(value, unit)


def against(value: float | None, operator: str, bound: float, unit: str) -> str:
    """Value and limit as the rule reads them: `11.8% > 8.0%`; `no data` when there is no value."""
    shown = "no data" if value is None else format_value(value, unit)
    return f"{shown} (bad {operator} {format_value(bound, unit)})"


def compared(legacy: float | None, target: float | None, operator: str) -> str:
    """Whether the target platform does better than the legacy one, in a word."""
    if legacy is None or target is None or not operator:
        return "-"
    if abs(target - legacy) <= 1e-9 * max(1.0, abs(legacy)):
        return "same"
    return "worse" if (target > legacy) == (operator in (">", ">=")) else "better"


def plural(count: int, one: str, many: str) -> str:
    """`1 waits`, `3 wait`."""
    return f"{count} {one if count == 1 else many}"
