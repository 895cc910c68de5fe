"""What a scenario plays in: its configuration, typed and checked as golive.yaml is, its sources, its runbooks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec

from monitor.catalogue.inventory import CATALOGUE, CatalogueError, merge
from monitor.config import Config
from monitor.config_checks.problems import problems
from monitor.config_checks.subject import Subject
from monitor.config_file import LoadedConfig
from monitor.documents.finding import Finding, Place, bounded, meant, quoted
from monitor.documents.loading import Loaded, typed
from monitor.documents.nodes import Mapping, compose
from monitor.intake.source import Source
from monitor.model import Metric
from monitor.scenarios.books import ScriptBook, made
from monitor.scenarios.script import EVERY, Feed, Scenario, Series
from monitor.scenarios.statements import AlertIs, Enter, GateIs, PersonDoes, RuleIs, SignalIs, StageIs
from runbooks.book import Book

DEFAULTS = "schema: 1\ncutover: {name: scenario}\nstages: [{name: only}]\n"
"""What a script need not say."""
UNNAMED = "script"
"""The source of series that name none."""


@dataclass(slots=True, kw_only=True)
class Setting:
    """Everything that is fixed before the first tick."""

    scenario: Scenario
    config: Config
    catalogue: dict[str, Metric]
    book: ScriptBook
    digest: str
    feeds: dict[str, Feed] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    """Every source by name, in the order in which they are numbered."""
    series: list[Series] = field(default_factory=list)
    """Those of the scenario, each with the time between its points."""


@dataclass(slots=True)
class Prepared:
    """A setting, or why there is none."""

    setting: Setting | None
    findings: tuple[Finding, ...] = ()
    """What is wrong with the script."""
    refusals: tuple[Finding, ...] = ()
    """What is wrong with its configuration, where the scenario says that it is to be refused."""


def prepare(scenario: Scenario, rules: LoadedConfig | None) -> Prepared:
    """Read a scenario's configuration; `rules` is that of --rules, for a scenario without one of its own."""
    given = rules if not scenario.config else None
    findings: list[Finding] = []
    written = []
    for fragment in scenario.runbooks:
        runbook, more = made(fragment, scenario.file)
        findings += more
        written += [runbook] if runbook is not None else []
    book = ScriptBook(written, given.book if given is not None and given.book is not None else Book.load(None))
    wrong: list[Finding] = []
    setting: Setting | None = None
    if scenario.config:
        setting, wrong = _own(scenario, book)
    elif given is not None and given.value is not None:
        setting = _setting(scenario, given.value, given.catalogue, book, given.digest)
    else:
        hint = "write config and indent rules below it, or name a file with --rules"
        findings.append(Place(scenario.file, scenario.line, 1).finding("the scenario has no configuration", hint))
    if scenario.refused:
        return Prepared(setting, bounded(findings), tuple(wrong))
    findings += wrong
    if setting is not None and not findings:
        findings += _unknown(setting)
    return Prepared(None if findings else setting, bounded(findings))


def _own(scenario: Scenario, book: ScriptBook) -> tuple[Setting | None, list[Finding]]:
    loaded = _typed(scenario)
    findings = list(loaded.findings)
    config = loaded.partial
    if config is None:
        return None, findings
    try:
        catalogue = merge(config.metrics)
    except CatalogueError as error:
        catalogue = {**{metric.name: metric for metric in config.metrics}, **CATALOGUE}
        findings += [
            loaded.positions.finding(("metrics",), f"metric {quoted(n)}: {what}") for n, what in error.problems
        ]
    book.stand_in(trigger.runbook for trigger in config.triggers)
    digest = hashlib.sha256("\n".join(f.text for f in scenario.config).encode()).hexdigest()
    setting = _setting(scenario, config, catalogue, book, digest)
    # The checks read names, spans and independence of collectors, which a script's sources have like any other.
    checked = msgspec.structs.replace(config, collectors=cast("Any", tuple(setting.sources.values())))
    findings += problems(Subject(checked, catalogue, loaded.positions, book.names))
    return setting, findings


