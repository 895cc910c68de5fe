"""Long work in pieces: generators that yield where others may run, and the same work done at once."""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Pieces: TypeAlias = Generator[None, None, T]
"""Work that yields between its pieces and returns what it made. What it makes does not depend on when it goes on."""


def finished(work: Pieces[T]) -> T:
    """What the work makes, without letting anybody run in between."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: T = end.value
            return made


def pieces(size: int, most: int) -> list[slice]:
    """0 to `size` in stretches of nearly one length, each at most `most` (at least 4) long; none for nothing.

    No stretch is a single one beside longer ones: numpy adds up a lone column in another order than many, and a sum
    would then depend on how many series there are.
    """
    count = -(-size // max(most, 4))
    edges = [size * number // count for number in range(count + 1)] if count else []
    return [slice(begin, end) for begin, end in pairwise(edges)]
