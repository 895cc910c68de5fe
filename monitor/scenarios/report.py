"""Scripts from the disk, played one after the other, and what is told of them: a line for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.config_file import LoadedConfig
from monitor.documents.finding import Finding
from monitor.documents.nodes import decode, read
from monitor.scenarios.coverage import Coverage
from monitor.scenarios.parser import parse
from monitor.scenarios.play import play
from monitor.scenarios.script import Scenario
from monitor.scenarios.setting import Setting


@dataclass(slots=True)
class Report:
    """What playing some files came to."""

    scenarios: int = 0
    checked: int = 0
    failed: int = 0
    """Scenarios that did not go as they say."""
    malformed: bool = False
    """Whether something could not be played at all."""
    lines: list[str] = field(default_factory=list)
    coverage: dict[str, Coverage] = field(default_factory=dict)

    def summary(self) -> str:
        """How it went, in one line."""
        counted = f"{_counted(self.scenarios, 'scenario')}, {_counted(self.checked, 'sentence')}"
        return f"{counted}: {f'{self.failed} not as written' if self.failed else 'all as written'}"

    def uncovered(self) -> Iterator[str]:
        """What was never exercised, configuration by configuration."""
        for coverage in self.coverage.values():
            yield from coverage.lines()


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def load(path: Path) -> tuple[list[Scenario], tuple[Finding, ...]]:
    """The scenarios of a file, and every problem of it. Blocks on the disk."""
    raw = read(path)
    if isinstance(raw, Finding):
        return [], (raw,)
    text = decode(raw, str(path))
    return ([], (text,)) if isinstance(text, Finding) else parse(text, str(path))


def play_files(
    paths: Iterable[Path], rules: LoadedConfig | None, rules_name: str = "", *, covered: bool = False
) -> Report:
    """Play every scenario of every file; a file that is malformed is told and the others go on.

    rules_name: what the coverage of `rules` is told under. covered: note what is exercised.
    """
    report = Report()
    if covered and rules is not None and rules.value is not None:
        report.coverage[rules_name] = Coverage(rules_name)
        report.coverage[rules_name].knows(rules.value)
    for path in paths:
        scenarios, findings = load(path)
        if findings:
            report.malformed = True
            report.lines += [str(finding) for finding in findings]
            continue
        for scenario in scenarios:
            _play_into(report, scenario, rules, rules_name, covered=covered)
    return report


def _play_into(
    report: Report, scenario: Scenario, rules: LoadedConfig | None, rules_name: str, *, covered: bool
) -> None:
    def coverage(setting: Setting) -> Coverage:
        name = scenario.file if scenario.config else rules_name
        made = report.coverage.setdefault(name, Coverage(name))
        made.knows(setting.config)
        return made

    outcome = play(scenario, rules, coverage if covered else None)
    report.scenarios += 1
    report.checked += outcome.checked
    report.malformed = report.malformed or bool(outcome.findings)
    report.failed += bool(outcome.failures)
    report.lines += outcome.lines
