"""Basic auth (RFC 7617) against bcrypt hashes: slow for whoever guesses, fast for whoever knows."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping

import bcrypt

_KEPT = 100
"""Pairs that were right and are known again without bcrypt. Wrong ones are never kept."""
_LONGEST = 72
"""Bytes of a password that bcrypt looks at; a longer one is refused, as the exporters do."""
_NOBODY = b"$2b$10$6ev01yzqYs1fDpHlI2cfqOCBbE4XYmL0ezjbzPX8I0RkzySwWc.um"
"""Hash of a password that nobody knows, so that an unknown user takes as long as a known one."""


class Passwords:
    """The users of a file. `admits` may be called for each request."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {user: hashed.encode() for user, hashed in users.items()}
        self._salt = secrets.token_bytes(16)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._turn = asyncio.Lock()

    @property
    def asked(self) -> bool:
        """Whether anybody needs a password at all."""
        return bool(self._users)

    async def admits(self, authorization: str) -> bool:
        """Whether an Authorization header names a user with its password.

        One password is tried at a time and off the event loop: guessing costs the guesser, not the scrapes.
        """
        pair = _pair(authorization)
        if pair is None:
            return False
        user, password = pair
        mark = hmac.new(self._salt, f"{user}\0".encode() + password, hashlib.sha256).digest()
        if mark in self._right:
            self._right.move_to_end(mark)
            return True
        hashed = self._users.get(user, _NOBODY)
        async with self._turn:
            right = await asyncio.to_thread(bcrypt.checkpw, password, hashed)
        if not right or user not in self._users:
            return False
        self._right[mark] = None
        while len(self._right) > _KEPT:
            self._right.popitem(last=False)
        return True


def _pair(authorization: str) -> tuple[str, bytes] | None:
    """User and password of a header; None for any other."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        name = user.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    if not colon or len(password) > _LONGEST or b"\0" in password:
        return None
    return name, password
