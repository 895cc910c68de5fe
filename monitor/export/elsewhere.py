"""Rules that a ruler elsewhere judges for golive: what its alerts must carry, and what golive makes of the rules. Pure.

The ruler says two things of each group: that it is in breach, or that it was measured and is not. Each comes with the
estimate and the time at which it was made, so that golive judges the estimate by the rule's own limits and clocks. Where
neither is heard the rule is UNKNOWN: a ruler that is silent, or that has no samples, never reads as good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from monitor.catalogue.ruled import UNITS, name_of
from monitor.export.limits import limits
from monitor.export.promql import Inexpressible
from monitor.export.quantity import Quantity, quantity
from monitor.intake.postbox import Judging
from monitor.judging.rules import Missing, Rule, Signal
from monitor.model import Metric

_TIME = '{{ with query "time()" }}{{ . | first | value | printf "%.3f" }}{{ end }}'
"""The instant of the evaluation, unix seconds: Alertmanager's own message has no time of its own."""
_NOTHING = Missing(no_data="unknown", null="unknown", error="unknown", stale="unknown")
_WITNESS = 8
_ALERTS_OWN = frozenset({"edition", "golive", "scope", "severity"})
"""Labels whose value in the alert, or in what golive keeps of it, is not the group's."""


class Carried(NamedTuple):
    """What every alert of a rule carries for golive."""

    edition: str
    """Digest of the rule: alerts of another edition are not those of this rule."""
    notes: dict[str, str]
    """Annotations."""


def edition(rule: Rule, signal: Signal | None) -> str:
    """A digest of all that a rule means."""
    return hashlib.sha256(msgspec.json.encode((rule, signal))).hexdigest()[:_WITNESS]


def carried(rule: Rule, judged: Quantity, signal: Signal | None) -> Carried:
    """What the alerts of a rule must say.

    Raises:
        Inexpressible: golive could not judge by what a ruler can say.
    """
    if rule.baseline is not None:
        raise Inexpressible("its limits are relative to a baseline, which only golive holds")
    if signal is not None and signal.exclude_when is not None:
        raise Inexpressible(f"groups rest by {signal.exclude_when.metric}, which a ruler would judge all the same")
    if lost := sorted(_ALERTS_OWN.intersection(judged.by)):
        raise Inexpressible(f"its groups are told apart by {lost[0]}, which its alerts use themselves")
    if judged.unit not in UNITS:
        raise Inexpressible(f"no metric carries an estimate in {judged.unit}")
    breach, _ = limits(rule)
    mark = edition(rule, signal)
    notes = {
        "at": _TIME,
        "value": "{{ $value }}",
        "limit": repr(breach.value),
        "operator": breach.operator,
        "unit": judged.unit,
        "by": ",".join(judged.by),
        "edition": mark,
    }
    return Carried(mark, notes)


def heard(rule: Rule, judged: Quantity, signal: Signal | None, within: float) -> Rule:
    """The rule over what the ruler says instead of over samples; `within`: seconds for which that holds.

    Limits, clear hold, hours and stages are the rule's own. Window, buckets and hold were the ruler's work.

    Raises:
        Inexpressible: see `carried`.
    """
    carry = carried(rule, judged, signal)
    return msgspec.structs.replace(
        rule,
        metric=name_of(judged.unit),
        signal="",
        match={"rule": rule.name, "edition": carry.edition},
        by=judged.by,
        estimator="last",
        window=within,
        bucket=None,
        m_of_n=(1, 1),
        hold=0.0,
        min_count=1,
        min_per_bucket=1,
        control="",
        missing=_NOTHING,
    )


def over_there(
    rules: Iterable[Rule], signals: Iterable[Signal], catalogue: Mapping[str, Metric], collectors: Sequence[object]
) -> tuple[Rule, ...]:
    """All rules, those that a collector's other side judges turned to what it says.

    Raises:
        Inexpressible: a rule is named there that no ruler can judge; `golive check` finds it first.
    """
    within = {name: judge.judged_within for judge in collectors if isinstance(judge, Judging) for name in judge.rules}
    named = {signal.name: signal for signal in signals}
    return tuple(
        heard(rule, quantity(rule, named, catalogue), named.get(rule.signal), within[rule.name])
        if rule.name in within
        else rule
        for rule in rules
    )
