"""The bottom line: keys of this screen, and how live the picture is."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, line_cells
from dashboards.terminal.view import View

_GROW, _ROOMY = 60, 100
_HELP = "?"
_SHORT = 3
"""Letters of a screen's name where room is short."""
_DIGITS = 8
"""Digits of the journal's head that are enough to hold it against: `golive audit verify --anchor NUMBER:DIGITS`."""


def _fitting(keys: list[tuple[str, str]], room: int, *, words: bool) -> list[Line]:
    """The keys with their words; where not all fit, the screens go by the first letters of theirs, counts stay whole."""

    def told(key: str, word: str, *, short: bool) -> Line:
        if not words:
            return (Span(f" {key}", "key"),)
        if short and key.isdecimal():
            name, bracket, count = word.partition("(")
            return Span(f" {key}", "key"), Span(f"{name[:_SHORT]}{bracket}{count}", "dim")
        return Span(f" {key}", "key"), Span(f" {word} ", "dim")

    whole = [told(key, word, short=False) for key, word in keys]
    if sum(line_cells(piece) for piece in whole) <= room:
        return whole
    pieces = [told(key, word, short=True) for key, word in keys]
    if sum(line_cells(piece) for piece in pieces) <= room or not any(key == _HELP for key, _ in keys):
        return pieces
    # What does not fit stands in the help, so the help's own key stays.
    told_of = told(_HELP, dict(keys)[_HELP], short=True)
    kept: list[Line] = []
    left = room - line_cells(told_of)
    for piece, (key, _) in zip(pieces, keys, strict=True):
        left -= 0 if key == _HELP else line_cells(piece)
        if left < 0:
            break
        kept += [] if key == _HELP else [piece]
    return [*kept, told_of]


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
    for piece in _fitting(list(keys), room, words=width >= _GROW):
        cells = line_cells(piece)
        if used + cells > room:
            break
        out.extend(piece)
        used += cells
    return clip((*out, Span(" " * max(0, room - used)), right), width, glyphs)
