"""The files that a collector's secrets and certificates lie in, and how they last looked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec

from monitor.outbound.tls import Tls
from monitor.secrets import SecretRef

Marks: TypeAlias = tuple[tuple[str, int, int, int], ...]


def marks(collector: object, base: Path) -> Marks:
    """Path, time of change, size and mode of each file; one that is missing is all zeros. Blocks on the disk.

    base: folder that relative paths start at. Empty for a collector without such files.
    """
    found = []
    for name in sorted(set(_names(collector))):
        try:
            seen = (base / name).stat()
        except (OSError, ValueError):
            found.append((name, 0, 0, 0))
        else:
            found.append((name, seen.st_mtime_ns, seen.st_size, seen.st_mode))
    return tuple(found)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, SecretRef):
        if value.file is not None:
            yield value.file
    elif isinstance(value, Tls):
        yield from (name for name in (value.ca, value.cert, value.key) if name is not None)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _names(getattr(value, field))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _names(item)
