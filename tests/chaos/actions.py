"""One small adapter an action: how its step is written, and whether it reaches the target by itself.

A new kind of step joins the suite with a new line in ACTIONS.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
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
    points: tuple[str, ...] = POINTS
    tail: tuple[str, ...] = field(default=())


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


ACTIONS = (Action("http", _http), Action("mqtt", _mqtt), Action("manual", _manual, by_person=True))


def missing() -> list[str]:
    """Kinds of steps that the specification names and this build has not got."""
    built = {action.name for action in ACTIONS}
    has_command = importlib.util.find_spec("runbooks.actions.command") is not None
    return [] if "command" in built or has_command else ["command"]
