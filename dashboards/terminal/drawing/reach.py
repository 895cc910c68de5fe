"""What a decision moves, and where it was called for, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.serving.snapshot import DecisionRow

_SCOPES = 20
"""Scopes that are spelled out; further ones are counted."""


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def moves(decision: DecisionRow) -> str:
    """The runbook's parameters; of several targets each, in the order in which they are dealt with."""
    if len(decision.targets) < 2:  # noqa: PLR2004 - one target needs no order
        return _pairs(decision.parameters)
    each = "; then ".join(map(_pairs, decision.targets))
    return f"{len(decision.targets)} one after the other: {each}"


def calls(decision: DecisionRow) -> str:
    """Every scope that calls; empty where one word says it all."""
    if len(decision.scopes) < 2:  # noqa: PLR2004 - one scope stands beside the parameters
        return ""
    more = len(decision.scopes) - _SCOPES
    words = "; ".join(decision.scopes[:_SCOPES])
    return f"{len(decision.scopes)} scopes: {words}" + (f" and {more} more" if more > 0 else "")
