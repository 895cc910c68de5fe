"""Expressions over rules and signals in Kleene's three-valued logic; a tiny grammar of its own, never eval.

expression = term {"or" term}
term       = factor {"and" factor}
factor     = "not" factor | "(" expression ")" | atleast | comparison | name
atleast    = "at" "least" integer "of" "(" expression {"," expression} ")"
comparison = name operator number          operator = > >= < <= == !=
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from monitor.model import Truth
from monitor.units import parse_number

RuleTruth: TypeAlias = Callable[[str], Truth]
SignalValue: TypeAlias = Callable[[str], "float | None"]
T = TypeVar("T")


class Algebra(Protocol[T]):
    """What an expression is folded into where one truth is not enough, such as one a scope."""

    def rule(self, name: str) -> T:
        """A rule by itself."""
        ...

    def signal(self, truth: Truth) -> T:
        """A signal against a number."""
        ...

    def negated(self, part: T) -> T:
        """`not`."""
        ...

    def at_least(self, least: int, parts: Sequence[T]) -> T:
        """At least so many; `and` is all of them, `or` is one."""
        ...


_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|(?P<op>>=|<=|==|!=|>|<)|(?P<number>[+-]?\d[0-9.eE]*(?:%|ms|s)?)|(?P<mark>[(),]))"
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_KEYWORDS = frozenset({"and", "or", "not", "at", "least", "of"})
_LENGTH = 2000
_DEPTH = 50


class ExpressionError(ValueError):
    """An expression that cannot be read; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str

    def value(self, rule: RuleTruth, _signal: SignalValue) -> Truth:
        return rule(self.name)

    def fold(self, algebra: Algebra[T], _signal: SignalValue) -> T:
        return algebra.rule(self.name)


@dataclass(frozen=True, slots=True)
class _Compare:
    name: str
    op: str
    number: float

    def value(self, _rule: RuleTruth, signal: SignalValue) -> Truth:
        measured = signal(self.name)
        if measured is None:
            return Truth.UNKNOWN
        return Truth.TRUE if _COMPARE[self.op](measured, self.number) else Truth.FALSE

    def fold(self, algebra: Algebra[T], signal: SignalValue) -> T:
        return algebra.signal(self.value(lambda _name: Truth.UNKNOWN, signal))


@dataclass(frozen=True, slots=True)
class _Not:
    part: _Node

    def value(self, rule: RuleTruth, signal: SignalValue) -> Truth:
        return Truth(2 - self.part.value(rule, signal))

    def fold(self, algebra: Algebra[T], signal: SignalValue) -> T:
        return algebra.negated(self.part.fold(algebra, signal))


@dataclass(frozen=True, slots=True)
class _AtLeast:
    """At least `least` of the parts; `and` is all of them, `or` is one of them."""

    least: int
    parts: tuple[_Node, ...]

    def value(self, rule: RuleTruth, signal: SignalValue) -> Truth:
        values = [part.value(rule, signal) for part in self.parts]
        true = values.count(Truth.TRUE)
        if true >= self.least:
            return Truth.TRUE
        return Truth.UNKNOWN if true + values.count(Truth.UNKNOWN) >= self.least else Truth.FALSE

    def fold(self, algebra: Algebra[T], signal: SignalValue) -> T:
        return algebra.at_least(self.least, [part.fold(algebra, signal) for part in self.parts])


_Node: TypeAlias = "_Rule | _Compare | _Not | _AtLeast"


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression."""

    text: str
    root: _Node
    rules: frozenset[str]
    """Names used as rules."""
    signals: frozenset[str]
    """Names compared with a number."""

    def evaluate(self, rule: RuleTruth, signal: SignalValue) -> Truth:
        """Its truth, given each rule's truth and each signal's value (None: unknown)."""
        return self.root.value(rule, signal)

    def fold(self, algebra: Algebra[T], signal: SignalValue) -> T:
        """The same in another algebra."""
        return self.root.fold(algebra, signal)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.rules: set[str] = set()
        self.signals: set[str] = set()
        self.at = 0
        position = 0
        stop = len(text.rstrip())
        while position < stop:
            match = _TOKEN.match(text, position)
            if not match:
                blank = len(text[position:]) - len(text[position:].lstrip())
                raise ExpressionError(f"unexpected {text[position + blank]!r}", position + blank + 1)
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind], match.start(kind) + 1))
            position = match.end()

    def fail(self, wanted: str) -> ExpressionError:
        if self.at < len(self.tokens):
            _, found, column = self.tokens[self.at]
            return ExpressionError(f"expected {wanted}, found {found!r}", column)
        return ExpressionError(f"expected {wanted}, found the end", len(self.text) + 1)

    def peek(self, *words: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][1] in words

    def take(self, *words: str) -> str:
        if not self.peek(*words):
            raise self.fail(" or ".join(repr(word) for word in words))
        self.at += 1
        return self.tokens[self.at - 1][1]

    def kind(self, kind: str, wanted: str) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != kind:
            raise self.fail(wanted)
        self.at += 1
        return self.tokens[self.at - 1][1]

    def series(self, word: str, part: Callable[[int], _Node], depth: int) -> Sequence[_Node]:
        parts = [part(depth)]
        while self.peek(word):
            self.take(word)
            parts.append(part(depth))
        return parts

    def expression(self, depth: int) -> _Node:
        parts = self.series("or", self.term, depth)
        return parts[0] if len(parts) == 1 else _AtLeast(1, tuple(parts))

    def term(self, depth: int) -> _Node:
        parts = self.series("and", self.factor, depth)
        return parts[0] if len(parts) == 1 else _AtLeast(len(parts), tuple(parts))

    def factor(self, depth: int) -> _Node:
        if depth > _DEPTH:
            raise self.fail(f"at most {_DEPTH} levels of nesting")
        if self.peek("not"):
            self.take("not")
            return _Not(self.factor(depth + 1))
        if self.peek("("):
            self.take("(")
            node = self.expression(depth + 1)
            self.take(")")
            return node
        if self.peek("at"):
            return self.at_least(depth)
        if self.peek(*_KEYWORDS):
            raise self.fail("a rule or signal")
        return self.name()

    def at_least(self, depth: int) -> _Node:
        self.take("at")
        self.take("least")
        number = self.kind("number", "a whole number")
        if not number.isdecimal() or int(number) < 1:
            self.at -= 1
            raise self.fail("a whole number of at least 1")
        self.take("of")
        self.take("(")
        parts = self.series(",", self.expression, depth + 1)
        self.take(")")
        if int(number) > len(parts):
            raise ExpressionError(f"at least {number} of {len(parts)} can never be true", 1)
        return _AtLeast(int(number), tuple(parts))

    def name(self) -> _Node:
        name = self.kind("word", "the name of a rule or signal")
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "op":
            self.rules.add(name)
            return _Rule(name)
        op = self.kind("op", "an operator")
        column = self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text) + 1
        number = self.kind("number", "a number")
        self.signals.add(name)
        try:
            return _Compare(name, op, parse_number(number))
        except ValueError as error:
            raise ExpressionError(str(error), column) from error


def parse(text: str) -> Expression:
    """Read an expression; ExpressionError says what was expected and at which column."""
    if len(text) > _LENGTH:
        raise ExpressionError(f"longer than {_LENGTH} characters", _LENGTH)
    parser = _Parser(text)
    root = parser.expression(0)
    if parser.at < len(parser.tokens):
        raise parser.fail("'and', 'or' or the end")
    return Expression(text, root, frozenset(parser.rules), frozenset(parser.signals))
