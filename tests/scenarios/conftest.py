"""Every `.scenario` file here is a test file, every scenario in it a test; a failure is its file:line sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.scenarios.play import play
from monitor.scenarios.report import load
from monitor.scenarios.script import Scenario

ROOT = Path(__file__).parents[2]


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    """Take what ends in .scenario."""
    return ScenarioFile.from_parent(parent, path=file_path) if file_path.suffix == ".scenario" else None


class NotAsWrittenError(Exception):
    """What a scenario found, line by line."""


class ScenarioFile(pytest.File):
    """One script."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its scenarios; a malformed script fails as a whole."""
        shown = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        scenarios, findings = load(self.path)
        if findings:
            raise self.CollectError("\n".join(map(str, findings)))
        for scenario in scenarios:
            scenario.file = str(shown)
            yield ScenarioItem.from_parent(self, name=scenario.title, scenario=scenario)


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, scenario: Scenario, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario

    def runtest(self) -> None:
        """Play it."""
        outcome = play(self.scenario)
        if not outcome.ok:
            raise NotAsWrittenError("\n".join(outcome.lines))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Only the sentences, for a scenario that did not go as written."""
        if isinstance(excinfo.value, NotAsWrittenError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands and what it promises."""
        return self.path, self.scenario.line - 1, self.scenario.title
