"""What a scenario says at an instant: expectations and acts, as values. See README.md for their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from monitor.model import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleIs:
    """How one group of a rule stands; without labels its worst group."""

    rule: str
    labels: Labels = ()
    state: str = ""
    """ok, warn, insufficient, unknown, breach (standings) or warmup, pending, recovering (phases)."""
    reads: str = ""
    """true, false or unknown: what the rule is in a trigger."""
    value: float | None = None
    samples: int | None = None
    flags: frozenset[str] | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictIs:
    """The one word, and why."""

    word: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateIs:
    """How a gate stands."""

    gate: str
    state: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalIs:
    """A signal's value; None is unknown."""

    signal: str
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIs:
    """Whether a rule's group is on the list of alerts; without a name: any."""

    rule: str = ""
    labels: Labels = ()
    there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionIs:
    """How the newest decision of a trigger stands."""

    trigger: str
    labels: Labels = ()
    """A scope that it is asked for in; without labels any."""
    state: str
    votes: int | None = None
    scopes: int | None = None
    """In how many scopes it is asked for."""
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many decisions or runs there have been, of one trigger or of all."""

    count: int
    what: Literal["decision", "run"]
    trigger: str = ""
    labels: Labels = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIs:
    """How the newest run of a trigger stands."""

    trigger: str
    labels: Labels = ()
    state: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageIs:
    """Where the cutover stands."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """How many samples of a source were refused so far, for one reason or for all."""

    source: str
    count: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """Whether people were paged at this instant with these words; without words: at all."""

    words: str = ""
    there: bool


Expectation: TypeAlias = (
    RuleIs | VerdictIs | GateIs | SignalIs | AlertIs | DecisionIs | Count | RunIs | StageIs | Refused | Paged
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDoes:
    """Something that a person does as they would in the terminal."""

    person: str
    act: str
    """approves, rejects, rearms, asks, signs, unsigns, holds, advances, goes back, aborts, pauses, resumes, retries,
    skips or resolves."""
    what: str
    """A trigger, runbook, gate or stage."""
    labels: Labels = ()
    """Of a trigger, the scope that is meant."""
    step: str = ""
    outcome: str = ""
    shown: float | None = None
    """A signature under what was shown at this instant, seconds since the start; None: what is shown now."""
    refused: str | None = None
    """Words of the refusal that must come; None: it must be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """The cutover enters a stage, whatever stands in its way."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The program stops and starts again: windows are empty, the journal is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDoes:
    """From here on a runbook's step ends like this; `after` is how long it takes, seconds."""

    step: str
    outcome: Literal["done", "failed", "unknown"] = "done"
    after: float = 0.0


Act: TypeAlias = PersonDoes | Enter | Restart | StepDoes
Statement: TypeAlias = Expectation | Act
ACTS = (PersonDoes, Enter, Restart, StepDoes)
