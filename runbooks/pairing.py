"""Agents first, then their calls: the order of the legs of a move, held against the steps of a runbook. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runbooks.model import AnyStep, Runbook


class Unpaired(NamedTuple):
    """A step that may not stand where it stands."""

    at: int
    """Its place among the steps, from 0."""
    field: str
    what: str
    hint: str


def unpaired(runbook: Runbook) -> Iterator[Unpaired]:
    """Steps that move calls or numbers without needing, at whatever distance, a step that proves the agents.

    A proof holds until a later step moves agents again. A step that needs a skipped one asks a person first, so
    the order holds in every run, whatever people skip. What a step moves is what its author says with `moves`.
    """
    proofs: set[str] = set()
    behind: dict[str, frozenset[str]] = {}
    for index, step in enumerate(runbook.steps):
        needs = frozenset(step.needs).union(*(behind.get(need, frozenset()) for need in step.needs))
        behind[step.name] = needs
        if step.moves == "agents":
            proofs.clear()
        elif step.moves and not needs & proofs:
            what = f"moves {step.moves} before it is proved that agents are there to take the calls"
            yield Unpaired(index, "moves", what, "let it need an earlier step with proves: agents")
        if step.proves and not _can_prove(step):
            what = f"a {step.action} step with effect {step.effect} proves nothing by itself"
            yield Unpaired(index, "proves", what, "use a verify step, or a manual step with a probe")
        elif step.proves:
            proofs.add(step.name)


def _can_prove(step: AnyStep) -> bool:
    """Whether such a step is done only when the world was seen to be so."""
    return step.probe is not None if step.asks else step.effect == "read" and step.action != "wait"
