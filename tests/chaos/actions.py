"""One small adapter an action: how its step is written, and whether it reaches the target by itself.

A new kind of step joins the suite with a new line in ACTIONS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

EFFECTS = ("read", "keyed", "checked", "once")
POINTS = ("step.before_intent", "step.after_intent", "step.after_send", "step.after_reply", "step.before_done")


@dataclass(frozen=True)
class Place:
    """Where a case's target is."""

    case: str
    http: str
    broker_port: int
    folder: Path
    """The case's own folder."""

    @property
    def host(self) -> str:
        """HTTP host and port."""
        return self.http.partition("://")[2]

    def probe(self, step: str, effect: str) -> str:
        """The probe that a checked step asks; the others have none."""
        if effect != "checked":
            return ""
        return f'probe: {{url: "{self.http}/{self.case}/state/{step}", expect: {{json: {{to: legacy}}}}}}, '


Writer = Callable[[Place, str, str], str]


@dataclass(frozen=True)
class Action:
    """A kind of step."""

    name: str
    write: Writer
    """place, step, effect -> the step in YAML's flow style."""
    by_person: bool = False
    """A person does it; golive sends nothing."""
    by_program: bool = False
    """A program does it, which goes on while golive stands still."""
    points: tuple[str, ...] = POINTS


def _http(place: Place, step: str, effect: str) -> str:
    method = "GET" if effect == "read" else "PUT"
    return (
        f"{{name: {step}, action: http, effect: {effect}, {place.probe(step, effect)}"
        f' request: {{method: {method}, url: "{place.http}/{place.case}/apply/{step}"}}, expect: {{json: {{to: legacy}}}}}}'
    )


def _mqtt(place: Place, step: str, effect: str) -> str:
    return (
        f"{{name: {step}, action: mqtt, effect: {effect}, {place.probe(step, effect)}"
        f" broker: {{host: 127.0.0.1, port: {place.broker_port}}}, topic: chaos/{place.case}/{step}, json: {{to: legacy}}}}"
    )


def _manual(place: Place, step: str, effect: str) -> str:
    return (
        f"{{name: {step}, action: manual, effect: {effect}, {place.probe(step, effect)} instructions: move it by hand}}"
    )


def _command(place: Place, step: str, effect: str) -> str:
    program = place.folder.with_suffix(".py")
    program.write_text(PROGRAM)
    method = "GET" if effect == "read" else "PUT"
    argv = (sys.executable, "-I", "-S", str(program), method, place.host, f"/{place.case}/apply/{step}")
    words = ", ".join(f'"{word}"' for word in argv)
    return f"{{name: {step}, action: command, effect: {effect}, {place.probe(step, effect)} argv: [{words}]}}"


PROGRAM = """
import http.client, os, sys
method, host, path = sys.argv[1:]
line = http.client.HTTPConnection(host, timeout=10)
line.request(method, path, headers={"Idempotency-Key": os.environ.get("GOLIVE_KEY", "")})
sys.exit(line.getresponse().status != 200)
"""
"""What a step of the kind `command` starts: it does over HTTP what the other kinds do."""
ACTIONS = (
    Action("http", _http),
    Action("mqtt", _mqtt),
    Action("manual", _manual, by_person=True),
    Action("command", _command, by_program=True),
)
