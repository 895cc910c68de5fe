"""YAML composed and never constructed: every scalar stays text, every node knows where it stands.

What is left out of YAML on purpose is what surprises people in an outage: anchors and aliases, tags, merge
keys, several documents in one file, keys that are written twice. Size, depth and number of nodes are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from monitor.documents.finding import Finding, Place, shown_key, whole

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 50_000
MAX_KEY = 256

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_BOMS = {
    b"\xef\xbb\xbf": "UTF-8 with a byte order mark",
    b"\xff\xfe": "UTF-16 or UTF-32",
    b"\xfe\xff": "UTF-16",
    b"\x00\x00\xfe\xff": "UTF-32",
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word, a number, a sentence: text until a schema types it."""

    place: Place
    text: str
    plain: bool
    """Written without quotes and not as a block, so that it may mean null, a number or a truth value."""

    @property
    def null(self) -> bool:
        """Whether it says nothing: empty, `~` or `null` without quotes."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values; each key stands once."""

    place: Place
    entries: dict[str, Node]
    keys: dict[str, Place] = field(default_factory=dict)
    """Where each key itself stands."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that was refused while composing; its finding is already written."""

    place: Place


Node: TypeAlias = Scalar | Sequence | Mapping | Refused


class _Stop(Exception):  # noqa: N818 - carries a finding, is never seen outside
    """The document cannot be read any further."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def read(path: Path, name: str | None = None) -> bytes | Finding:
    """Read a document of at most 1 MiB; a Finding says why it cannot be read. Blocks on the disk."""
    shown = name if name is not None else str(path)
    try:
        if not path.is_file():
            why = "is not a file" if path.exists() else "does not exist"
            return whole(shown, why, "check the path")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return whole(
            shown, f"cannot be read: {getattr(error, 'strerror', None) or error}", "check the path and its rights"
        )
    return raw


def decode(raw: bytes, file: str) -> str | Finding:
    """Turn bytes into text: UTF-8 without byte order mark, at most 1 MiB."""
    if len(raw) > MAX_BYTES:
        return whole(file, "is larger than 1 MiB", "split it with include, or check that it is the right file")
    for bom, encoding in _BOMS.items():
        if raw.startswith(bom):
            return whole(file, f"is {encoding}", "save it as UTF-8 without byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        return Place(file, line, column).finding(what, "save it as UTF-8 without byte order mark")
    if "\x00" in text[:4]:
        return whole(file, "is UTF-16 or UTF-32", "save it as UTF-8 without byte order mark")
    return text


def compose(text: str, file: str) -> tuple[Node | None, list[Finding]]:
    """Compose one document; the node is None when it could not be read to its end."""
    if len(text) > MAX_BYTES:
        return None, [whole(file, "is larger than 1 MiB", "split it with include, or check that it is the right file")]
    composer = _Composer(file)
    try:
        return composer.document(yaml.parse(text, Loader=_LOADER)), composer.findings
    except _Stop as stop:
        composer.findings.append(stop.finding)
    except yaml.MarkedYAMLError as error:
        composer.findings.append(_syntax(error, file))
    except yaml.reader.ReaderError as error:
        composer.findings.append(_unreadable(text, error, file))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        hint = "look for a backslash in double quotes; single quotes take every character as it is"
        composer.findings.append(whole(file, f"cannot be read as YAML: {str(error)[:200]}", hint))
    return None, composer.findings


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    what = f"this is not YAML: {error.problem or error.context or 'it ends too early'}"
    hint = "check the indentation, the colons and the quotes on this line and the one above"
    if "tab" in str(error.problem) or "cannot start any token" in str(error.problem):
        hint = "tabs cannot indent, and words that start with @, ` or % need quotes"
    if mark is None:
        return whole(file, what, hint)
    return Place(file, mark.line + 1, mark.column + 1).finding(what, hint)


def _unreadable(text: str, error: yaml.reader.ReaderError, file: str) -> Finding:
    match = _CONTROL.search(text)
    hint = "remove it, or write it as an escape in double quotes"
    if match is None:
        return whole(file, f"holds a character that YAML does not take: {error.reason}", hint)
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
    return Place(file, line, column).finding(f"holds the control character {match.group()!r}", hint)


class _Composer:
    """Builds nodes from parser events and notes what is refused on the way."""

    def __init__(self, file: str) -> None:
        self.findings: list[Finding] = []
        self._file = file
        self._nodes = 0

    def document(self, events: Iterator[yaml.Event]) -> Node | None:
        """Compose the one document of a stream."""
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    place = self._place(event, None, "")
                    raise _Stop(place.finding("a second document starts here", "keep one document in a file"))
                root = self._node(next(events), events, None, "", 0)
        if root is None or (isinstance(root, Scalar) and root.null):
            self.findings.append(whole(self._file, "is empty", "start from `golive init`"))
            return None
        return root

    def _place(self, event: yaml.Event, parent: Place | None, step: str | int) -> Place:
        mark = event.start_mark
        if mark is None:
            return Place(self._file, 1, 1, parent, step)
        return Place(self._file, mark.line + 1, mark.column + 1, parent, step)

    def _node(
        self, event: yaml.Event, events: Iterator[yaml.Event], parent: Place | None, step: str | int, depth: int
    ) -> Node:
        place = self._place(event, parent, step)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Stop(place.finding(f"more than {MAX_NODES} values in one file", "split it with include"))
        if depth > MAX_DEPTH:
            outer = Place(place.file, place.line, place.column)
            raise _Stop(outer.finding(f"nested deeper than {MAX_DEPTH} levels", "check the brackets"))
        if isinstance(event, yaml.AliasEvent):
            self.findings.append(place.finding("aliases (*) are not supported", "write the value out"))
            return Refused(place)
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            return Refused(place)
        if event.anchor is not None:
            self.findings.append(place.finding("anchors (&) are not supported", "write the value out where it is used"))
        if event.tag is not None:
            self.findings.append(place.finding("tags (!) are not supported", "leave it out: the schema knows the type"))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, place, depth)
        return self._mapping(events, place, depth)

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Scalar:
        match = _CONTROL.search(event.value)
        if match:
            hint = "leave it out: it could steer a terminal or break a line"
            self.findings.append(place.finding(f"holds the control character {match.group()!r}", hint))
        return Scalar(place, event.value, plain=not event.style)

    def _sequence(self, events: Iterator[yaml.Event], place: Place, depth: int) -> Sequence:
        items: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, place, len(items), depth + 1))
        return Sequence(place, tuple(items))

    def _mapping(self, events: Iterator[yaml.Event], place: Place, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events, place, "?", depth + 1)
            text = key.text if isinstance(key, Scalar) else "?"
            at = Place(place.file, key.place.line, key.place.column, place, text[:MAX_KEY])
            value = self._node(next(events), events, place, text[:MAX_KEY], depth + 1)
            if not isinstance(key, Scalar):
                self.findings.append(at.finding("a key must be a word", "lists and mappings cannot be keys"))
            elif text == "<<" and key.plain:
                self.findings.append(at.finding("merge keys (<<) are not supported", "write the values out"))
            elif len(text) > MAX_KEY:
                self.findings.append(at.finding(f"a key is longer than {MAX_KEY} characters", "check the quotes"))
            elif text in entries:
                first = keys[text]
                what = f"the key {shown_key(text)} stands here again, first on line {first.line}"
                self.findings.append(at.finding(what, "keep one of them"))
            else:
                entries[text] = value
                keys[text] = at
        return Mapping(place, entries, keys)
