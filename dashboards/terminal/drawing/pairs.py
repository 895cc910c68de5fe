"""Figures of both platforms as columns of a table: old, new, or the difference with its word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dashboards.terminal.drawing.spans import Glyphs, Span
from dashboards.terminal.drawing.table import Field
from dashboards.terminal.figures import Figure, Pair
from dashboards.terminal.view import View
from monitor.units import format_value

T = TypeVar("T")
WIDTH = 7
"""Cells of one number with its mark."""
_DIFFERENCE = 14


def pair(
    name: str,
    title: str,
    get: Callable[[T], Pair],
    unit: str,
    *,
    falling: bool = True,
    rank: int = 0,
    wide: bool = False,
    width: int = WIDTH,
) -> tuple[Field[T], ...]:
    """The fields of one figure. falling: whether the greatest comes first, as where less is better."""

    def side(which: str) -> Field[T]:
        def figure(row: T) -> Figure:
            return get(row).new if which == "new" else get(row).old

        def draw(row: T, view: View, glyphs: Glyphs) -> Span:
            return number(figure(row), get(row), view, glyphs, new=which == "new")

        return Field(
            f"{name}_{which}",
            which,
            lambda row: figure(row).value,
            draw,
            width,
            right=True,
            falling=falling,
            group=title,
            side=which,
            base=name,
            rank=rank,
            wide=wide,
            unit=unit,
        )

    apart: Field[T] = Field(
        f"{name}_difference",
        "new less old",
        lambda row: get(row).difference,
        lambda row, view, _: difference(get(row), view),
        _DIFFERENCE,
        right=True,
        falling=falling,
        group=title,
        side="difference",
        base=name,
        rank=rank,
        wide=wide,
        unit=unit,
    )
    return side("old"), side("new"), apart


def shown(value: float | None, unit: str) -> str:
    """A number in its unit; of seconds, none at all is `0s`, and from ten on nobody needs tenths."""
    if value is not None and unit == "seconds" and (value == 0 or 10 <= value < 60):  # noqa: PLR2004 - up to a minute
        return f"{value:.0f}s"
    return format_value(value, unit)


def number(figure: Figure, both: Pair, view: View, glyphs: Glyphs, *, new: bool) -> Span:
    """A number and a cell for its mark: worse than on the old platform, past a limit, or too old to hold."""
    if figure.value is None:
        return Span("- ", "dim")
    text = shown(figure.value, both.unit)
    if not figure.fresh or view.gone:
        return Span(text + glyphs.old, "stale")
    role = "" if not new else "fail" if both.hard else "warn" if both.past is not None or both.worse else ""
    if new and both.worse:
        return Span(text + (glyphs.up if both.low else glyphs.down), role)
    if new and both.past is not None:
        return Span(f"{text}!", role)
    return Span(f"{text} ")


def difference(both: Pair, view: View) -> Span:
    """`+29 worse`."""
    apart = both.difference
    if apart is None or view.gone:
        return Span("-", "dim")
    sign = "+" if apart > 0 else "-" if apart < 0 else ""
    return Span(f"{sign}{shown(abs(apart), both.unit)} {both.word}".rstrip(), "warn" if both.worse else "")
