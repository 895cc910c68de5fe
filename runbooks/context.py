"""What a step is given to do its work: values, limits, secrets' place, a person's answer, the facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from monitor import failpoints
from runbooks.facts_watch import FactsWatch
from runbooks.outlets import Outlets

Answered: TypeAlias = tuple[Literal["done", "not_done"], str]
"""A person's answer to a manual step, and who gave it with which words."""


async def _nobody() -> Answered:
    raise RuntimeError("nobody can be asked here")


@dataclass(frozen=True, kw_only=True)
class Context:
    """One step's surroundings in one run."""

    values: Mapping[str, str]
    """Parameters, and `decision`, `run` and `step`."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    allow_hosts: tuple[str, ...] = ()
    base: Path = Path()
    """Folder that secrets' files are relative to."""
    generation: int = 0
    """How often the step was taken back before: each doing has a key of its own."""
    facts: FactsWatch = field(default_factory=FactsWatch)
    answer: Callable[[], Awaitable[Answered]] = _nobody
    """Waits for a person."""
    outlets: Outlets = field(default_factory=Outlets)
    """What all runs share."""
    reach: Callable[[str], Awaitable[None]] = failpoints.reach
