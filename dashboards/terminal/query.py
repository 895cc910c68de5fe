"""The filter of a table: what was typed behind `/`, understood or refused with the nearest column.

Terms stand apart by spaces and must all hold; double quotes keep spaces and colons in one term. `word` is looked for in
the columns of text, `~pattern` is a regular expression over them, `column:word`, `column:~pattern`, `column:-` (has no
value) and `column:>3` (also `>=`, `<`, `<=`, `=`; with a unit: `8%`, `30ms`, `4m`) ask one column. `!` before a term
turns it round: what is not known is not above a limit, so `!column:>3` keeps it in sight.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias, TypeVar

from dashboards.terminal.processor_time import at_most
from monitor.units import parse_duration, parse_number

T = TypeVar("T")
Value: TypeAlias = float | str | None
Test: TypeAlias = Callable[[Value], bool]

LENGTH = 200
"""Longest filter in characters."""
BUDGET = 0.05
"""Seconds of processor time that one look through all rows may take."""
_TERM = re.compile(r'(!?)((?:[^\s":]+:)?)("[^"]*"|\S+)')
_COMPARES: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


class Term(NamedTuple):
    """One condition; without a column it is about all columns of text at once."""

    column: str
    test: Test
    negated: bool


class Query(NamedTuple):
    """An understood filter."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def select(
        self, rows: Sequence[T], values: Mapping[str, Callable[[T], Value]], words: Sequence[Callable[[T], Value]]
    ) -> list[T]:
        """The rows for which every term holds, in their order. TooSlow when a pattern does not come to an end."""
        kept = list(rows)
        if not self.terms:
            return kept
        with at_most(BUDGET):
            for column, test, negated in self.terms:
                if column:
                    get = values[column]
                    kept = [row for row in kept if test(get(row)) is not negated]
                else:
                    seen = ("\n".join([str(word(row)) for word in words]) for row in kept)
                    kept = [row for row, text in zip(kept, seen, strict=True) if test(text) is not negated]
        return kept


NOTHING = Query()


def parse(typed: str, columns: Collection[str]) -> Query | str:
    """Understand a filter over these columns; a text instead says what is wrong and what to type."""
    text = unicodedata.normalize("NFC", typed.strip())
    if len(text) > LENGTH:
        return f"a filter has at most {LENGTH} characters"
    terms = []
    for negated, column, word in _TERM.findall(text):
        term = _term(column.removesuffix(":").casefold(), word, columns, negated=bool(negated))
        if isinstance(term, str):
            return term
        terms.append(term)
    return Query(text, tuple(terms))


def _term(column: str, word: str, columns: Collection[str], *, negated: bool) -> Term | str:
    if column and column not in columns:
        near = get_close_matches(column, columns, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(columns)}"
        return f'no column {column!r}: {hint} (a colon that is part of a name needs quotes: "a:b")'
    if word == "!":
        return "! needs a word after it: !test"
    test = _test(word, column)
    return test if isinstance(test, str) else Term(column, test, negated)


def _test(word: str, column: str) -> Test | str:
    if word.startswith("~"):
        return _pattern(word[1:].strip('"'))
    sign = next((sign for sign in _COMPARES if word.startswith(sign)), "") if column else ""
    if sign:
        bound = _number(word[len(sign) :])
        if bound is None:
            return f"{column}:{word} compares with no number: write one, such as 3, 8%, 30ms or 4m"
        compare = _COMPARES[sign]
        return lambda value: isinstance(value, float | int) and compare(value, bound)
    return _has(word.strip('"'))


def _pattern(source: str) -> Test | str:
    try:
        with at_most(BUDGET):
            search = re.compile(source, re.IGNORECASE | re.MULTILINE).search
    except (re.error, OverflowError, RecursionError) as error:
        return f"~{source} is no pattern: {error}"
    return lambda value: isinstance(value, str) and search(value) is not None


def _has(word: str) -> Test:
    folded, number = word.casefold(), _number(word)

    def test(value: Value) -> bool:
        if value is None:
            return word == "-"
        return folded in value.casefold() if isinstance(value, str) else value == number

    return test


def _number(text: str) -> float | None:
    for read in (parse_number, parse_duration):
        try:
            return read(text)
        except ValueError:
            continue
    return None
