"""Every part of one kind inside a configuration, with the way to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from monitor.documents.positions import Path as Way

T = TypeVar("T")


def parts(value: object, way: Way, kind: type[T]) -> Iterator[tuple[Way, T]]:
    """Every part of a configuration that is of one kind, with the way to it."""
    if isinstance(value, kind):
        yield way, value
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from parts(getattr(value, field), (*way, field), kind)
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from parts(item, (*way, index), kind)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from parts(item, (*way, str(key)), kind)
