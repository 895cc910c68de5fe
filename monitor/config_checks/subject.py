"""What every check looks at: the configuration, the catalogue, and where each thing stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.config import Config
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path, Positions
from monitor.model import Metric


@dataclass(frozen=True, slots=True)
class Subject:
    """A configuration under check; entries that did not fit the schema are missing from it but known by name."""

    config: Config
    catalogue: Mapping[str, Metric]
    """Shipped metrics and the user's own."""
    positions: Positions
    runbooks: frozenset[str] | None = None
    """Names of the runbooks there are; None when that is not known."""

    def finding(self, path: Path, what: str, hint: str = "") -> Finding:
        """A problem at a part of the configuration."""
        return self.positions.finding(path, what, hint)

    def names(self, section: str) -> frozenset[str]:
        """Names of a section's entries, also of those that were dropped for their mistakes."""
        dropped = self.positions.dropped_at((section,))
        return frozenset(
            {entry.name for entry in getattr(self.config, section)} | {n for n in dropped if n is not None}
        )

    def sure(self, *path: str | int) -> bool:
        """Whether nothing of a part was dropped without its name being known."""
        return None not in self.positions.dropped_at(path)

    def known(self, path: Path, word: str, section: str, kind: str) -> Iterator[Finding]:
        """A finding when `word` is no entry of the section. kind: what an entry is called, such as `rule`."""
        names = self.names(section)
        if word not in names and self.sure(section):
            hint = meant(word, names) if names else f"there is nothing under {section} yet"
            yield self.finding(path, f"there is no {kind} {quoted(word)}", hint)

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages in the order of the cutover."""
        return tuple(stage.name for stage in self.config.stages)

    def active(self, active_in: tuple[str, ...]) -> frozenset[str]:
        """Stages that an `active_in` means: all when it is empty, or when it names one that does not exist."""
        stages = self.names("stages")
        return frozenset(active_in) if active_in and stages.issuperset(active_in) else stages

    def active_in(self, path: Path, active_in: tuple[str, ...]) -> Iterator[Finding]:
        """Findings for stages that do not exist."""
        for index, stage in enumerate(active_in):
            yield from self.known((*path, "active_in", index), stage, "stages", "stage")
