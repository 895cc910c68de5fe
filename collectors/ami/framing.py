"""Messages of the Asterisk Manager Interface out of a stream of bytes. Pure, bounded, never raises for what comes.

Lines of `Key: value`, an empty line ends a message. The greeting is a single line without one.
"""

from __future__ import annotations

from typing import TypeAlias

Message: TypeAlias = dict[str, str]
"""Fields by their names in lower case: Asterisk's own documents spell some of them in two ways."""

LINE_LIMIT = 8192
MESSAGE_LIMIT = 64 * 1024
GREETING = "asterisk call manager/"


class Framing:
    """Takes bytes as they come, gives whole messages."""

    def __init__(self) -> None:
        self.greeting = ""
        """The first line of the session, once it is there."""
        self.malformed = 0
        """Lines that are no field, and lines and messages over their limits."""
        self.example = b""
        """The newest of them."""
        self._rest = b""
        self._fields: Message = {}
        self._size = 0
        self._overlong = False
        """Whether the line or message being read is beyond its limit, and passed over to its end."""

    def feed(self, data: bytes) -> list[Message]:
        """Messages that are complete with this piece."""
        found: list[Message] = []
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.removesuffix(b"\r"), found)
        if len(rest) > LINE_LIMIT:
            self._refuse(rest)
            self._overlong, rest = True, b""
        self._rest = rest
        return found

    def _line(self, line: bytes, found: list[Message]) -> None:
        if not line:
            if self._fields and not self._overlong:
                found.append(self._fields)
            self._fields, self._size, self._overlong = {}, 0, False
            return
        if self._overlong:
            return
        self._size += len(line)
        if len(line) > LINE_LIMIT or self._size > MESSAGE_LIMIT:
            self._refuse(line)
            self._overlong = True
            return
        text = line.decode("utf-8", errors="replace")
        if not self.greeting and text.lower().startswith(GREETING):
            self.greeting = text
            return
        key, colon, value = text.partition(":")
        if colon and key and key == key.strip():
            self._fields[key.lower()] = value.strip()
        else:
            self._refuse(line)

    def _refuse(self, line: bytes) -> None:
        self.malformed += 1
        self.example = line[:256]


def action(name: str, number: str, **fields: str) -> bytes:
    """An action as it goes over the wire; ValueError for a value that would end its line."""
    lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in fields.items())]
    if any("\r" in line or "\n" in line for line in lines):
        msg = f"a field of {name} holds a line break"
        raise ValueError(msg)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