def _typed(scenario: Scenario) -> Loaded[Config]:
    findings: list[Finding] = []
    total = Mapping(Place(scenario.file, scenario.line, 1), {})
    for fragment in scenario.config:
        node, more = compose(fragment.text, scenario.file)
        findings += more
        if isinstance(node, Mapping):
            total.entries.update(node.entries)
            total.keys.update(node.keys)
        elif node is not None:
            findings.append(node.place.finding("the config is not a mapping", "write keys, each with its value"))
    defaults, _ = compose(DEFAULTS, scenario.file)
    if isinstance(defaults, Mapping):
        for key, value in defaults.entries.items():
            total.entries.setdefault(key, value)
            total.keys.setdefault(key, Place(scenario.file, scenario.line, 1))
    return typed(total, findings, Config)


def _setting(
    scenario: Scenario, config: Config, catalogue: dict[str, Metric], book: ScriptBook, digest: str
) -> Setting:
    setting = Setting(scenario=scenario, config=config, catalogue=catalogue, book=book, digest=digest)
    known = {collector.name: collector for collector in config.collectors}
    wanted = dict(scenario.feeds)
    if any(not series.source for series in scenario.series):
        wanted[UNNAMED] = Feed(name=UNNAMED)
    for name in dict.fromkeys([*known, *wanted]):
        feed = setting.feeds[name] = wanted.get(name, Feed(name=name))
        setting.sources[name] = _source(scenario, feed, known.get(name))
    setting.series = [
        replace(series, every=series.every or setting.sources[series.source or UNNAMED].every)
        for series in scenario.series
    ]
    return setting


def _source(scenario: Scenario, feed: Feed, configured: Source | None) -> Source:
    """A source as the script says, else as the collector of its name is configured, else as often as its series."""
    if configured is not None and feed == Feed(name=feed.name, late=feed.late, ahead=feed.ahead, line=feed.line):
        return configured
    own = [series.every for series in scenario.series if (series.source or UNNAMED) == feed.name and series.every]
    return Source(
        name=feed.name,
        every=feed.every or (configured.every if configured is not None else max(own, default=EVERY)),
        delay=feed.delay or (configured.delay if configured is not None else 0.0),
        max_age=feed.max_age or (configured.max_age if configured is not None else None),
        independence=feed.independence or (configured.independence if configured is not None else ""),
    )


def _unknown(setting: Setting) -> list[Finding]:
    """Series and sentences that name what the configuration does not have."""
    scenario, config = setting.scenario, setting.config
    found = []
    for series in scenario.series:
        if series.metric not in setting.catalogue:
            place = Place(scenario.file, series.line, series.column)
            what = f"there is no metric {quoted(series.metric)}"
            found.append(place.finding(what, meant(series.metric, setting.catalogue)))
    names = {
        kind: {entry.name for entry in getattr(config, kind)}
        for kind in ("rules", "gates", "signals", "people", "stages")
    }
    for moment in scenario.moments:
        for kind, word in _named(moment.statement):
            if word and word not in names[kind]:
                place = Place(scenario.file, moment.line, 1)
                known = names[kind]
                hint = meant(word, known) if known else f"the configuration has no {kind}"
                found.append(place.finding(f"there is nothing called {quoted(word)} under {kind}", hint))
    return found


def _named(statement: object) -> tuple[tuple[str, str], ...]:
    if isinstance(statement, RuleIs | AlertIs):
        return (("rules", statement.rule),)
    if isinstance(statement, GateIs):
        return (("gates", statement.gate),)
    if isinstance(statement, SignalIs):
        return (("signals", statement.signal),)
    if isinstance(statement, StageIs | Enter):
        return (("stages", statement.stage),)
    if isinstance(statement, PersonDoes):
        return (("people", statement.person),)
    return ()
