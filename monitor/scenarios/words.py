"""A line of a script, word by word, each with its column; what is not as expected says so at its place."""

from __future__ import annotations

import re
from collections.abc import Callable

from monitor.documents.finding import meant, quoted
from monitor.model import Labels
from monitor.text import clean_label
from monitor.units import parse_duration, parse_number

_WORD = re.compile(r"[^\s{]+")
_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))')
_ESCAPE = re.compile(r"\\(.)")


class WordError(ValueError):
    """A line that is no sentence; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


class Words:
    """What is left of a line. `text` starts at column `offset + 1` of the file's line."""

    def __init__(self, text: str, offset: int = 0) -> None:
        self._text = text
        self._offset = offset
        self._at = 0
        self._skip()

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    @property
    def column(self) -> int:
        """Column of the next word, from 1."""
        return self._offset + self._at + 1

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._text)

    def peek(self) -> str:
        """The next word, empty at the end."""
        match = _WORD.match(self._text, self._at)
        return match.group() if match else self._text[self._at : self._at + 1]

    def fail(self, wanted: str) -> WordError:
        """An error at the next word."""
        found = quoted(self.peek()) if not self.ended else "the end of the line"
        return WordError(f"expected {wanted}, found {found}", self.column)

    def word(self, wanted: str) -> str:
        """Any word."""
        match = _WORD.match(self._text, self._at)
        if match is None:
            raise self.fail(wanted)
        self._at = match.end()
        self._skip()
        return match.group()

    def take(self, *words: str) -> str:
        """One of these words."""
        if self.peek() not in words or self.ended:
            raise self.fail(" or ".join(repr(word) for word in words))
        return self.word("")

    def maybe(self, *words: str) -> bool:
        """Take these words, one after the other, if they come next."""
        start = self._at
        for word in words:
            if self.ended or self.peek() != word:
                self._at = start
                return False
            self.word("")
        return True

    def one_of(self, choices: tuple[str, ...], wanted: str) -> str:
        """One of several words, with a guess at what was meant."""
        if self.ended or self.peek() not in choices:
            error = self.fail(wanted)
            raise WordError(f"{error.message}; {meant(self.peek(), choices)}", error.column)
        return self.word("")

    def duration(self) -> float:
        """A span such as 40s, in seconds."""
        return self._read(parse_duration, "a time such as 40s")

    def number(self) -> float:
        """A number such as 3.1 or 8%."""
        return self._read(parse_number, "a number")

    def whole(self, wanted: str) -> int:
        """A number of things, from 0."""
        if not (self.peek().isascii() and self.peek().isdecimal() and len(self.peek()) <= 6):  # noqa: PLR2004 - more are not counted
            raise self.fail(wanted)
        return int(self.word(""))

    def _read(self, parse: Callable[[str], float], wanted: str) -> float:
        column = self.column
        word = self.word(wanted)
        try:
            return parse(word)
        except ValueError as error:
            raise WordError(f"expected {wanted}: {error}", column) from error

    def labels(self) -> Labels:
        """Label pairs in braces, sorted; none without braces."""
        if self._text[self._at : self._at + 1] != "{":
            return ()
        opened, self._at = self.column, self._at + 1
        pairs: dict[str, str] = {}
        while self._text[self._at : self._at + 1] != "}":
            match = _LABEL.match(self._text, self._at)
            if match is None:
                if self._text[self._at :].strip() == "}":
                    break
                raise WordError('expected labels such as {trunk="east", platform="target"}', opened)
            name, value = match[1], _ESCAPE.sub(r"\1", match[2])
            if name in pairs:
                raise WordError(f"the label {name} stands twice", self.column)
            pairs[name] = clean_label(value)
            self._at = match.end()
        self._at = self._text.index("}", self._at) + 1
        self._skip()
        return tuple(sorted(pairs.items()))

    def rest(self) -> str:
        """Everything that is left."""
        rest, self._at = self._text[self._at :].rstrip(), len(self._text)
        return rest

    def end(self) -> None:
        """Nothing may be left."""
        if not self.ended:
            raise self.fail("the end of the line")
