"""The way down to what is shown, above the keys: `Board > Abandon rate > queue=sales-en`."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, fit
from dashboards.terminal.drawing.spans import line_cells as cells

_PART = 28
"""Cells of a step of the way that is not the last."""


def crumbs(parts: Sequence[str], width: int, glyphs: Glyphs) -> Line:
    """Where one is; the nearest steps are kept when there is no room for all."""
    shown = [part if index == len(parts) - 1 else _short(part, glyphs) for index, part in enumerate(parts)]
    for first in range(len(shown)):
        line = _line(shown[first:], cut=first > 0, glyphs=glyphs)
        if cells(line) <= width:
            return line
    return clip(_line(shown[-1:], cut=len(shown) > 1, glyphs=glyphs), width, glyphs)


def _short(part: str, glyphs: Glyphs) -> str:
    return fit(part, min(_PART, max(1, cells((Span(part),)))), glyphs).rstrip()


def _line(parts: Sequence[str], *, cut: bool, glyphs: Glyphs) -> Line:
    out: list[Span] = [Span(f" {glyphs.ellipsis} > " if cut else " ", "dim")]
    for index, part in enumerate(parts):
        if index:
            out.append(Span(" > ", "dim"))
        out.append(Span(part, "strong" if index == len(parts) - 1 else ""))
    return tuple(out)
