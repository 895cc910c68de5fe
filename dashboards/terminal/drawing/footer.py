"""The bottom line: keys of this screen, and how live the picture is."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, line_cells
from dashboards.terminal.view import View

_ROOMY = 100
_HELP = "?"
_LETTERS = 3
"""Of a screen's name where room is short."""
_DIGITS = 8
"""Digits of the journal's head that are enough to hold it against: `golive audit verify --anchor NUMBER:DIGITS`."""


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
    pieces = _fitting(list(keys), room)
    out: list[Span] = []
    used = 0
    for piece in pieces:
        cells = line_cells(piece)
        if used + cells > room:
            break
        out.extend(piece)
        used += cells
    return clip((*out, Span(" " * max(0, room - used)), right), width, glyphs)


def _fitting(keys: list[tuple[str, str]], room: int) -> list[Line]:
    """All keys with their words; where they do not fit, screens by three letters, and words from the left as far as they go."""
    whole = [_piece(key, word, None) for key, word in keys]
    if _cells(whole) <= room:
        return whole
    named = [_piece(key, word, _LETTERS if key.isdigit() else 0) for key, word in keys]
    if _cells(named) > room:
        bare = [(key, _piece(key, "", 0)) for key, _ in keys]
        while _cells(piece for _, piece in bare) > room and len(bare) > 1:
            # What is left out stands in the help, so the help's own key goes last.
            del bare[-1 if bare[-1][0] != _HELP else -2]
        return [piece for _, piece in bare]
    for place, (key, word) in enumerate(keys):
        longer = [*named[:place], _piece(key, word, None), *named[place + 1 :]]
        if not key.isdigit() and _cells(longer) <= room:
            named = longer
    return named


def _piece(key: str, word: str, letters: int | None) -> Line:
    """A key with so many letters of its word, and the count that stands in it; None: with all of them."""
    if letters is None:
        return Span(f" {key}", "key"), Span(f" {word} ", "dim")
    name, _, count = word.rstrip(")").partition("(")
    return Span(f" {key}", "key"), Span(name[:letters] + (count if letters else ""), "dim")


def _cells(pieces: Iterable[Line]) -> int:
    return sum(map(line_cells, pieces))
