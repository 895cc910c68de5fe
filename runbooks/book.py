"""The runbooks there are: the shipped catalogue and the user's folder; a user's file of the same name wins."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from monitor.documents.finding import Finding
from monitor.documents.loading import load
from monitor.judging.expressions import ExpressionError, parse
from monitor.outbound.addresses import Forbidden, target_of
from monitor.serving.snapshot import StepRow
from runbooks.findings import mistakes
from runbooks.model import Runbook
from runbooks.targets import spread, values

MOST = 500
"""Most runbook files that are read from one folder."""


@dataclass(frozen=True, slots=True)
class Touches:
    """What a runbook may reach, for a reviewer to read."""

    hosts: tuple[str, ...]
    """`host` or `host:port` that it may speak to."""
    requests: tuple[str, ...]
    """`step: method url` of everything it may send."""
    commands: tuple[str, ...] = ()
    """`step: program arguments` of everything it may start."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A runbook as deciding sees it."""

    runbook: Runbook
    digest: str

    @property
    def name(self) -> str:
        """Its name in the book."""
        return self.runbook.name

    @property
    def title(self) -> str:
        """One line for people."""
        return self.runbook.title

    @property
    def preflight(self) -> tuple[str, ...]:
        """Expressions that must hold before the first step."""
        return self.runbook.preflight

    @property
    def pinned(self) -> dict[str, object]:
        """All of it, as plain data."""
        return self.runbook.pinned

    def filled(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The parameters with defaults; ValueError says what does not fit."""
        return self.runbook.filled(parameters)

    def spread(self, targets: Sequence[Mapping[str, str]]) -> Bound:
        """The same for several targets, one after the other; its digest stays, for it says nothing else."""
        made = spread(self.runbook, targets)
        return self if made is self.runbook else Bound(made, self.digest)

    def values(self, targets: Sequence[Mapping[str, str]]) -> dict[str, str]:
        """The parameters of the runbook that is spread over these targets."""
        return values(self.runbook, targets)

    def steps(self, decision: str, parameters: Mapping[str, str]) -> tuple[StepRow, ...]:
        """What will be done, exactly as it will be sent, secrets masked."""
        return self.runbook.rows(decision, parameters)


@dataclass(frozen=True, slots=True)
class _Page:
    stamp: tuple[int, int, int]
    bound: Bound | None
    findings: tuple[Finding, ...]


class Book:
    """All runbooks by name. One whose file has a finding is listed among the findings and cannot be run."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        """The user's folder; None: only the shipped catalogue."""
        self._pages: dict[Path, _Page] = {}
        self._bound: dict[str, Bound] = {}
        self.findings: tuple[Finding, ...] = ()
        """Every problem of every file."""

    @classmethod
    def load(cls, folder: Path | None) -> Book:
        """Read the catalogue and the folder; never raises for what the files hold. Blocks on the disk."""
        book = cls(folder)
        book.reread()
        return book

    def reread(self) -> None:
        """Read again what has changed on disk since the last time; blocks."""
        pages: dict[Path, _Page] = {}
        names: dict[str, Bound] = {}
        findings: list[Finding] = []
        for path in self._files():
            page = self._page(path)
            pages[path] = page
            findings += page.findings
            names.pop(path.stem, None)
            if page.bound is not None:
                names[path.stem] = page.bound
        self._pages, self._bound, self.findings = pages, names, tuple(findings)

    async def refresh(self) -> None:
        """Read again what has changed, off the event loop."""
        await asyncio.to_thread(self.reread)

    def _files(self) -> Iterator[Path]:
        yield from sorted(shipped().glob("*.yaml"))
        if self.folder is not None and self.folder.is_dir():
            yield from sorted(self.folder.glob("*.yaml"))[:MOST]

    def _page(self, path: Path) -> _Page:
        try:
            status = path.stat()
        except OSError:
            return _Page((0, 0, 0), None, ())
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._pages.get(path)
        return known if known is not None and known.stamp == stamp else _read(path, stamp)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all runbooks that can be run."""
        return tuple(sorted(self._bound))

    def get(self, name: str) -> Runbook | None:
        """A runbook that can be run; None when there is none or its file has findings."""
        bound = self._bound.get(name)
        return bound.runbook if bound is not None else None

    def plan(self, name: str) -> Bound | None:
        """The same as deciding sees it, with its digest."""
        return self._bound.get(name)

    def names_used(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """Rules and signals that a runbook's expressions name, for a check against the configuration."""
        runbook = self.get(name)
        rules: frozenset[str] = frozenset()
        signals: frozenset[str] = frozenset()
        for text in _expressions(runbook) if runbook is not None else ():
            try:
                parsed = parse(text)
            except ExpressionError:
                continue
            rules, signals = rules | parsed.rules, signals | parsed.signals
        return rules, signals

    def touches(self, name: str) -> Touches:
        """What a runbook may reach."""
        runbook = self.get(name)
        if runbook is None:
            return Touches(hosts=(), requests=())
        requests: list[str] = []
        commands: list[str] = []
        hosts = set(runbook.allow_hosts)
        for step in runbook.steps:
            requests += [f"{step.name}: {request.method} {request.url}" for request in step.requests()]
            requests += [f"{step.name}: {deed}" for request in step.requests() for deed in request.deeds()]
            requests += [f"{step.name}: {deed}" for deed in step.deeds()]
            commands += [f"{step.name}: {command}" for command in step.commands()]
            hosts.update(step.hosts())
        for base in runbook.endpoints.values():
            try:
                hosts.add(target_of(base).shown)
            except Forbidden:
                continue
        return Touches(hosts=tuple(sorted(hosts)), requests=tuple(requests), commands=tuple(commands))


def shipped() -> Path:
    """The folder of the shipped catalogue."""
    return Path(str(resources.files("runbooks") / "catalog"))


def _expressions(runbook: Runbook) -> Iterator[str]:
    yield from runbook.preflight
    yield from runbook.verify
    for step in runbook.steps:
        yield from step.expressions()


def _read(path: Path, stamp: tuple[int, int, int]) -> _Page:
    loaded = load(path, Runbook)
    if loaded.value is None:
        return _Page(stamp, None, loaded.findings)
    runbook = loaded.value
    found = tuple(loaded.positions.finding(m.path, m.what, m.hint) for m in mistakes(runbook, path.stem))
    return _Page(stamp, None if found else Bound(runbook, runbook.digest), found)
