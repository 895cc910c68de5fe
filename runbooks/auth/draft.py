"""A request before it is signed, and secrets on their way into it."""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from monitor.outbound.http import RequestError
from monitor.secrets import SecretError, SecretRef
from runbooks.context import Context

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110 5.6.2)."""


class Draft(NamedTuple):
    """What will go on the wire, but for the headers that prove who sends it."""

    method: str
    url: str
    """Exactly as it is asked for: a signature over another spelling would not hold."""
    headers: dict[str, str]
    body: bytes


async def reveal(value: str | SecretRef, context: Context) -> str:
    """A text as it is, or the secret that is meant; RequestError, nothing sent, when it cannot be read."""
    if isinstance(value, str):
        return value
    try:
        return (await asyncio.to_thread(value.read, context.base)).reveal()
    except (SecretError, UnicodeDecodeError) as error:
        raise RequestError(f"not sent: {error}", sent=False) from error


def header_problem(name: str, value: str) -> str:
    """Why a header cannot be sent; empty when it can. Never shows the value, which may be a secret."""
    if not TOKEN.fullmatch(name):
        return f"{name!r} is not a header's name"
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in value if character != "\t"):  # noqa: PLR2004 - control characters
        return f"the header {name} would hold a control character or a line break"
    return ""
