"""What a step is checked against before any run: the runbook's parameters, endpoints and allow-list. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from monitor.outbound.addresses import Forbidden, Target, allowed
from monitor.template import TemplateError, fill
from runbooks.context import Context
from runbooks.mistake import Mistake

SAMPLE = "x"
"""Stands for a parameter without a default while a runbook is checked."""
RESERVED = frozenset({"decision", "run", "step"})
"""Names that every run fills by itself."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The parts of a runbook that its steps lean on."""

    values: Mapping[str, str]
    """A value for each name that may be put in: a parameter's default, or a sample."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    allow_hosts: tuple[str, ...] = ()

    @property
    def context(self) -> Context:
        """Surroundings in which texts can be filled; nothing can be done in them."""
        return Context(values=self.values, endpoints=self.endpoints, allow_hosts=self.allow_hosts)

    def template(self, path: tuple[str | int, ...], text: str) -> Iterator[Mistake]:
        """A text that cannot be filled."""
        try:
            fill(text, self.values)
        except TemplateError as error:
            yield Mistake(path, str(error), "only parameters, decision, run and step are put in")

    def reach(self, path: tuple[str | int, ...], host: str, port: int) -> Iterator[Mistake]:
        """A place that the runbook does not say it speaks to."""
        target = Target("", host.rstrip(".").lower(), port)
        try:
            allowed(target, self.allow_hosts)
        except Forbidden:
            yield Mistake(path, f"{target.shown} is not in allow_hosts", "name it there")
        except ValueError:
            return


def effects(effect: str, takes: Iterable[str], why: str) -> Iterator[Mistake]:
    """An effect class that an action cannot honour. takes: those it can."""
    fit = tuple(takes)
    if effect not in fit:
        yield Mistake(("effect",), f"{effect} is not for this action: {why}", f"write effect: {' or '.join(fit)}")
