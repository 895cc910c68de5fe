"""The bottom line: keys of this screen, and how live the picture is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, line_cells
from dashboards.terminal.view import View

_ROOMY = 100
_DIGITS = 8
"""Digits of the journal's head that are enough to hold it against: `golive audit verify --anchor NUMBER:DIGITS`."""


class _How(NamedTuple):
    """Letters of the words; None: whole."""

    others: int | None
    screens: int | None


_LONG, _SHORT, _SHORTER, _BARE = _How(None, None), _How(None, 3), _How(0, 3), _How(0, 0)


def footer(keys: Iterable[tuple[str, str]], view: View, width: int, glyphs: Glyphs) -> Line:
    """Keys with their words, shortened until all of them fit, the words of the screens last; at the right end the journal's head and how far the picture is behind."""
    lag = "live" if view.behind < 1 else f"{view.behind:.0f}s behind"
    if view.past:
        lag = "PAST"
    elif view.snapshot is None:
        lag = "no data"
    elif width >= _ROOMY and view.snapshot.monitor.journal_seq:
        lag = f"{view.snapshot.monitor.journal_seq}:{view.snapshot.monitor.journal_hash[:_DIGITS]} {lag}"
    right = Span(f" {lag} ", "past" if view.past else "alarm" if view.gone else "dim")
    room = width - len(right.text)
    shown = list(keys)
    lines = (_pieces(shown, how) for how in (_LONG, _SHORT, _SHORTER, _BARE))
    pieces = next((line for line in lines if sum(map(line_cells, line)) <= room), None) or _pieces(shown, _BARE)
    out: list[Span] = []
    used = 0
    for piece in pieces:
        cells = line_cells(piece)
        if used + cells > room:
            break
        out.extend(piece)
        used += cells
    return clip((*out, Span(" " * max(0, room - used)), right), width, glyphs)


def _pieces(keys: Iterable[tuple[str, str]], how: _How) -> list[Line]:
    """Each key with as many letters of its word as there is room for; screens, which are numbers, keep theirs longest."""
    made: list[Line] = []
    for key, word in keys:
        letters = how.screens if key.isdigit() else how.others
        name, _, count = word.rstrip(")").partition("(")
        if letters is None:
            made.append((Span(f" {key}", "key"), Span(f" {word} ", "dim")))
        else:
            made.append((Span(f" {key}", "key"), Span(name[:letters] + (count if letters else ""), "dim")))
    return made
