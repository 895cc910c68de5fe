"""What a configuration needs outside itself: secrets that can be read, files that only their owner may change."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from monitor.documents.finding import Finding, whole
from monitor.documents.parts import parts
from monitor.documents.positions import Positions
from monitor.outbound.tls import TlsFiles
from monitor.secrets import SecretError, SecretRef


def secret_problems(config: msgspec.Struct, positions: Positions, folder: Path) -> Iterator[Finding]:
    """Secrets that cannot be read. Blocks on the disk; never shows a value."""
    for way, secret in parts(config, (), SecretRef):
        try:
            secret.read(folder)
        except SecretError as error:
            what, _, hint = str(error).partition("; ")
            yield positions.finding(way, what, hint.removeprefix("next: ") or "make it, or point to another place")
        except (UnicodeDecodeError, ValueError):
            yield positions.finding(way, "is not a text file", "a secret is one line of UTF-8")


def key_problems(config: msgspec.Struct, positions: Positions, folder: Path) -> Iterator[Finding]:
    """TLS files that are not there, and private keys that others may read. Blocks on the disk."""
    for way, tls in parts(config, (), TlsFiles):
        for field in ("ca", "cert", "key"):
            name = getattr(tls, field)
            if name is None:
                continue
            path = folder / name
            try:
                mode = path.stat().st_mode
            except (OSError, ValueError) as error:
                what = f"{path}: {getattr(error, 'strerror', None) or error}"
                yield positions.finding((*way, field), what, "check the path; relative ones start at golive.yaml")
                continue
            if field == "key" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                yield positions.finding((*way, field), f"{path}: others may read this private key", f"chmod 600 {path}")


def writable_problems(files: Iterable[Path]) -> Iterator[Finding]:
    """Files that anybody on this machine may change: who can write the configuration decides what golive does."""
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError:
            continue
        if mode & stat.S_IWOTH:
            yield whole(str(file), "everybody on this machine may change it", f"chmod o-w {file}")
