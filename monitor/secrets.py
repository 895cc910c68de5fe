"""Secrets by reference: configuration names a file or an environment variable, never the secret itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import msgspec

from monitor.redaction import MASK, learn

__all__ = ["MASK", "Secret", "SecretError", "SecretRef"]


class SecretError(Exception):
    """A secret that cannot be read: says which reference and why, never the value."""


class Secret:
    """A secret value in memory. Its str, repr and JSON are `***`; `reveal()` is the one way to the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        learn(value)

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __reduce__(self) -> NoReturn:
        msg = "a secret is not written anywhere"
        raise TypeError(msg)


class SecretRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a secret lies: exactly one of `file` and `env`."""

    file: str | None = None
    """Path of a file that holds it, relative to the configuration file; a final newline is not part of it."""
    env: str | None = None
    """Name of an environment variable that holds it."""

    def __post_init__(self) -> None:
        if (self.file is None) == (self.env is None):
            msg = "a secret is {file: path} or {env: NAME}, exactly one of them"
            raise ValueError(msg)

    def read(self, base: Path) -> Secret:
        """Read it; SecretError when it is not there, empty, or a file that others may read."""
        if self.env is not None:
            value = os.environ.get(self.env, "")
            where = f"environment variable {self.env}"
        else:
            path = base / (self.file or "")
            where = f"file {path}"
            try:
                if path.stat().st_mode & 0o077:
                    msg = f"{where}: others may read it; next: chmod 600 {path}"
                    raise SecretError(msg)
                value = path.read_text(encoding="utf-8").rstrip("\r\n")
            except OSError as error:
                msg = f"{where}: {error.strerror}"
                raise SecretError(msg) from error
        if not value:
            msg = f"{where} is empty or not set"
            raise SecretError(msg)
        return Secret(value)
