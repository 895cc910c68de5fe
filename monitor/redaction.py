"""A second line behind secrets by reference: values that were read are masked wherever a text could carry them back.

A target may echo a header in its error page, a program may print its environment. What such a text says goes
through `masked` before it is cut, shown, logged or journalled. Known are the values themselves, and what they look
like URL-encoded, in JSON, in hexadecimal and in base64 at any offset.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

MASK = "***"
LEAST = 4
"""Shorter values are not looked for: masking every `1` would hide what happened and not the secret."""
MOST = 1000
"""Values that are remembered; the oldest are forgotten first."""
_CERTAIN = 8
"""Shortest piece of base64 that is taken for a sign of the secret."""

_known: dict[str, None] = {}
_forgotten = 0


def learn(value: str) -> None:
    """Remember a secret value, so that `masked` finds it from now on."""
    global _forgotten  # noqa: PLW0603 - one memory for the process, as secrets are
    if len(value) < LEAST or value in _known:
        return
    if len(_known) >= MOST:
        del _known[next(iter(_known))]
        _forgotten += 1
    _known[value] = None


def known() -> tuple[str, ...]:
    """Every value that is remembered."""
    return tuple(_known)


def forgotten() -> int:
    """How many values were forgotten for want of room."""
    return _forgotten


def masked(text: str) -> str:
    """The same text with `***` in the place of every known secret, however it is encoded."""
    if not _known or not text:
        return text
    return _pattern(tuple(_known)).sub(MASK, text)


@lru_cache(maxsize=4)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    found = {shape for value in values for shape in shapes(value)}
    return re.compile("|".join(re.escape(shape) for shape in sorted(found, key=len, reverse=True)))


@lru_cache(maxsize=MOST)
def shapes(value: str) -> frozenset[str]:
    """Everything that a secret may look like in a text, the value itself among it."""
    raw = value.encode("utf-8", "surrogatepass")
    found = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], raw.hex(), raw.hex().upper()}
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        found |= {encoded, re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), encoded)}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            piece = _inner(encode(b"\0" * offset + raw).decode(), offset, len(raw))
            if len(piece) >= _CERTAIN:
                found.add(piece)
    return frozenset(shape for shape in found if len(shape) >= LEAST)


def _inner(encoded: str, offset: int, length: int) -> str:
    """The characters of base64 that hang on the secret alone: six bits each, bytes before and after not counted."""
    first = -(-offset * 8 // 6)
    return encoded[first : (offset + length) * 8 // 6]


class Masking(logging.Formatter):
    """Writes log lines, tracebacks among them, without known secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        return masked(super().format(record))
