"""A file or a text to a typed value, or to every problem it has: the one way in for configuration and runbooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

from monitor.documents.finding import Finding, Place, bounded
from monitor.documents.nodes import Node, compose, decode, read
from monitor.documents.positions import Positions
from monitor.documents.schema import convert

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """What a document said."""

    value: T | None
    """The value; None as soon as there is one finding."""
    findings: tuple[Finding, ...]
    """Every problem, in the order of files and lines; at most 200."""
    positions: Positions
    """Where each part of the value stood."""
    partial: T | None = None
    """With findings: what could still be read, without the list entries that do not fit."""


def load(path: Path, kind: type[T], name: str | None = None) -> Loaded[T]:
    """Read a YAML file as `kind`, a msgspec Struct. Never raises for what the file holds. Blocks on the disk.

    name: how findings call the file; default: the path as given.
    """
    shown = name if name is not None else str(path)
    raw = read(path, shown)
    if isinstance(raw, Finding):
        return Loaded(None, (raw,), Positions(Place(shown, 0, 0)))
    text = decode(raw, shown)
    if isinstance(text, Finding):
        return Loaded(None, (text,), Positions(Place(shown, 0, 0)))
    return load_text(text, shown, kind)


def load_text(text: str, name: str, kind: type[T]) -> Loaded[T]:
    """Read a YAML text as `kind`; `name` is what findings call it."""
    node, findings = compose(text, name)
    if node is None:
        return Loaded(None, bounded(findings), Positions(Place(name, 1, 1)))
    return typed(node, findings, kind)


def typed(node: Node, findings: list[Finding], kind: type[T]) -> Loaded[T]:
    """Read composed nodes as `kind`; `findings` are those of composing."""
    result, more = convert(node, kind)
    every = bounded([*findings, *more])
    if result is None:
        return Loaded(None, every, Positions(node.place))
    value = cast("T", result.value)
    return Loaded(None if every else value, every, result.positions, value)
