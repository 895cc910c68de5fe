"""Outside text: one type, cleaned once at the edge, so that nothing downstream can be steered by it."""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

OutsideText = NewType("OutsideText", str)
"""Text that came over a wire, from a command or another keyboard, already cleaned. Never parse it as markup."""

LABEL_LENGTH = 128
LINE_LENGTH = 512

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - one byte


def clean(text: str, limit: int = LINE_LENGTH) -> OutsideText:
    r"""Make text safe for a screen, a log line, a label and a message.

    Control, bidirectional, zero-width and unpaired surrogate code points become visible escapes
    (`\x1b`, `\u202e`), the form is NFC, and what is longer than `limit` characters ends in an ellipsis.
    """
    short = text[: limit * 2]
    if not (short.isascii() and short.isprintable()):
        short = _UNSAFE.sub(_visible, short)
        short = unicodedata.normalize("NFC", short)
        short = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short)
    if len(short) > limit:
        short = short[: limit - 1] + "…"
    return OutsideText(short)


def clean_label(text: str) -> OutsideText:
    """Clean a label value: at most 128 characters, no line breaks, valid Unicode."""
    return clean(text, LABEL_LENGTH)


def escaped(raw: bytes, limit: int = 256) -> OutsideText:
    r"""Show raw bytes for inspection: ASCII as it is, everything else as `\xNN`, cut at `limit` bytes."""
    shown = raw[:limit].decode("latin-1").encode("unicode_escape").decode("ascii")
    return OutsideText(shown + ("…" if len(raw) > limit else ""))


def escaped_json(text: str) -> str:
    r"""JSON that says the same and may be printed into a terminal: what is not printable becomes `\\uNNNN`.

    Outside of strings JSON has ASCII only, so that wherever such a character stands its escape may stand.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else _json_escape(char) for char in text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
