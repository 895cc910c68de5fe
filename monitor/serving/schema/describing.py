"""JSON schemas of what golive prints and answers, made from the very types, with the words that stand under their fields."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import inspect as types

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: type, title: str) -> dict[str, Any]:
    """A schema of draft 2020-12, whole in itself. Further fields are allowed: a newer golive may add some."""
    made: dict[str, Any] = msgspec.json.schema(kind)
    notes = {struct.__name__: field_notes(struct) for struct in _structs(kind)}
    for name, definition in made.get("$defs", {}).items():
        if definition.get("additionalProperties") is False:
            del definition["additionalProperties"]  # what golive refuses to read, a reader of golive may pass over
        for field, shape in definition.get("properties", {}).items():
            if words := notes.get(name, {}).get(field):
                definition["properties"][field] = _noted(shape, words)
    return {"$schema": _DIALECT, "title": title, **made}


def encoded(schema: dict[str, Any]) -> bytes:
    """As it is published: indented, so that a change can be read in a diff."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def _noted(shape: dict[str, Any], words: str) -> dict[str, Any]:
    return {**shape, "description": words}


def _structs(kind: type) -> Iterator[type]:
    """Every Struct that a type is made of."""
    seen: set[type] = set()
    open_: list[types.Type] = [types.type_info(kind)]
    while open_:
        info = open_.pop()
        if isinstance(info, types.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info.cls
            open_ += [field.type for field in info.fields]
        else:
            for part in ("item_type", "key_type", "value_type", "types", "item_types", "type"):
                found = getattr(info, part, ())
                open_ += list(found) if isinstance(found, tuple) else [found]


def field_notes(struct: type) -> dict[str, str]:
    """The string under each field of a Struct, by the field's name."""
    notes: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base is msgspec.Struct or not issubclass(base, msgspec.Struct):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for field, below in pairwise(body):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if (
                isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                notes[field.target.id] = " ".join(below.value.value.split())
    return notes
