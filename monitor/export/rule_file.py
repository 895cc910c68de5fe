"""A rule file for Prometheus from golive's rules: one group a rule, recorded numbers first, alerts on them after. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import yaml

from monitor.export import promql
from monitor.export.elsewhere import Carried, carried
from monitor.export.limits import Limit, limits
from monitor.export.promql import Inexpressible
from monitor.export.quantity import Quantity, quantity
from monitor.export.unsaid import Unsaid, of_rule
from monitor.judging.rules import Rule, Signal
from monitor.model import Metric
from monitor.text import clean
from monitor.units import format_value, spell_duration

Mark: TypeAlias = "dict[str, Any]"

TAKEN = frozenset({"alertname", "alertstate", "le", "rule"})
"""Labels that the exported rules use themselves, and groups can therefore not be told apart by."""
_BREAK = re.compile(r"[^0-9A-Za-z]+")
_UNFIT = re.compile(r"[^0-9A-Za-z_]")
_SIDES = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}
_HEAD = """\
# Written by `golive rules export --format prometheus`, from the configuration with digest {digest}.
# Load it into Prometheus 2.42 or later, or into a ruler that speaks its language (promtool check rules FILE).
# It means what golive means where every sample reaches Prometheus: scrape golive's /metrics at least as often as its
# collectors emit. What it cannot say was listed when it was written; the verdict and any rollback stay golive's.
"""


class Export(NamedTuple):
    """A rule file and what it does not say."""

    groups: list[Mark]
    unsaid: tuple[Unsaid, ...]

    def text(self, digest: str) -> str:
        """The file as YAML; `digest` is that of the configuration."""
        body = yaml.safe_dump({"groups": self.groups}, sort_keys=False, allow_unicode=True, width=2**20)
        return _HEAD.format(digest=digest[:12]) + body


def export(
    rules: Iterable[Rule],
    signals: Iterable[Signal],
    catalogue: Mapping[str, Metric],
    *,
    interval: float,
    delays: Mapping[str, float] | None = None,
    back: bool = False,
) -> Export:
    """Write every rule that PromQL can express with the same meaning.

    interval: seconds between evaluations. delays: how late each collector's source is, seconds, by its name.
    back: whether the alerts carry what golive's collector `ruler` reads, so that they can be judged there for golive.
    """
    named = {signal.name: signal for signal in signals}
    groups: list[Mark] = []
    unsaid = [
        Unsaid(
            name, f"delay {spell_duration(delay)}", "Prometheus judges up to now, golive's windows end so much before"
        )
        for name, delay in (delays or {}).items()
        if delay
    ]
    for rule in rules:
        try:
            judged = quantity(rule, named, catalogue)
            carry = carried(rule, judged, named.get(rule.signal)) if back else None
            groups.append(_Group(rule, judged, carry).mark(interval))
        except Inexpressible as answer:
            unsaid.append(Unsaid(rule.name, rule.estimator, str(answer), whole=True))
        else:
            unsaid += of_rule(rule, judged, named.get(rule.signal), interval)
    return Export(groups, tuple(unsaid))


class _Group:
    """The recording and alerting rules of one rule."""

    def __init__(self, rule: Rule, judged: Quantity, carry: Carried | None = None) -> None:
        if taken := sorted(TAKEN.intersection(judged.by)):
            raise Inexpressible(f"the label {taken[0]} of its groups is one that alerts use themselves")
        self.rule = rule
        self.judged = judged
        self.carry = carry
        self.breach, self.warn = limits(rule)
        self.window = promql.kept_window(rule.window)
        self.on = f"on ({', '.join(judged.by)})"
        self.marks: list[Mark] = []

    def mark(self, interval: float) -> Mark:
        """The whole group."""
        rule, window = self.rule, spell_duration(self.window)
        value = self._record(f"{rule.estimator}_{window}", self.judged.estimate(self.window))
        enough = ""
        if rule.min_count > 1:
            counted = self._record(f"samples_{window}", self.judged.samples(self.window))
            enough = f" and {self.on} {counted} >= {rule.min_count}"
        least, of = rule.m_of_n
        if of > 1:
            past = self._record(f"bad_of_{of}", self._bad_buckets())
            breach = f"{past} >= {least} and {self.on} {value}{enough}"
            if self.carry is not None:  # the estimate travels, not the number of buckets
                breach = f"{value}{enough} and {self.on} {past} >= {least}"
        else:
            breach = f"{self.breach.past(value)}{enough}"
        self._alert("critical", breach, self.breach)
        if self.carry is not None:
            self._measured(f"({value}{enough}) unless {self.on} ({breach})")
        if self.warn is not None:
            self._alert("warning", f"{self.warn.past(value)}{enough}", self.warn)
        return {"name": f"golive_{rule.name}", "interval": spell_duration(interval), "rules": self.marks}

    def _bad_buckets(self) -> str:
        rule = self.rule
        bucket = rule.bucket or rule.window
        kept = promql.kept_window(bucket)
        part = f"({self.judged.estimate(kept)})"
        if rule.min_per_bucket > 1:
            part = f"({part} and {self.judged.samples(kept)} >= {rule.min_per_bucket})"
        return promql.buckets_past(self.breach.bad(part), rule.m_of_n[1], bucket)

    def _record(self, operation: str, expression: str) -> str:
        """Record an expression; returns the selector of what was recorded."""
        level = "_".join(self.judged.by) or "cutover"
        name = f"{_UNFIT.sub('_', level)}:{_UNFIT.sub('_', self.judged.name)}:{operation}"
        self.marks.append({"record": name, "expr": expression, "labels": {"rule": self.rule.name}})
        return f"{name}{{rule={promql.quoted(self.rule.name)}}}"

    def _alert(self, severity: str, expression: str, limit: Limit) -> None:
        rule = self.rule
        name = "Golive" + "".join(word[:1].upper() + word[1:] for word in _BREAK.split(rule.name))
        mark: Mark = {"alert": name, "expr": expression}
        if severity == "critical":
            mark |= {"for": spell_duration(rule.hold)} if rule.hold else {}
            held = rule.clear_hold if self.carry is None else 0.0  # golive holds by itself what it hears
            mark |= {"keep_firing_for": spell_duration(held)} if held else {}
        scope = _scope(self.judged.by)
        mark["labels"] = {"severity": severity, "rule": rule.name, "scope": scope}
        mark["annotations"] = {
            "summary": f"{_plain(rule.title or rule.name)} {scope}".strip(),
            "description": self._description(severity, limit),
        }
        if self.carry is not None and severity == "critical":
            self._carry(mark, "breach")
        self.marks.append(mark)

    def _measured(self, expression: str) -> None:
        """An alert that fires as long as there is a number and no breach: without it a missing one would read as good."""
        rule = self.rule
        name = "Golive" + "".join(word[:1].upper() + word[1:] for word in _BREAK.split(rule.name)) + "Measured"
        labels = {"severity": "none", "rule": rule.name, "scope": _scope(self.judged.by)}
        notes = {"summary": "For golive, not for people: it is measured and not in breach"}
        mark: Mark = {"alert": name, "expr": expression, "labels": labels, "annotations": notes}
        self._carry(mark, "measured")
        self.marks.append(mark)

    def _carry(self, mark: Mark, what: str) -> None:
        if self.carry is not None:
            mark["labels"] = {**mark["labels"], "golive": what}
            mark["annotations"] = {**mark["annotations"], **self.carry.notes}

    def _description(self, severity: str, limit: Limit) -> str:
        rule, judged = self.rule, self.judged
        side = f"{_SIDES[rule.operator]} {format_value(limit.value, judged.unit)}"
        what = f"{rule.estimator} of {judged.name}"
        least, of = rule.m_of_n
        if of > 1 and severity == "critical":
            buckets = f"the last {of} buckets of {spell_duration(rule.bucket or rule.window)}"
            return f"{{{{ $value }}}} of {buckets} had a {what} {side}; {least} make a breach."
        return f"{what} over {spell_duration(rule.window)} is {{{{ $value | humanize }}}}, {side}."


def _scope(by: tuple[str, ...]) -> str:
    """A template for the group as golive spells it: `site=porto trunk=t1`, without labels that are empty."""
    parts = []
    for place, name in enumerate(by):
        before = " ".join(f"$labels.{other}" for other in by[:place])
        gap = f"{{{{ if or {before} false }}}} {{{{ end }}}}" if before else ""
        parts.append(f"{{{{ with $labels.{name} }}}}{gap}{name}={{{{ . }}}}{{{{ end }}}}")
    return "".join(parts)


def _plain(text: str) -> str:
    """Text that a template of Prometheus leaves as it is."""
    return clean(text).replace("{{", "{ {")
