"""Whether a value is what a JSON schema says: the keywords that ours use, and an error for any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_WORDS = {"$schema", "$defs", "title", "description", "default"}
"""Keywords that ask for nothing."""


def problems(value: Any, schema: dict[str, Any], whole: dict[str, Any] | None = None, at: str = "$") -> list[str]:
    """Everything in which a value differs from a schema, with its place; empty when it holds."""
    whole = schema if whole is None else whole
    found: list[str] = []
    for keyword, asked in schema.items():
        if keyword in _WORDS or keyword in ("required", "additionalProperties"):
            continue
        check = _CHECKS.get(keyword)
        assert check is not None, f"{at}: this validator does not know {keyword!r}"
        found += check(value, asked, whole, at)
    if isinstance(value, dict):
        found += [f"{at}.{name}: missing" for name in schema.get("required", ()) if name not in value]
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            named = schema.get("properties", {})
            for name in value.keys() - named.keys():
                found += problems(value[name], others, whole, f"{at}.{name}")
        else:
            assert others is None, f"{at}: this validator does not know additionalProperties {others!r}"
    return found


def _reference(value: Any, asked: str, whole: dict[str, Any], at: str) -> list[str]:
    return problems(value, whole["$defs"][asked.removeprefix("#/$defs/")], whole, at)


def _type(value: Any, asked: str, _: dict[str, Any], at: str) -> list[str]:
    right = isinstance(value, _TYPES[asked]) and (asked == "boolean" or not isinstance(value, bool))
    return [] if right else [f"{at}: {value!r:.60} is no {asked}"]


def _properties(value: Any, asked: dict[str, Any], whole: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [
        p for name in asked.keys() & value.keys() for p in problems(value[name], asked[name], whole, f"{at}.{name}")
    ]


def _items(value: Any, asked: dict[str, Any], whole: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, list):
        return []
    return [p for n, item in enumerate(value) for p in problems(item, asked, whole, f"{at}[{n}]")]


def _any(value: Any, asked: list[dict[str, Any]], whole: dict[str, Any], at: str) -> list[str]:
    if any(not problems(value, one, whole, at) for one in asked):
        return []
    return [f"{at}: {value!r:.60} is none of {len(asked)} kinds"]


def _enum(value: Any, asked: list[Any], _: dict[str, Any], at: str) -> list[str]:
    return [] if value in asked else [f"{at}: {value!r:.60} is none of {asked}"]


_CHECKS: dict[str, Callable[[Any, Any, dict[str, Any], str], list[str]]] = {
    "$ref": _reference,
    "type": _type,
    "properties": _properties,
    "items": _items,
    "anyOf": _any,
    "enum": _enum,
}
