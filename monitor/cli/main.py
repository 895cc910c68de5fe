"""The `golive` command. Each command's module is imported only when it is asked for."""

from __future__ import annotations

import sys
from importlib import metadata

from cyclopts import App

app = App(
    name="golive",
    help="Real-time go-live operations monitor: one terminal, one verdict, a rehearsed rollback.",
    version=lambda: f"golive {metadata.version('golive-monitor')}",
    version_flags=["--version"],
)
app.command("monitor.cli.demo:demo")
app.command("monitor.cli.init:init")
app.command("monitor.cli.check:check")
app.command("monitor.cli.run:run")
app.command("monitor.cli.watch:watch")
app.command("monitor.cli.status:status")
app.command("monitor.cli.status:gate")
app.command("monitor.cli.runbook:runbook")
app.command("monitor.cli.audit:audit")
app.command("monitor.cli.token:token")


def main() -> None:
    """Run the command line; the exit code is the command's."""
    code = app()
    sys.exit(code if isinstance(code, int) else 0)
