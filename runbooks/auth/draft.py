"""Secrets on their way into a request, and headers that can be sent."""

from __future__ import annotations

import asyncio
import re

from monitor.outbound.http import RequestError
from monitor.secrets import SecretError, SecretRef
from runbooks.context import Context

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110 5.6.2)."""


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
