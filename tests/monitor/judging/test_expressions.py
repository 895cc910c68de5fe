"""The expression language: Kleene's logic, exact errors, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judging.expressions import Expression, ExpressionError, parse
from monitor.model import Truth

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def value(expression: Expression, **truths: Truth) -> Truth:
    """Evaluate with these rules; others are unknown."""
    return expression.evaluate(lambda name: truths.get(name, U), lambda _: None)


@pytest.mark.parametrize(
    ("a", "b", "conjunction", "disjunction"),
    [(T, T, T, T), (T, U, U, T), (T, F, F, T), (U, U, U, U), (U, F, F, U), (F, F, F, F)],
)
def test_and_or_not_are_kleenes(a: Truth, b: Truth, conjunction: Truth, disjunction: Truth) -> None:
    """unknown and false is false, unknown or true is true, all else with unknown is unknown; order does not matter."""
    for x, y in ((a, b), (b, a)):
        assert value(parse("a and b"), a=x, b=y) is conjunction
        assert value(parse("a or b"), a=x, b=y) is disjunction
        assert value(parse("not (a and b)"), a=x, b=y) is Truth(2 - conjunction)


@pytest.mark.parametrize(
    ("truths", "expected"), [((T, T, F), T), ((T, U, F), U), ((T, F, F), F), ((U, U, F), U), ((U, F, F), F)]
)
def test_at_least_counts_what_is_surely_true(truths: tuple[Truth, Truth, Truth], expected: Truth) -> None:
    """Two of three: unknown parts can still make it true, or cannot any more."""
    a, b, c = truths
    assert value(parse("at least 2 of (a, b, c)"), a=a, b=b, c=c) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s >= 95%", T), ("s > 0.95", F), ("s < 0.95", F), ("s == 0.95", T), ("s != 0.95", F), ("other > 1", U)],
)
def test_signals_compare_with_numbers(text: str, expected: Truth) -> None:
    """Operators are as written; a signal nobody knows is unknown."""
    assert parse(text).evaluate(lambda _: F, lambda name: 0.95 if name == "s" else None) is expected


def test_or_binds_weaker_than_and() -> None:
    """`a or b and c` is `a or (b and c)`."""
    assert value(parse("a or b and c"), a=T, b=F, c=F) is T
    assert parse("a or b and c > 3").rules == {"a", "b"}
    assert parse("a or b and c > 3").signals == {"c"}


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "found the end"),
        ("a and", 6, "found the end"),
        ("a b", 3, "'and', 'or' or the end"),
        ("(a", 3, "')'"),
        ("at least 3 of (a, b)", 1, "never be true"),
        ("at least 0 of (a)", 10, "at least 1"),
        ("s > nan", 5, "a number"),
        ("__import__('os')", 12, "unexpected"),
        ("a; b", 2, "unexpected"),
        ("(" * 60 + "a" + ")" * 60, 52, "nesting"),
        ("a" * 3000, 2000, "longer"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_was_expected(text: str, column: int, says: str) -> None:
    """Each mistake has its column and its words."""
    with pytest.raises(ExpressionError, match=says.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse(text)
    assert caught.value.column == column


@given(st.text(max_size=80))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    """Whatever is written, the only outcomes are an expression and an ExpressionError."""
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert value(expression) in (T, F, U)
