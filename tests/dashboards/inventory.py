"""Names of everything that golive exports, and of what an expression of PromQL asks for."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor.catalogue.inventory import CATALOGUE
from monitor.model import Kind
from monitor.serving.exposition.condition import CONDITIONS
from monitor.serving.exposition.lines import Style
from monitor.serving.exposition.own import OwnMetrics

PROMETHEUS = frozenset({"up", "scrape_duration_seconds", "scrape_samples_scraped", "ALERTS"})
"""What Prometheus itself knows of a target."""
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"(?<![\w:$])((?:golive|process|python|platform|job)[\w:]*|up|scrape_\w+|ALERTS)\b(?!\s*(?:=|!|\())")


def exported() -> frozenset[str]:
    """Names of all lines that a scrape can hold."""
    names = {condition.name for condition in CONDITIONS} | {"golive_series"} | PROMETHEUS
    for metric in CATALOGUE.values():
        suffixes = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
    own = OwnMetrics(Path())
    own.notified("pager", "ok")
    for family in text_string_to_metric_families(own.text(Style.TEXT).decode()):
        names |= {family.name, family.name + "_total", *(sample.name for sample in family.samples)}
    return frozenset(names)


def metrics_in(expression: str) -> frozenset[str]:
    """Names of the metrics in an expression; labels, strings and functions left out."""
    bare = re.sub(r"\{[^{}]*\}", "", _LISTS.sub("", _STRINGS.sub("", expression)))
    return frozenset(_NAME.findall(bare))
