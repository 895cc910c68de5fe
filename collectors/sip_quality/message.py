"""SIP messages as they stand on the wire (RFC 3261 7): start line, headers, body.

Pure, and without exceptions: whatever the bytes are, the answer is a message or None. Text is read as Latin-1, so that
what is echoed in a reply is byte for byte what came.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

HEAD_LIMIT = 16 * 1024
"""Bytes of start line and headers beyond which a message is not read."""
_LINES = 200

_START = re.compile(r"([A-Za-z0-9.!%*_+`'~-]{1,32}) ([^\s]{1,2048}) SIP/(\d{1,3}\.\d{1,3})", re.IGNORECASE)
_FOLD = re.compile(r"\n[ \t]+")
_LENGTH = re.compile(r"\d{1,9}", re.ASCII)
CUT_SHORT = "Body Shorter Than Content-Length"
_COMPACT = {
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
}
"""Short names (RFC 3261 7.3.3, RFC 6665 8.2)."""


class Message(NamedTuple):
    """One request; or a response, whose `method` is empty."""

    method: str
    uri: str
    version: str
    headers: dict[str, list[str]]
    """By name in lower case, long form; values in their order."""
    body: bytes

    def first(self, name: str) -> str:
        """The first value of a header, or nothing."""
        values = self.headers.get(name)
        return values[0] if values else ""


def head_end(raw: bytes | bytearray, start: int = 0) -> tuple[int, int]:
    """Where the headers end and the body begins; (-1, -1) while the empty line is not there.

    Lines end in CRLF; a bare LF, which some devices send, is taken as well.
    """
    found = raw.find(b"\r\n\r\n", start)
    bare = raw.find(b"\n\n", start, found if found >= 0 else len(raw))
    if bare >= 0:
        return bare, bare + 2
    return (found, found + 4) if found >= 0 else (-1, -1)


def parse_head(head: bytes) -> Message | None:
    """Start line and headers, with an empty body; None for what is not SIP."""
    text = head.decode("latin-1").replace("\r\n", "\n")
    if len(head) > HEAD_LIMIT or "\r" in text or "\0" in text:
        return None
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    first, *lines = text.split("\n")
    headers = _headers(lines)
    if headers is None:
        return None
    if first[:4].upper() == "SIP/":
        return Message("", "", first[4:7], headers, b"")
    start = _START.fullmatch(first)
    return None if start is None else Message(start[1], start[2], start[3], headers, b"")


def _headers(lines: list[str]) -> dict[str, list[str]] | None:
    if len(lines) > _LINES:
        return None
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            return None
        headers.setdefault(_name(name), []).append(value.strip(" \t"))
    return headers


@lru_cache(maxsize=1024)
def _name(written: str) -> str:
    """A header's name in lower case and long form."""
    name = written.rstrip(" \t").lower()
    return _COMPACT.get(name, name)


def content_length(message: Message) -> int | None:
    """What Content-Length says: -1 when it is not there, None when it is no length, or two that differ."""
    values = set(message.headers.get("content-length", ()))
    if not values:
        return -1
    value = values.pop()
    return int(value) if not values and _LENGTH.fullmatch(value) else None


def parse_datagram(raw: bytes) -> tuple[Message | None, str]:
    """The message in a datagram, and what is wrong with its framing, in words or nothing (RFC 3261 18.3).

    What follows the stated length is passed over; less than the stated length is an error of the sender.
    """
    raw = raw.lstrip(b"\r\n")
    end, start = head_end(raw)
    if end < 0:
        return parse_head(raw.rstrip(b"\r\n")), "Message Cut Short"
    message = parse_head(raw[:end])
    if message is None:
        return None, ""
    length = content_length(message)
    if length is None:
        return message, "Bad Content-Length"
    body = raw[start:]
    if length > len(body):
        return message._replace(body=body), CUT_SHORT
    return message._replace(body=body if length < 0 else body[:length]), ""
