"""What a person is about to sign, as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.terminal.drawing.phrases import clock
from monitor.serving.snapshot import CutoverRow, DecisionRow, EvidenceRow, StepRow
from monitor.units import format_duration, format_value
from runbooks.book import Touches
from runbooks.model import Runbook

_SCOPES = 50
"""Scopes of a decision that are listed; further ones are counted."""


def decision_lines(row: DecisionRow, cutover: CutoverRow) -> Iterator[str]:
    """A decision with its evidence, pre-flight, points of no return, budget, steps and digest."""
    yield f"{cutover.environment}  decision {row.id}  {row.state}"
    yield f"  runbook    {row.runbook}: {row.title}"
    yield from _scopes(row)
    yield f"  because    {row.reason}" + (f" ({row.detail})" if row.detail else "")
    yield f"  asked by   {row.requester} ({row.trigger})"
    signed = ", ".join(f"{vote.person} {vote.vote}" for vote in row.votes) or "nobody yet"
    yield f"  signed by  {signed}; {row.quorum} of {' or '.join(row.duties) or 'the approvers'} needed"
    yield from _targets(row)
    for evidence in row.evidence:
        yield f"  evidence   {_evidence(evidence)}"
    yield from _conditions(row)
    if row.cleared:
        yield "  CLEARED    its cause is gone: it is asked on what is true now"
    yield f"  budget     {format_duration(cutover.rollback_seconds)}" + (
        f", decide by {clock(cutover.decide_by)} UTC" if cutover.decide_by is not None else ""
    )
    for line in row.changes:
        yield f"  changed    {line}"
    for step in row.steps:
        yield from _step(step)
    yield f"  digest     {row.digest}"


def _scopes(row: DecisionRow) -> Iterator[str]:
    for scope in row.scopes[:_SCOPES] or (row.scope,):
        yield f"  scope      {scope}"
    if len(row.scopes) > _SCOPES:
        yield f"  scope      and {len(row.scopes) - _SCOPES} more"


def _targets(row: DecisionRow) -> Iterator[str]:
    if len(row.targets) > 1:
        for number, target in enumerate(row.targets, 1):
            values = ", ".join(f"{name} = {value}" for name, value in sorted(target.items()))
            yield f"  target {number:<3} {values}"
    else:
        for name, value in sorted(row.parameters.items()):
            yield f"  parameter  {name} = {value}"


def _conditions(row: DecisionRow) -> Iterator[str]:
    for check in row.preflight:
        yield f"  pre-flight {check.what}: {check.state}" + (f" ({check.detail})" if check.detail else "")
        if check.attested:
            yield f"             attested by {check.attested}"
    for point in row.points:
        yield f"  no return  {point.name} ({point.after}): {point.state}, {point.detail}"


def _evidence(row: EvidenceRow) -> str:
    value, limit = format_value(row.value, row.unit), format_value(row.limit, row.unit)
    age = f", {format_duration(row.age)} old" if row.age is not None else ""
    where = f" ({row.scope})" if row.scope else ""
    return f"{row.rule}{where} is {row.state}: {value}, bad {row.operator} {limit}, {row.samples} samples{age}"


def _step(row: StepRow) -> Iterator[str]:
    owner = f", {row.owner}" if row.owner else ""
    yield f"  step {row.number:<5} {row.title} ({row.action}, {row.effect}{owner})"
    yield f"             {row.request}"


def runbook_lines(book: Runbook, touches: Touches) -> Iterator[str]:
    """A runbook with all it would send and everywhere it may reach."""
    yield f"{book.name}: {book.title}"
    yield f"  digest     {book.digest}"
    yield f"  scope      {book.scope}"
    yield f"  takes      {format_duration(book.takes)}"
    for name, parameter in sorted(book.parameters.items()):
        default = f", default {parameter.default}" if parameter.default is not None else ""
        yield f"  parameter  {name}: {parameter.title or 'no title'}, matches {parameter.pattern}{default}"
    for text in book.preflight:
        yield f"  pre-flight {text}"
    shown = {name: parameter.default or f"<{name}>" for name, parameter in book.parameters.items()}
    for step in book.rows("<decision>", shown):
        yield from _step(step)
    for text in book.verify:
        yield f"  verify     {text} for {format_duration(book.verify_hold)}"
    for host in touches.hosts:
        yield f"  may reach  {host}"
    for command in touches.commands:
        yield f"  may start  {command}"
