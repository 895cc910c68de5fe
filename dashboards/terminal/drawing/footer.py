"""The bottom line: keys of this screen, and how live the picture is."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, line_cells
from dashboards.terminal.view import View

_GROW, _ROOMY = 60, 100
_DIGITS = 8
"""Digits of the journal's head that are enough to hold it against: `golive audit verify --anchor NUMBER:DIGITS`."""


def footer(keys: Iterable[tuple[str, str]], view: View, width: int, glyphs: Glyphs) -> Line:
    """Keys with their words, as many as fit; at the right end the journal's head and how far the picture is behind."""
    lag = "live" if view.behind < 1 else f"{view.behind:.0f}s behind"
    if view.past:
        lag = "PAST"
    elif view.snapshot is None:
        lag = "no data"
    elif width >= _ROOMY and view.snapshot.monitor.journal_seq:
        lag = f"{view.snapshot.monitor.journal_seq}:{view.snapshot.monitor.journal_hash[:_DIGITS]} {lag}"
    right = Span(f" {lag} ", "past" if view.past else "alarm" if view.gone else "dim")
    room = width - len(right.text)
    out: list[Span] = []
    used = 0
    for key, word in keys:
        piece = (Span(f" {key}", "key"), Span(f" {word} " if width >= _GROW else "", "dim"))
        cells = line_cells(piece)
        if used + cells > room:
            break
        out.extend(piece)
        used += cells
    return clip((*out, Span(" " * max(0, room - used)), right), width, glyphs)
