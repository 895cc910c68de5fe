"""The `golive` command. Each command's module is imported only when it is asked for."""

from __future__ import annotations

import os
import sys
from importlib import metadata

from cyclopts import App

COMMANDS = {
    "demo": ("monitor.cli.demo:demo", "A simulated cutover that goes wrong and is rolled back. Start here."),
    "init": ("monitor.cli.init:init", "Write a commented golive.yaml to start from."),
    "check": (
        "monitor.cli.check:check",
        "Every problem of a configuration at once, and what it will do, in sentences.",
    ),
    "scenario": (
        "monitor.cli.scenario:scenario",
        "Play scripts of series against your thresholds, triggers and people, in simulated time.",
    ),
    "doctor": (
        "monitor.cli.doctor:doctor",
        "Try everything for real: sources, targets, secrets, clock, disk, terminal.",
    ),
    "collector": (
        "monitor.cli.collector:collector",
        "Try one collector on its own; read the raw exchanges of a running one.",
    ),
    "run": ("monitor.cli.run:run", "The daemon: collect, judge, serve, notify, execute."),
    "watch": ("monitor.cli.watch:watch", "The terminal of a running daemon."),
    "keys": ("monitor.cli.keys:keys", "Every key of the terminal, and whether two of them clash."),
    "replay": ("monitor.cli.replay:replay", "A record of snapshots on the same screens, without a daemon."),
    "status": ("monitor.cli.status:status", "The board once."),
    "handover": ("monitor.cli.handover:handover", "What the next shift must know, as Markdown or JSON."),
    "gate": ("monitor.cli.status:gate", "The verdict as an exit code."),
    "runbook": ("monitor.cli.runbook:runbook", "List, show, start, approve, reject, abort, resolve."),
    "rules": ("monitor.cli.rules:rules", "Export the thresholds as recording and alerting rules for Prometheus."),
    "history": ("monitor.cli.history:history", "Recorded weeks: what there is of them, and import of earlier ones."),
    "alert": (
        "monitor.cli.alert:alert",
        "List, acknowledge, mute and note alerts; test the channels that page people.",
    ),
    "audit": ("monitor.cli.audit:audit", "Read the journal, or prove it whole."),
    "schema": ("monitor.cli.schema:schema", "The JSON schemas of what --json prints."),
    "metrics": ("monitor.cli.metrics:metrics", "Every metric: name, type, unit, meaning."),
    "completion": ("monitor.cli.completion:completion", "What bash, zsh or fish needs to finish words."),
    "token": ("monitor.cli.token:token", "Make or revoke a person's token."),
}
"""Each command: where it is, and one line for the overview, which must not import it."""

CUT_OFF = 141
"""Exit code when the reader of the output went away: 128 and SIGPIPE, as a shell reports it."""


def build(asked: str) -> App:
    """The application. The command that is asked for brings its own words; the others need not be imported for theirs."""
    app = App(
        name="golive",
        help="Real-time go-live operations monitor: one terminal, one verdict, a rehearsed rollback.",
        version=lambda: f"golive {metadata.version('golive-monitor')}",
        version_flags=["--version"],
    )
    for name, (where, summary) in COMMANDS.items():
        app.command(where, name=name, help=None if name == asked else summary)
    return app


def main() -> None:
    """Run the command line; the exit code is the command's."""
    words = sys.argv[1:]
    try:
        code = build(words[0] if words else "")()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has had enough, as `head` does; the daemon prints for nobody
        if words[:1] == ["run"]:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CUT_OFF)
    sys.exit(code if isinstance(code, int) else 0)
