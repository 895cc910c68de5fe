"""What is wrong with a document, where it stands, and what to do: one value for every kind of mistake."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

MAX_FINDINGS = 200
"""More findings than this in one document are counted, not listed."""

_SHOWN = 60
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_\-]{1,64}")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One problem of a configuration or a runbook file."""

    file: str
    line: int
    """From 1; 0 when the file as a whole is meant."""
    column: int
    """From 1; 0 when the file as a whole is meant."""
    where: str
    """Path inside the file, such as `rules[2].breach`; empty for the file as a whole."""
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """`file:line:column: where: what; hint`, without the parts that are empty."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        what = f"{self.where}: {self.what}" if self.where else self.what
        return f"{place}: {what}; {self.hint}" if self.hint else f"{place}: {what}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its file, line and column, and the way from the top of that file to it."""

    file: str
    line: int
    column: int
    parent: Place | None = None
    step: str | int = ""

    @property
    def where(self) -> str:
        """The path as people write it: `rules[2].breach`."""
        steps: list[str | int] = []
        place: Place | None = self
        while place is not None and place.parent is not None:
            steps.append(place.step)
            place = place.parent
        text = ""
        for step in reversed(steps):
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                text += f".{shown_key(step)}" if text else shown_key(step)
        return text

    def finding(self, what: str, hint: str = "") -> Finding:
        """A problem at this place."""
        return Finding(file=self.file, line=self.line, column=self.column, where=self.where, what=what, hint=hint)


def whole(file: str, what: str, hint: str = "") -> Finding:
    """A problem of the file as a whole."""
    return Finding(file=file, line=0, column=0, where="", what=what, hint=hint)


def quoted(text: str) -> str:
    """Show a word of the document inside a message: quoted, control characters escaped, cut at 60 characters."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def shown_key(key: str) -> str:
    """Show a key when it has the form of one, else `?`: what has not may be a line of a file read by mistake."""
    return key if _PLAIN_KEY.fullmatch(key) else "?"


def listed(words: Iterable[str]) -> str:
    """Show the choices a reader has: `a, b or c`, at most twenty of them."""
    shown = list(words)
    if len(shown) > 20:  # noqa: PLR2004 - longer lists are not read
        shown = [*shown[:19], f"{len(shown) - 19} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}" if shown else "nothing"


def meant(word: str, known: Iterable[str]) -> str:
    """Guess what a mistyped word was meant to be: `did you mean breach?`, else which words there are."""
    choices = sorted(known)
    near = get_close_matches(word[:_SHOWN], choices, n=1)
    return f"did you mean {quoted(near[0])[1:-1]}?" if near else f"known here: {listed(choices)}"


def bounded(findings: list[Finding]) -> tuple[Finding, ...]:
    """Keep the first 200 findings in the order of files and lines; say how many more there are."""
    files = list(dict.fromkeys(f.file for f in findings))
    ordered = sorted(dict.fromkeys(findings), key=lambda f: (files.index(f.file), f.line, f.column))
    if len(ordered) <= MAX_FINDINGS:
        return tuple(ordered)
    rest = len(ordered) - MAX_FINDINGS
    return (
        *ordered[:MAX_FINDINGS],
        whole(ordered[-1].file, f"{rest} more problems are not listed", "mend these first"),
    )
