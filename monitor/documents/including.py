"""A document and the files that its `include` names, composed into one: lists are joined, everything else stands once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from pathlib import Path

from monitor.documents.finding import Finding, Place, meant, quoted
from monitor.documents.nodes import Mapping, Node, Scalar, Sequence, compose, decode, read

INCLUDE = "include"
MAX_FILES = 100
_SHIPPED = "golive:"


@dataclass(slots=True)
class Joined:
    """What the files said together."""

    node: Mapping | None = None
    findings: list[Finding] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    """Every file that was read, the first one first."""
    digest: str = ""
    """SHA-256 over the bytes of all files, in order."""
    complete: bool = True
    """Whether each file could be read to its end."""


def join(path: Path, shipped: MappingOf[str, Path]) -> Joined:
    """Read a file and what it includes. Blocks on the disk.

    shipped: files that come with golive and are included as `golive:NAME`.
    """
    joiner = _Joiner(shipped)
    joiner.add(path, str(path), None)
    joined = joiner.joined
    joined.digest = joiner.hash.hexdigest()
    return joined


class _Joiner:
    """The document so far."""

    def __init__(self, shipped: MappingOf[str, Path]) -> None:
        self.joined = Joined()
        self.hash = hashlib.sha256()
        self._shipped = shipped
        self._open: list[Path] = []
        self._seen: dict[Path, str] = {}

    def add(self, path: Path, name: str, asked: Place | None) -> None:
        """Read one file, join it, then what it includes. `asked`: where its name stands."""
        real = Path(os.path.realpath(path))  # Path.resolve raises for a circle of symbolic links
        if asked is not None and not self._acceptable(real, asked):
            return
        self._seen[real] = name
        node = self._compose(path, name, asked)
        if node is None:
            self.joined.complete = False
            return
        if not isinstance(node, Mapping):
            self.joined.complete = False
            self.joined.findings.append(
                node.place.finding("the file is not a mapping", "write keys, each with its value")
            )
            return
        include = node.entries.pop(INCLUDE, None)
        node.keys.pop(INCLUDE, None)
        self._merge(node)
        self._open.append(real)
        if include is not None:
            self._include(include, path.parent)
        self._open.pop()

    def _acceptable(self, real: Path, asked: Place) -> bool:
        if real in self._open:
            what, hint = "includes itself, by way of the files between", "remove one of the includes"
        elif real in self._seen:
            what, hint = f"is already included, as {self._seen[real]}", "include each file once"
        elif len(self._seen) >= MAX_FILES:
            what, hint = f"more than {MAX_FILES} files", "join some of them"
        else:
            return True
        self.joined.findings.append(asked.finding(what, hint))
        return False

    def _compose(self, path: Path, name: str, asked: Place | None) -> Node | None:
        raw = read(path, name)
        if isinstance(raw, Finding):
            if asked is not None:
                raw = asked.finding(f"{raw.file} {raw.what}", "a relative name starts at the folder of this file")
            self.joined.findings.append(raw)
            return None
        self.joined.files.append(path)
        self.hash.update(len(raw).to_bytes(8, "big") + raw)
        text = decode(raw, name)
        if isinstance(text, Finding):
            self.joined.findings.append(text)
            return None
        node, findings = compose(text, name)
        self.joined.findings += findings
        return node

    def _include(self, include: Node, folder: Path) -> None:
        if not isinstance(include, Sequence):
            self.joined.complete = False
            self.joined.findings.append(include.place.finding("is not a list", "write include: [rules.yaml]"))
            return
        for item in include.items:
            if not isinstance(item, Scalar) or not item.text or "\x00" in item.text:
                self.joined.complete = False
                self.joined.findings.append(item.place.finding("is not a file name", "write include: [rules.yaml]"))
                continue
            self._named(item, folder)

    def _named(self, item: Scalar, folder: Path) -> None:
        if not item.text.startswith(_SHIPPED):
            path = folder / item.text
            self.add(path, str(path), item.place)
            return
        name = item.text.removeprefix(_SHIPPED)
        if name in self._shipped:
            self.add(self._shipped[name], item.text, item.place)
            return
        self.joined.complete = False
        hint = meant(name, self._shipped)
        self.joined.findings.append(item.place.finding(f"golive ships no file {quoted(name)} to include", hint))

    def _merge(self, node: Mapping) -> None:
        total = self.joined.node
        if total is None:
            self.joined.node = node
            return
        for key, value in node.entries.items():
            there = total.entries.get(key)
            if there is None:
                total.entries[key] = value
                total.keys[key] = node.keys[key]
            elif isinstance(there, Sequence) and isinstance(value, Sequence):
                total.entries[key] = Sequence(there.place, (*there.items, *value.items))
            elif not (isinstance(there, Scalar) and isinstance(value, Scalar) and there.text == value.text):
                first = total.keys[key]
                what = f"is already set in {first.file} on line {first.line}"
                self.joined.findings.append(node.keys[key].finding(what, "say it in one file; only lists are joined"))
