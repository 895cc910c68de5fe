"""How the daemon's messages are made and carried: notifier, outbox and pages, composed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from monitor.config import Config
from monitor.daemon.course import Course
from monitor.daemon.pages import Pages, pages_of
from monitor.daemon.reporter import Reporter
from monitor.deciding.journal import Journal
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.store import Store
from monitor.notify.notifier import Notifier
from monitor.notify.outbox import Outbox
from monitor.serving.exposition.own import OwnMetrics

OUTBOX = "outbox.db"
"""The outbox in the state directory."""


class Parts(Protocol):
    """What the daemon is made of, as far as its messages go."""

    config: Config
    base: Path
    state_dir: Path
    engine: Engine
    store: Store
    intake: Intake
    course: Course
    journal: Journal
    own: OwnMetrics


def paging_of(parts: Parts) -> tuple[Notifier, Pages]:
    """The notifier, which must be started, and the pages, which must recall what was open."""
    config = parts.config

    def notified(channel: str, ok: bool, detail: str) -> None:  # noqa: FBT001 - the one fact that it tells
        result = "ok" if ok else "failed"
        parts.own.notified(channel, result)
        parts.journal.append("notify", "engine", f"{channel}: {detail}", object=channel, state=result)

    outbox = Outbox(parts.state_dir / OUTBOX)
    notifier = Notifier(config.notify, parts.base, notified, outbox=outbox, paging=config.paging)
    reporter = Reporter(config, parts.engine, parts.store, parts.intake, parts.course)
    return notifier, pages_of(config, reporter, notifier.notify)
