"""The daemon's port: the application with all that it may use, behind certificates and passwords, listening."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from monitor.config import Config
from monitor.daemon.helm import Helm
from monitor.deciding.auth import Authority
from monitor.deciding.journal import Journal
from monitor.intake.postbox import Postbox
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.web.app import make_app
from monitor.serving.web.front import Front
from monitor.serving.web.listener import Listener
from monitor.serving.web.services import Denial


async def opened(
    helm: Helm,
    authority: Authority,
    exposition: Exposition,
    config: Config,
    ready: Callable[[], str | None],
    journal: Journal,
    web_config_file: Path | None,
) -> Listener:
    """Begin to serve. ready: why the daemon is not ready, or None.

    Raises:
        FrontError: the web.config.file cannot be used.
        ListenError: the address is taken or not ours.
    """

    def denied(denial: Denial) -> None:
        what = f"{denial.method} {denial.path} from {denial.peer} refused: {denial.why}"
        journal.append("denied", "nobody", what, object=denial.path, state="denied", public=False)

    front = Front(web_config_file)
    await asyncio.to_thread(front.load)
    app = make_app(
        helm,
        authority,
        exposition,
        config.web,
        ready,
        journal=journal,
        postboxes=[collector for collector in config.collectors if isinstance(collector, Postbox)],
        on_denied=denied,
        front=front,
    )
    listener = Listener(app, config.web, lambda: exposition.own.denied("full"), front)
    await listener.start()
    return listener
