"""SIP messages out of a stream of bytes: several in one segment, one in many segments (RFC 3261 18.3)."""

from __future__ import annotations

from typing import NamedTuple

from collectors.sip_quality.message import HEAD_LIMIT, Message, content_length, head_end, parse_head

_PING = b"\r\n\r\n"


class Fault(NamedTuple):
    """Why a stream cannot be read on: the message that cannot be framed, where its head was sound, and the answer."""

    message: Message | None
    status: int
    words: str


class Framer:
    """Cuts one connection's bytes into messages. After a fault it reads nothing more: the connection must end."""

    def __init__(self, body_limit: int) -> None:
        self._body_limit = body_limit
        self._buffer = bytearray()
        self._searched = 0
        self._head: Message | None = None
        self._start = 0
        self._missing = 0
        self.pings = 0
        """Keep-alives that have not been answered yet (RFC 5626 4.4.1)."""
        self.fault: Fault | None = None

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole with these bytes."""
        if self.fault is not None:
            return []
        self._buffer += data
        found = []
        while self.fault is None:
            message = self._next()
            if message is None:
                break
            found.append(message)
        return found

    def _next(self) -> Message | None:
        if self._head is None:
            self._head = self._next_head()
            if self._head is None:
                return None
        end = self._start + self._missing
        if len(self._buffer) < end:
            return None
        message = self._head._replace(body=bytes(self._buffer[self._start : end]))
        del self._buffer[:end]
        self._head, self._searched = None, 0
        return message

    def _next_head(self) -> Message | None:
        self._skip_blank()
        end, start = head_end(self._buffer, max(0, self._searched - 3))
        self._searched = len(self._buffer)
        if end < 0 or end > HEAD_LIMIT:
            if max(end, len(self._buffer)) > HEAD_LIMIT:
                self.fault = Fault(None, 513, "Message Too Large")
            return None
        message = parse_head(bytes(self._buffer[:end]))
        if message is None:
            self.fault = Fault(None, 400, "Not SIP")
            return None
        length = content_length(message)
        if length is None or length < 0:
            self.fault = Fault(message, 400, "Bad Content-Length" if length is None else "Missing Content-Length")
            return None
        if length > self._body_limit:
            self.fault = Fault(message, 413, "Request Entity Too Large")
            return None
        self._start, self._missing = start, length
        return message

    def _skip_blank(self) -> None:
        """Empty lines between messages; two of them at once are a ping."""
        if not self._buffer.startswith((b"\r", b"\n")):
            return
        rest = self._buffer.lstrip(b"\r\n")
        self.pings += self._buffer[: len(self._buffer) - len(rest)].count(_PING)
        self._buffer = rest
        self._searched = 0
