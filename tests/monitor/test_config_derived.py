"""The section `derived`: what can be computed is taken as written, what cannot is found on its line."""

from __future__ import annotations

import pytest

from monitor.catalogue.inventory import CATALOGUE
from monitor.config import Config
from monitor.documents.loading import load_text
from monitor.judging.derived import DerivedFigures
from monitor.judging.derived_config import Counted, Derived, ServiceLevel
from monitor.judging.store import Store
from tests.monitor.config_base import BASE, found

SECTION = """\
derived:
  every: 2s
  window: 30m
  by: [queue, site]
  service_levels:
    - {definition: negative, threshold: 20s}
    - {definition: positive, threshold: 30s}
  short: 5s
  abandonment: true
  min_count: 30
  coverage: 90%
  balance: {window: 10m}
  lost_calls:
    offered: {metric: golive_calls_total, match: {platform: carrier}}
    legacy: {metric: golive_queue_contacts_offered_total, match: {platform: legacy}}
    target: {metric: golive_queue_contacts_offered_total, match: {platform: target}}
    by: [trunk]
    window: 5m
    min_count: 50
  comparisons:
    - {metric: golive_queue_handle_seconds, estimator: mean, window: 4h}
    - {name: level, metric: golive_queue_service_level_ratio, match: {definition: negative}, estimator: last, window: 1m}
"""
LINES = len(BASE.splitlines())


def read(section: str) -> Derived:
    """The section as the daemon gets it."""
    config = load_text(BASE + section, "f", Config).partial
    assert config is not None
    return config.derived


def test_every_field_is_taken_as_it_is_written() -> None:
    """A whole section has no finding, and can be put to work."""
    assert found(BASE + SECTION) == []
    derived = read(SECTION)
    assert derived.service_levels[1] == ServiceLevel(definition="positive", threshold=30.0)
    assert derived.lost_calls is not None
    assert derived.lost_calls.offered == Counted(metric="golive_calls_total", match={"platform": "carrier"})
    assert derived.comparisons[0].window == 4 * 3600
    DerivedFigures(derived, Store(CATALOGUE))


def test_without_the_section_there_is_one_service_level_and_no_lost_calls() -> None:
    """80/20 is asked of 20 seconds; who is the carrier nobody can guess."""
    derived = read("")
    assert derived.service_levels == (ServiceLevel(definition="negative", threshold=20.0),)
    assert derived.lost_calls is None
    assert found(BASE + "derived: {lost_calls: {}}\n") == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("every: 2s", "every: 0s", "derived.every: nothing would ever be computed"),
        ("window: 30m", "window: 4h", "derived.window: the counts of so long a window"),
        ("window: 30m", "window: 0s", "derived.window: a window of no length"),
        ("balance: {window: 10m}", "balance: {window: 5h}", "derived.balance.window: the counts of so long a window"),
        ("coverage: 90%", "coverage: 0%", "derived.coverage: 0 is no share"),
        ("coverage: 90%", "coverage: 101%", "derived.coverage: 1.01 is no share"),
        ("min_count: 30", "min_count: 0", "derived.min_count: 0 contacts cannot be judged"),
        ("[queue, site]", "[queue, sight]", "derived.by[1]: golive_queue_contacts_offered_total has no label 'sight'"),
        ("[queue, site]", "[platform]", "derived.by[0]: each platform is computed by itself"),
        ("threshold: 20s", "threshold: 0s", "derived.service_levels[0].threshold: no answer is that quick"),
        ("positive, threshold: 30s", "negative, threshold: 20s", "derived.service_levels[1]: this service level"),
        ("negative, threshold", "average, threshold", "derived.service_levels[0].definition: 'average' is not one of"),
        ("{metric: golive_calls_total", "{metric: golive_calls_totl", "derived.lost_calls.offered.metric: there is no"),
        ("golive_calls_total", "golive_calls_concurrent", "derived.lost_calls.offered.metric: calls are counted"),
        ("match: {platform: target}", "match: {platform: legacy}", "derived.lost_calls.target: target counts the same"),
        ("platform: carrier", "carrier: x", "derived.lost_calls.offered.match.carrier: golive_calls_total has no label"),
        ("by: [trunk]", "by: [outcome]", "derived.lost_calls.by[0]: not all three carry the label 'outcome'"),
        ("min_count: 50", "min_count: 0", "derived.lost_calls.min_count: 0 contacts cannot be judged"),
        ("window: 5m", "window: 0s", "derived.lost_calls.window: a window of no length"),
        ("estimator: mean", "estimator: increase", "derived.comparisons[0].estimator: increase needs a counter"),
        ("estimator: mean", "estimator: ratio", "derived.comparisons[0].estimator: ratio needs two counters"),
        ("golive_queue_handle_seconds, estimator: mean", "golive_queue_contacts_offered_total, estimator: mean",
         "derived.comparisons[0].estimator: mean of golive_queue_contacts_offered_total, a counter,"),
        ("window: 4h", "window: 5h", "derived.comparisons[0].window: a window of 18000 s is longer"),
        ("{definition: negative}, est", "{platform: target}, est", "derived.comparisons[1].match.platform: a comparison is"),
        ("name: level", "name: golive_queue_handle_seconds", "derived.comparisons[1]: this comparison stands here"),
    ],
)  # fmt: skip
def test_a_section_that_cannot_be_computed_is_refused(old: str, new: str, finding: str) -> None:
    """One mistake, one finding, on a line of the section."""
    assert old in SECTION
    lines = found(BASE + SECTION.replace(old, new, 1))
    assert len(lines) == 1, lines
    line, _, rest = lines[0].partition(":")
    assert int(line) > LINES
    assert finding in rest
