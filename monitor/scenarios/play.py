"""Plays scenarios: turns the clock tick by tick, does and checks what the script says, and tells what went otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

from monitor.config_file import LoadedConfig
from monitor.documents.finding import Finding
from monitor.scenarios.acting import Acting
from monitor.scenarios.checks import found_instead
from monitor.scenarios.coverage import Coverage
from monitor.scenarios.rig import Rig
from monitor.scenarios.script import Moment, Scenario
from monitor.scenarios.sentences import sentence
from monitor.scenarios.setting import Prepared, Setting, prepare
from monitor.scenarios.simulated_loop import SimulatedLoop
from monitor.scenarios.statements import ACTS, PersonDoes
from monitor.units import spell_duration


class Failure(NamedTuple):
    """Something that went otherwise than the script says."""

    line: int
    words: str


class Outcome(NamedTuple):
    """What playing a scenario came to."""

    scenario: Scenario
    checked: int
    """How many sentences of the script were held against the engine."""
    failures: tuple[Failure, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Why it could not be played at all."""

    @property
    def ok(self) -> bool:
        """Whether everything went as the script says."""
        return not self.failures and not self.findings

    @property
    def lines(self) -> list[str]:
        """What a person reads: `file:line: one sentence` for each thing that is wrong."""
        return [
            *(str(finding) for finding in self.findings),
            *(f"{self.scenario.file}:{failure.line}: {failure.words}" for failure in self.failures),
        ]


def play(
    scenario: Scenario, rules: LoadedConfig | None = None, coverage: Callable[[Setting], Coverage] | None = None
) -> Outcome:
    """Play one scenario; the same one plays the same, whenever and wherever.

    rules: the configuration of a scenario without one. coverage: where what was exercised is noted.
    """
    prepared = prepare(scenario, rules)
    if prepared.findings:
        return Outcome(scenario, 0, findings=prepared.findings)
    if scenario.refused:
        return _refused(scenario, prepared)
    if prepared.setting is None:
        return Outcome(scenario, 0)
    noted = coverage(prepared.setting) if coverage is not None else None
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        failures = runner.run(_play(prepared.setting, cast("SimulatedLoop", runner.get_loop()), noted))
    return Outcome(scenario, len(scenario.moments), tuple(failures))


def _refused(scenario: Scenario, prepared: Prepared) -> Outcome:
    """Whether the configuration is refused with the words that the scenario expects."""
    told = [str(finding) for finding in prepared.refusals]
    failures = []
    for line, words in scenario.refused:
        if not told:
            failures.append(Failure(line, "the configuration should be refused and is accepted"))
        elif not any(words in finding for finding in told):
            failures.append(Failure(line, f"the configuration should be refused with {words!r}; found: {told[0]}"))
    return Outcome(scenario, len(scenario.refused), tuple(failures))


async def _play(setting: Setting, loop: SimulatedLoop, coverage: Coverage | None) -> list[Failure]:
    scenario = setting.scenario
    rig = Rig(setting, loop)
    acting = Acting(rig)
    failures: list[Failure] = []
    failed: set[int] = set()
    shown = {
        moment.statement.shown
        for moment in scenario.moments
        if isinstance(moment.statement, PersonDoes) and moment.statement.shown is not None
    }
    coming = sorted(enumerate(scenario.moments), key=lambda pair: (pair[1].at, pair[0]))
    lasting: list[tuple[int, Moment]] = []
    await rig.open()
    try:
        for number in range(round(scenario.end / scenario.tick) + 1):
            at = round(number * scenario.tick, 6)
            await rig.tick(at)
            if coverage is not None:
                coverage.look(rig)
            failures += [Failure(*answer) for answer in acting.answers()]
            if at in shown:
                rig.shown[at] = rig.desk.decision_rows()
            lasting = [pair for pair in lasting if pair[1].until >= at - 1e-6]
            due = [*lasting]
            while coming and coming[0][1].at <= at + 1e-6:
                due.append(coming.pop(0))
            lasting = [pair for pair in due if pair[1].until > at + 1e-6]
            for index, moment in sorted(due, key=lambda pair: pair[0]):
                if isinstance(moment.statement, ACTS):
                    failures += [Failure(*answer) for answer in await acting.do(moment.statement, moment.line)]
                elif index not in failed and (found := found_instead(moment.statement, rig)):
                    failed.add(index)
                    words = f"{sentence(moment.statement)} at {spell_duration(at)}: {found}"
                    failures.append(Failure(moment.line, words))
    finally:
        acting.close()
        await rig.close()
    return failures
