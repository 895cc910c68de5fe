"""Terms that a runbook sets itself and could not keep: its scope, its deadlines, what may fail, agents before calls. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from monitor.template import TemplateError, fill
from monitor.units import spell_duration
from runbooks.model import AnyStep, Runbook
from runbooks.pairing import unpaired


class Broken(NamedTuple):
    """One term that does not hold: the way to it inside the document, what it is, what to do."""

    path: tuple[str | int, ...]
    what: str
    hint: str


def broken_terms(runbook: Runbook) -> Iterator[Broken]:
    """Every term of a runbook that could not be kept."""
    try:
        fill(runbook.scope, dict.fromkeys(runbook.parameters, ""))
    except TemplateError as error:
        yield Broken(("scope",), str(error), "only parameters are put in")
    for index, step in enumerate(runbook.steps):
        yield from _step(("steps", index), step)
    for at, field, what, hint in unpaired(runbook):
        yield Broken(("steps", at, field), what, hint)


def _step(path: tuple[str | int, ...], step: AnyStep) -> Iterator[Broken]:
    if step.on_fail == "continue" and (step.effect != "read" or step.proves):
        what = "a step that changes or proves something cannot be gone on without"
        yield Broken((*path, "on_fail"), what, "write on_fail: pause; a person may still skip it")
    if step.deadline is not None and not 0 < step.deadline >= step.takes:
        what = f"its deadline of {spell_duration(step.deadline)} ends before the {spell_duration(step.takes)} it takes"
        yield Broken((*path, "deadline"), what, "give it more time, or leave the key out")
