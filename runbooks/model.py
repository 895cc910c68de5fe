"""A runbook: what to do when it goes wrong, as a straight line of steps. Configuration only; it does nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from monitor.plan import Section
from monitor.serving.snapshot import StepRow
from monitor.template import check_value
from monitor.units import Duration
from runbooks.actions.amazon_connect import AmazonConnect
from runbooks.actions.call import CallStep
from runbooks.actions.command import Command
from runbooks.actions.http import Http
from runbooks.actions.manual import Manual
from runbooks.actions.mqtt import Mqtt
from runbooks.actions.notify import Notify
from runbooks.actions.sip_options import SipOptions
from runbooks.actions.verify import Verify
from runbooks.actions.wait import Wait
from runbooks.context import Context

AnyStep: TypeAlias = Http | Command | Mqtt | AmazonConnect | SipOptions | CallStep | Notify | Manual | Wait | Verify
"""The registry of actions: one union that is also the schema."""


class Parameter(Section, frozen=True, kw_only=True):
    """A value that a trigger or a person gives. Only text that matches the whole pattern is ever put in."""

    title: str = ""
    pattern: str
    """Regular expression; the value must match all of it."""
    default: str | None = None


class Runbook(Section, frozen=True, kw_only=True):
    """One file of the catalogue or of the user's folder; its name is the file's name."""

    name: str
    title: str
    scope: str = "all"
    """What of the cutover it acts on, in words that its parameters are put into, such as `queue {queue}`."""
    parameters: dict[str, Parameter] = {}
    endpoints: dict[str, str] = {}
    """Base URLs by name, used as `{name}` at the start of a request's URL."""
    allow_hosts: tuple[str, ...] = ()
    """`host` or `host:port` that its requests may go to; nothing else is spoken to. Loopback needs its port."""
    preflight: tuple[str, ...] = ()
    """Expressions that must hold before the first step."""
    steps: tuple[AnyStep, ...]
    verify: tuple[str, ...]
    """Expressions that show that it worked: the old way takes real traffic within its limits."""
    verify_hold: Duration = 30.0
    """How long they must hold on end."""
    verify_within: Duration = 600.0
    """After this, what was done counts as ineffective."""
    back_to: str | None = None
    """The stage in which the cutover stands once it is verified."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything it says; comments and layout of the file do not count."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    @property
    def pinned(self) -> dict[str, Any]:
        """All of it, as plain data."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @property
    def takes(self) -> float:
        """Seconds that its steps take as a rule."""
        return sum(step.takes for step in self.steps)

    @property
    def lasts(self) -> float:
        """Seconds from its first step to verified, as a rule."""
        return self.takes + self.verify_hold

    def filled(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The parameters with defaults; ValueError says which is missing, unknown or malformed."""
        if unknown := sorted(set(parameters) - set(self.parameters)):
            raise ValueError(f"runbook {self.name} has no parameter {', '.join(unknown)}")
        values: dict[str, str] = {}
        for name, parameter in self.parameters.items():
            value = parameters.get(name, parameter.default)
            if value is None:
                raise ValueError(f"runbook {self.name} needs the parameter {name}")
            if why := check_value(name, value, parameter.pattern):
                raise ValueError(why)
            values[name] = value
        return values

    def context(self, run: str, decision: str, step: str, parameters: Mapping[str, str], base: Path) -> Context:
        """A step's surroundings, but for what only a run has."""
        return Context(
            values={**parameters, "decision": decision, "run": run, "step": step},
            endpoints=self.endpoints,
            allow_hosts=self.allow_hosts,
            base=base,
        )

    def rows(self, decision: str, parameters: Mapping[str, str]) -> tuple[StepRow, ...]:
        """Its steps as they would be sent, secrets masked."""
        rows: list[StepRow] = []
        for number, step in enumerate(self.steps, 1):
            context = self.context(f"run-{decision}", decision, step.name, parameters, Path())
            try:
                request = step.request_text(context)
                undo = step.undo.shown(context) if step.undo is not None else ""
            except ValueError as error:
                request, undo = f"cannot be filled: {error}", ""
            rows.append(
                StepRow(
                    number=number,
                    name=step.name,
                    title=step.shown_title,
                    action=step.action,
                    effect=step.effect,
                    owner=step.owner,
                    takes=step.takes,
                    request=request,
                    undo=undo,
                )
            )
        return tuple(rows)


def pinned_runbook(data: Mapping[str, object]) -> Runbook:
    """The runbook a run was started with; msgspec.ValidationError when an older program wrote it differently."""
    return msgspec.convert(data, Runbook)
