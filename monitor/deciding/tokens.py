"""tokens.json in the state directory: hashes of the bearer tokens that `golive token new` made."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from monitor.deciding.people import Role

FILE = "tokens.json"
_PREFIX = "golive_"
"""Lets a secret scanner recognise a token that was pasted where it does not belong."""
_BYTES = 32
_LONGEST = 1 << 20
"""Bytes that are read; a longer file is cut there and so is not what `golive token` writes."""


class TokensError(Exception):
    """tokens.json cannot be used: which file, why, and what to do; never a hash."""


class TokenEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One token, as its hash."""

    name: str
    """The person it stands for."""
    sha256: str
    """Of the whole token. A token is 256 random bits: there is nothing to guess that a slow hash would slow down,
    and a slow one would hold up every request."""
    role: Role | None = None
    """The most it may do; None: all that the person may."""
    made_at: float
    expires_at: float | None = None
    """Unix seconds from which it is refused."""


class TokenFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    schema: int = 1
    tokens: tuple[TokenEntry, ...] = ()


def hashed(token: str) -> str:
    """The hash under which a token is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def read_tokens(state_dir: Path) -> tuple[TokenEntry, ...]:
    """The tokens of a state directory; none when it has no file.

    Raises:
        TokensError: others may read the file, or it is not what `golive token` writes.
    """
    path = state_dir / FILE
    try:
        if path.stat().st_mode & 0o077:
            raise TokensError(f"{path}: others may read it; next: chmod 600 {path}")
        with path.open("rb") as file:
            raw = file.read(_LONGEST)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TokensError(f"{path}: {error.strerror}; nobody can sign in; next: make it readable for golive") from error
    try:
        return msgspec.json.decode(raw, type=TokenFile).tokens
    except ValueError as error:
        raise TokensError(
            f"{path}: {error}; nobody can sign in; next: move it away and make tokens anew with golive token new"
        ) from error


def make_token(state_dir: Path, name: str, role: Role | None, now: float, lasts: float | None) -> tuple[str, int]:
    """Make a token for a person; returns it, to be shown once, and how many older ones of theirs it replaces.

    now: unix seconds. lasts: seconds until it expires; None: it does not.
    """
    token = _PREFIX + secrets.token_urlsafe(_BYTES)
    entry = TokenEntry(
        name=name,
        sha256=hashed(token),
        role=role,
        made_at=now,
        expires_at=None if lasts is None else now + lasts,
    )
    return token, _replace(state_dir, name, (entry,))


def revoke_tokens(state_dir: Path, name: str) -> int:
    """Forget a person's tokens; returns how many there were."""
    return _replace(state_dir, name, ())


def _replace(state_dir: Path, name: str, new: tuple[TokenEntry, ...]) -> int:
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(state_dir):
        old = read_tokens(state_dir)
        kept = tuple(entry for entry in old if entry.name != name)
        _write(state_dir / FILE, TokenFile(tokens=(*kept, *new)))
    return len(old) - len(kept)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    """Two commands at once: the second waits for the first."""
    lock = os.open(state_dir / f"{FILE}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, content: TokenFile) -> None:
    """Replace the file as a whole, so that a reader, or a power cut, meets the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content), indent=1))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
