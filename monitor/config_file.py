"""golive.yaml from the disk: includes joined, typed, and held against everything that can be known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.catalogue.inventory import CATALOGUE, CatalogueError, merge
from monitor.config import Config
from monitor.config_checks.errands import errand_problems
from monitor.config_checks.names import NAMED
from monitor.config_checks.plays import play_problems
from monitor.config_checks.problems import problems
from monitor.config_checks.subject import Subject
from monitor.config_checks.surroundings import key_problems, secret_problems, writable_problems
from monitor.documents.finding import Finding, Place, bounded, quoted
from monitor.documents.including import Joined, join
from monitor.documents.loading import Loaded, typed
from monitor.documents.positions import Positions
from monitor.model import Metric
from runbooks.book import Book

DEFAULT = Path("golive.yaml")
SHIPPED = {"rules": Path(__file__).parent / "judging" / "rules.yaml"}
"""Files that come with golive, included as `golive:NAME`."""


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration and what was found on the way to it."""

    value: Config | None
    """The configuration; None as soon as there is one finding."""
    findings: tuple[Finding, ...]
    """Every problem of the configuration and of the runbooks, by file and line; at most 200."""
    positions: Positions
    folder: Path
    """Where golive.yaml lies: relative names in it start here."""
    digest: str
    """SHA-256 over the bytes of golive.yaml and all it includes, in order."""
    catalogue: dict[str, Metric]
    """Shipped metrics and the user's own."""
    book: Book | None
    """The runbooks there are; None when golive.yaml could not be read far enough."""


def read(path: Path) -> LoadedConfig:
    """Read golive.yaml with all it names and check it; blocks on the disk, never raises for what a file holds."""
    joined = join(path, SHIPPED)
    loaded = _typed(joined, path)
    findings = [*loaded.findings, *writable_problems(joined.files)]
    catalogue, book = dict(CATALOGUE), None
    config = loaded.partial
    if config is not None:
        if not joined.complete:
            _forget(loaded.positions)
        catalogue, more = _catalogue(config, loaded.positions)
        book, unfound = _book(config, path.parent, loaded.positions)
        findings += [*more, *unfound, *book.findings]
        subject = Subject(config, catalogue, loaded.positions, _names(book))
        findings += [*problems(subject), *play_problems(subject, book), *errand_problems(subject, book, path.parent)]
        findings += secret_problems(config, loaded.positions, path.parent)
        findings += key_problems(config, loaded.positions, path.parent)
    every = bounded(findings)
    return LoadedConfig(
        value=None if every else config,
        findings=every,
        positions=loaded.positions,
        folder=path.parent,
        digest=joined.digest,
        catalogue=catalogue,
        book=book,
    )


def _typed(joined: Joined, path: Path) -> Loaded[Config]:
    if joined.node is None:
        return Loaded(None, tuple(joined.findings), Positions(Place(str(path), 0, 0)))
    return typed(joined.node, joined.findings, Config)


def _forget(positions: Positions) -> None:
    """A file is missing, so no name can be called unknown."""
    for section in NAMED:
        positions.children.setdefault(section, Positions(positions.place)).dropped.append(None)


def _catalogue(config: Config, positions: Positions) -> tuple[dict[str, Metric], list[Finding]]:
    try:
        return merge(config.metrics), []
    except CatalogueError as error:
        at = {metric.name: index for index, metric in enumerate(config.metrics)}
        findings = []
        for name, problem in error.problems:
            what, _, hint = problem.partition("; next: ")
            findings.append(positions.finding(("metrics", at[name], "name"), f"metric {quoted(name)}: {what}", hint))
        return {**{metric.name: metric for metric in config.metrics}, **CATALOGUE}, findings


def _names(book: Book) -> frozenset[str]:
    """Names of all runbooks, also of those that cannot be run for their mistakes."""
    return frozenset(book.names) | {Path(finding.file).stem for finding in book.findings}


def _book(config: Config, base: Path, positions: Positions) -> tuple[Book, list[Finding]]:
    """The shipped runbooks and those of the configured folder, which need not exist unless it is named."""
    folder = base / config.runbooks
    if folder.is_dir():
        return Book.load(folder), []
    if "runbooks" not in positions.children:
        return Book.load(None), []
    what = f"there is no folder {quoted(config.runbooks)}"
    return Book.load(None), [positions.finding(("runbooks",), what, "make it, or leave the key out")]
