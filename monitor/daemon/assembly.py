"""Parts of the daemon, each put together from the configuration and what it needs beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from monitor.config import Config
from monitor.daemon.messenger import Messenger
from monitor.daemon.safety import safety_of
from monitor.deciding.breakglass import BreakGlassLog
from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.deciding.office import OnEvent, OnRolledBack
from monitor.deciding.points import OnPoint
from monitor.export.elsewhere import over_there
from monitor.history.archive import Brought
from monitor.history.calendar import calendar_of
from monitor.history.figures import figures
from monitor.history.keeper import Keeper
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.scoping import all_scope_labels
from monitor.judging.store import Store
from monitor.model import Metric
from runbooks.book import Book
from runbooks.outlets import Outlets
from runbooks.runner import Runner


def judged_elsewhere(config: Config, catalogue: Mapping[str, Metric]) -> Config:
    """The configuration with the rules that rulers judge turned to what those say."""
    rules = over_there(config.rules, config.signals, catalogue, config.collectors)
    return msgspec.structs.replace(config, rules=rules)


def patience(config: Config) -> float:
    """Seconds for which a rule whose series were never heard is not yet UNKNOWN."""
    return max((collector.stale_after for collector in config.collectors), default=30.0)


def keeper_of(
    config: Config,
    store: Store,
    path: Path,
    delays: Mapping[int, float],
    journal: Journal,
    clock: Callable[[], float],
) -> Keeper:
    """Whoever records weeks for baselines and reads them ahead."""

    def imported(brought: Brought) -> None:
        journal.append("history", "operator", brought.what, object=brought.rule, state="imported")

    asked = figures(config.rules, config.signals)
    return Keeper(asked, store, path, calendar_of(config.cutover), delays, clock, imported)


def engine_of(config: Config, store: Store, delays: Mapping[int, float], history: Keeper) -> Engine:
    """The rules at work."""
    late = patience(config)
    return Engine(config.rules, config.signals, store, patience=late, delays=delays, history=history.weeks)


def independence_of(config: Config, intake: Intake) -> dict[int, str]:
    """The witness that each collector counts as, by its number."""
    return {
        intake.doors[collector.name].number: collector.independence or collector.name for collector in config.collectors
    }


def desk_of(
    config: Config,
    *,
    base: Path,
    messenger: Messenger,
    book: Book,
    journal: Journal,
    second: BreakGlassLog,
    digest: str,
    clock: Callable[[], float],
    disabled: str,
    on_event: OnEvent,
    on_rolled_back: OnRolledBack,
    on_point: OnPoint,
) -> Desk:
    """Where rollbacks are decided, with the runner that executes them."""
    outlets = Outlets(teller=messenger)
    return Desk(
        triggers=config.triggers,
        people=config.people,
        book=book,
        executor=Runner(journal, base, clock, outlets, undo_window=config.cutover.undo_window),
        journal=journal,
        default_mode=config.cutover.default_mode,
        cutover_name=config.cutover.name,
        config_digest=digest,
        clock=clock,
        on_event=on_event,
        on_rolled_back=on_rolled_back,
        disabled=disabled,
        scopes=all_scope_labels(config.triggers, config.rules, config.signals),
        safety=safety_of(config, journal, clock, on_point, second),
        environment=config.cutover.environment,
    )
