"""Substitution in runbook text: `{name}` and nothing else. No expressions, no formats, no attributes.

`{{` and `}}` are a brace each. An unknown name is a mistake of the runbook, found when it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

VALUE_LENGTH = 128
_PART = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}|[{}]")


class TemplateError(ValueError):
    """Text that cannot be filled: a stray brace or a name that is not there."""


def plain(value: str) -> str:
    """Put a value in as it is; it was checked against its parameter's pattern."""
    return value


def in_url(value: str) -> str:
    """Put a value in as one part of a URL's path or query: everything that could steer the URL is escaped."""
    if value in (".", ".."):
        raise TemplateError(f"{value!r} would lead to another place in the URL")
    return quote(value, safe="")


def fill(text: str, values: Mapping[str, str], put: Callable[[str], str] = plain) -> str:
    """Replace each `{name}` by its value; values are never read again for names."""

    def replaced(match: re.Match[str]) -> str:
        whole = match.group()
        if whole in ("{{", "}}"):
            return whole[0]
        name = match.group(1)
        if name is None:
            raise TemplateError(f"a stray {whole!r} in {text[:60]!r}; write it twice where a brace is meant")
        if name not in values:
            raise TemplateError(f"there is no {{{name}}}; known here: {', '.join(sorted(values)) or 'nothing'}")
        return put(values[name])

    return _PART.sub(replaced, text)


def filled(data: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Fill every text inside JSON data; keys and other types stay."""
    if isinstance(data, str):
        return fill(data, values)
    if isinstance(data, Mapping):
        return {key: filled(item, values) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [filled(item, values) for item in data]
    return data


def texts(data: Any) -> Iterator[str]:  # noqa: ANN401 - JSON is any of its types
    """Every text inside JSON data that would be filled."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for item in data.values():
            yield from texts(item)
    elif isinstance(data, list | tuple):
        for item in data:
            yield from texts(item)


def check_value(name: str, value: str, pattern: str) -> str:
    """What is wrong with a parameter's value; empty when it may be put in."""
    if len(value) > VALUE_LENGTH:
        return f"parameter {name} is longer than {VALUE_LENGTH} characters"
    if not value.isprintable():
        return f"parameter {name} holds control characters"
    if value.startswith("-"):
        return f"parameter {name} starts with a dash, which a program may read as an option"
    if not re.fullmatch(pattern, value):
        return f"parameter {name} is {value!r}, which does not match its pattern {pattern}"
    return ""
