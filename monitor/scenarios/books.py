"""Runbooks of a scenario: written in the script, shipped, or stood in for; all of them plans like any other."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.documents.finding import Finding, Place
from monitor.documents.loading import typed
from monitor.documents.nodes import Mapping, Node, Scalar, Sequence, compose
from monitor.scenarios.script import Fragment
from runbooks.book import Book, Bound
from runbooks.model import Runbook

ONLY_STEP = "act"
"""The step of a runbook that nobody has written."""


class ScriptBook:
    """The desk's book: what the script says, over what is shipped or configured."""

    def __init__(self, written: Iterable[Runbook], beneath: Book) -> None:
        self.written = {runbook.name: runbook for runbook in written}
        self.beneath = beneath

    @property
    def names(self) -> frozenset[str]:
        """Every runbook that can be run."""
        return frozenset(self.written) | frozenset(self.beneath.names)

    def get(self, name: str) -> Runbook | None:
        """A runbook by its name."""
        return self.written.get(name) or self.beneath.get(name)

    def plan(self, name: str) -> Bound | None:
        """The same as deciding sees it."""
        runbook = self.get(name)
        return Bound(runbook, runbook.digest) if runbook is not None else None

    async def refresh(self) -> None:
        """A script does not change while it runs."""

    def stand_in(self, names: Iterable[str]) -> None:
        """Make up a runbook of one step for every name that is in no book."""
        for name in names:
            if name not in self.names:
                runbook = made(Fragment("", 0, name), "")[0]
                if runbook is not None:
                    self.written[name] = runbook


def made(fragment: Fragment, file: str) -> tuple[Runbook | None, list[Finding]]:
    """A runbook as a script writes it: what it leaves out is filled in, and nothing verifies it unless it says so."""
    place = Place(file, fragment.line, 1)
    node: Node | None = Mapping(place, {})
    findings: list[Finding] = []
    if fragment.text.strip():
        node, findings = compose(fragment.text, file)
    if not isinstance(node, Mapping):
        return None, [*findings, place.finding("the runbook is not a mapping", "write keys, each with its value")]
    given: dict[str, Node] = {
        "name": Scalar(place, fragment.name, plain=False),
        "title": Scalar(place, fragment.name.replace("_", " ").replace("-", " "), plain=False),
        "steps": Sequence(place, tuple(_step(place, name) for name in fragment.steps or (ONLY_STEP,))),
    }
    if "verify" not in node.entries:
        given |= {"verify": Sequence(place, ()), "verify_hold": Scalar(place, "0s", plain=True)}
    for key, value in given.items():
        node.entries.setdefault(key, value)
        node.keys.setdefault(key, place)
    loaded = typed(node, findings, Runbook)
    return loaded.value, list(loaded.findings)


def _step(place: Place, name: str) -> Mapping:
    words = {"name": name, "action": "manual", "effect": "once", "instructions": f"Do {name}."}
    entries: dict[str, Node] = {key: Scalar(place, word, plain=False) for key, word in words.items()}
    return Mapping(place, entries, dict.fromkeys(entries, place))
