"""The token of a collector that is posted to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from pathlib import Path
from typing import Self

from monitor.intake.source import Misconfigured
from monitor.secrets import SecretError, SecretRef

_SHORTEST = 16
"""Least characters of a token."""


class Bearer:
    """Knows a token when it sees it; keeps its digest only."""

    def __init__(self, token: str) -> None:
        self._digest = hashlib.sha256(token.encode()).digest()

    @classmethod
    async def read(cls, secret: SecretRef, base: Path) -> Self:
        """Read the token. base: folder that a relative path is relative to.

        Raises:
            Misconfigured: the token cannot be read, or could be guessed.
        """
        try:
            token = (await asyncio.to_thread(secret.read, base)).reveal()
        except SecretError as error:
            raise Misconfigured(f"token: {error}") from error
        if len(token) < _SHORTEST:
            msg = f"token: it is shorter than {_SHORTEST} characters and could be guessed; next: openssl rand -hex 32"
            raise Misconfigured(msg)
        return cls(token)

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header bears the token. Takes the same time whatever it bears."""
        scheme, _, token = authorization.partition(" ")
        offered = hashlib.sha256(token.strip().encode(errors="replace")).digest()
        return hmac.compare_digest(self._digest, offered) and scheme.lower() == "bearer"
