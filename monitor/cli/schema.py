"""`golive schema`: what each `--json` prints, as a JSON schema."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple

from monitor.cli.asking import USAGE, fail, say


class Shape(NamedTuple):
    """One published schema."""

    where: str
    """The type it is made from."""
    title: str
    commands: tuple[str, ...]
    """Commands whose `--json` prints it."""
    each_line: bool = False
    """Whether every line is one such object; else the whole output is."""


SHAPES = {
    "snapshot": Shape(
        "monitor.serving.snapshot:Snapshot",
        "Everything a display needs, at one tick; also GET /api/v1/snapshot.",
        ("status",),
    ),
    "check": Shape("monitor.cli.check:Report", "Every problem of a configuration.", ("check",)),
    "doctor": Shape("monitor.doctor.report:Report", "What was tried for real, and how it went.", ("doctor",)),
    "journal": Shape("monitor.deciding.entry:Entry", "A line of the journal.", ("audit show",), each_line=True),
    "rehearsal": Shape("monitor.cli.rehearse:Report", "What a rehearsal came to.", ("runbook rehearse",)),
    "trial": Shape(
        "monitor.intake.trial:Told", "What a collector said while it was tried.", ("collector test",), each_line=True
    ),
    "transcript": Shape(
        "monitor.intake.transcripts:Kept", "The last raw exchanges of a collector, redacted.", ("collector transcript",)
    ),
    "history": Shape("monitor.cli.history:Shown", "What there is of recorded weeks.", ("history show",)),
    "alerts": Shape(
        "monitor.serving.alert_rows:AlertList", "Alerts, mutes, and how many there are beside.", ("alert list",)
    ),
    "handover": Shape("dashboards.terminal.handover:HandOver", "The hand-over of a shift.", ("handover",)),
    "keys": Shape("monitor.cli.keys:Listing", "Every key of the terminal, and keys that clash.", ("keys",)),
    "metrics": Shape("monitor.cli.metrics:Reference", "Every metric.", ("metrics",)),
    "demo": Shape("monitor.demo.printer:Event", "What happens in the demo.", ("demo",), each_line=True),
}
"""Every schema by its name."""


def schema(name: str = "", /) -> int:
    """Print the JSON schema of what a command prints with --json; without a name, list them.

    They are made from the types that are printed. Fields are only added, so a reader should pass over what it does not
    know; `schema` in the object is the number of its version.

    Exit code 0, or 2 for a name that is none.

    Parameters
    ----------
    name:
        Such as snapshot.
    """
    if not name:
        for known, shape in SHAPES.items():
            commands = ", ".join(f"golive {command} --json" for command in shape.commands)
            say(f"{known:12}{commands}{', each line' if shape.each_line else ''}: {shape.title}")
        return 0
    found = SHAPES.get(name)
    if found is None:
        return fail(f"no schema is called {name[:40]!r}; there are: {', '.join(SHAPES)}", USAGE)
    from monitor.serving.schema.describing import encoded, schema_of

    module, _, kind = found.where.partition(":")
    sys.stdout.write(encoded(schema_of(getattr(import_module(module), kind), found.title)).decode())
    return 0
