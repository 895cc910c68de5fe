"""The daemon's port: the application with all that it may use, behind certificates and passwords, listening."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from monitor.config import Config
from monitor.daemon.camera import Camera
from monitor.daemon.helm import Helm
from monitor.daemon.inspector import Inspector
from monitor.daemon.recent import Recent
from monitor.daemon.switchboard import Switchboard
from monitor.deciding.auth import Authority
from monitor.deciding.journal import Journal
from monitor.deciding.public_lines import PublicLines
from monitor.intake.intake import Intake
from monitor.intake.postbox import Postbox
from monitor.judging.engine import Engine
from monitor.judging.explaining import Standards
from monitor.judging.store import Store
from monitor.model import Metric
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.past.keeper import Keeper
from monitor.serving.web.app import make_app
from monitor.serving.web.front import Front
from monitor.serving.web.listener import Listener
from monitor.serving.web.services import Denial


class Parts(Protocol):
    """What the daemon is made of, as far as its port must know it."""

    config: Config
    authority: Authority
    journal: Journal
    intake: Intake
    store: Store
    engine: Engine
    catalogue: dict[str, Metric]
    clock: Callable[[], float]
    camera: Camera
    past: Keeper
    state_dir: Path
    degraded: str
    recent: Recent
    switchboard: Switchboard
    web_config_file: Path | None


async def opened(parts: Parts, helm: Helm, exposition: Exposition) -> Listener:
    """Begin to serve.

    Raises:
        FrontError: the web.config.file cannot be used.
        ListenError: the address is taken or not ours.
    """
    config, journal = parts.config, parts.journal

    def denied(denial: Denial) -> None:
        what = f"{denial.method} {denial.path} from {denial.peer} refused: {denial.why}"
        journal.append("denied", "nobody", what, object=denial.path, state="denied", public=False)

    standards = Standards(parts.catalogue, config.rules, config.signals, config.gates, config.triggers)
    inspector = Inspector(parts.store, parts.intake, parts.engine, standards, parts.clock)
    front = Front(parts.web_config_file)
    await asyncio.to_thread(front.load)
    app = make_app(
        helm,
        parts.authority,
        exposition,
        config.web,
        parts.camera.ready,
        journal=journal,
        lines=PublicLines(
            None if parts.degraded else parts.state_dir / "journal.db", lambda: journal.head, parts.clock
        ),
        past=parts.past,
        postboxes=[collector for collector in config.collectors if isinstance(collector, Postbox)],
        callbacks=parts.switchboard.doors,
        details=inspector,
        transcripts={name: door.transcripts for name, door in parts.intake.doors.items()},
        recent=parts.recent,
        on_denied=denied,
        front=front,
    )
    listener = Listener(app, config.web, lambda: exposition.own.denied("full"), front)
    await listener.start()
    return listener
