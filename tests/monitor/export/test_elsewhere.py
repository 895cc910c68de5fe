"""Rules that a ruler judges for golive: what its alerts carry, and what golive makes of the rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from collectors.ruler.collector import Ruler
from monitor.config_file import LoadedConfig, read
from monitor.export.elsewhere import edition, over_there
from monitor.export.rule_file import Export, export
from monitor.judging.rules import Rule
from tests.rig.promtool import answers, check_rules

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def loaded() -> LoadedConfig:
    """One rule of each kind."""
    return read(HERE / "every_kind.yaml")


@pytest.fixture(scope="module")
def made(loaded: LoadedConfig) -> Export:
    """Their export for a ruler that judges for golive."""
    assert loaded.value is not None
    return export(loaded.value.rules, loaded.value.signals, loaded.catalogue, interval=15.0, back=True)


def alerts(made: Export) -> list[dict[str, Any]]:
    """Every alert that golive reads."""
    return [rule for group in made.groups for rule in group["rules"] if "golive" in rule.get("labels", {})]


def ruler(*rules: str) -> Ruler:
    """A collector that says which rules are judged there."""
    config = {"name": "mimir", "kind": "ruler", "every": 15, "max_age": 90, "token": {"env": "T"}, "rules": rules}
    return msgspec.convert(config, Ruler)


@pytest.mark.real
def test_promtool_takes_the_file(made: Export, tmp_path: Path) -> None:
    """Every rule that carries something for golive is one that a ruler can load."""
    path = tmp_path / "rules.yaml"
    path.write_text(made.text("0" * 64))
    assert "SUCCESS" in check_rules(path)


def test_every_rule_says_both_that_it_is_in_breach_and_that_it_is_not(made: Export) -> None:
    """A pair each, with time, value, limit, labels and edition: without the second, missing samples would read as good."""
    said = alerts(made)
    pairs = {group["name"] for group in made.groups}
    assert len(said) == 2 * len(pairs)
    for alert in said:
        assert set(alert["annotations"]) >= {"at", "value", "limit", "operator", "unit", "by", "edition"}
    assert {alert["labels"]["golive"] for alert in said} == {"breach", "measured"}
    assert [alert for alert in said if "keep_firing_for" in alert] == []


def test_what_only_golive_can_judge_is_left_to_it(loaded: LoadedConfig, made: Export) -> None:
    """Baselines, groups that rest and groups by labels of alerts are named on the list of what is left out, never half exported."""
    assert loaded.value is not None
    whole = {unsaid.rule for unsaid in made.unsaid if unsaid.whole}
    fixed = {rule.name for rule in loaded.value.rules if rule.baseline is not None}
    assert fixed <= whole
    assert "failing_share" in whole
    assert "severe" in whole  # its groups differ by a label that the alert overwrites


def test_the_rule_keeps_its_limits_and_nothing_ever_clears_by_silence(loaded: LoadedConfig) -> None:
    """golive judges the estimate by the same limits, clear hold, hours and stages; each kind of nothing is unknown."""
    assert loaded.value is not None
    config = loaded.value
    rules = {rule.name: rule for rule in over_there(config.rules, config.signals, loaded.catalogue, [ruler("lowest")])}
    before = next(rule for rule in config.rules if rule.name == "lowest")
    after = rules["lowest"]
    for field in ("warn", "breach", "clear", "operator", "clear_hold", "hours", "active_in", "title", "by"):
        assert getattr(after, field) == getattr(before, field), field
    assert after.estimator == "last"
    assert after.window == 90
    assert (after.hold, after.m_of_n, after.min_count) == (0.0, (1, 1), 1)
    assert {after.missing.no_data, after.missing.null, after.missing.error, after.missing.stale} == {"unknown"}
    assert after.match == {"rule": "lowest", "edition": edition(before, None)}
    assert [rule for rule in rules.values() if rule.name != "lowest"] == [r for r in config.rules if r.name != "lowest"]


@pytest.mark.parametrize("change", [{"breach": 0.5}, {"window": 61.0}, {"by": ("site",)}, {"min_count": 9}])
def test_any_change_of_a_rule_is_another_edition(loaded: LoadedConfig, change: dict[str, Any]) -> None:
    """What was exported before the change is not taken for what the rule means now."""
    assert loaded.value is not None
    rule: Rule = loaded.value.rules[0]
    assert edition(msgspec.structs.replace(rule, **change), None) != edition(rule, None)
    assert edition(msgspec.structs.replace(rule), None) == edition(rule, None)


_RULES = """
schema: 1
cutover: {name: n, environment: TEST}
stages: [{name: a}]
gates: [{name: loss, rules: [loss]}]
rules:
  - name: loss
    metric: golive_media_packet_loss_ratio
    by: [trunk]
    estimator: mean
    window: 60s
    bucket: 20s
    m_of_n: [2, 3]
    operator: ">="
    breach: 1%
    min_count: 3
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
"""


@pytest.mark.real
def test_the_real_prometheus_says_one_of_the_two_or_neither_and_never_both(tmp_path: Path) -> None:
    """Bad buckets are a breach, good ones are measured, too few samples and none at all are neither."""
    path = tmp_path / "golive.yaml"
    path.write_text(_RULES)
    loaded = read(path)
    assert loaded.value is not None, "\n".join(map(str, loaded.findings))
    made = export(loaded.value.rules, (), loaded.catalogue, interval=10.0, back=True)
    series: dict[str, list[float | None]] = {
        'golive_media_packet_loss_ratio{trunk="good"}': [0.001] * 20,
        'golive_media_packet_loss_ratio{trunk="bad"}': [0.05] * 20,
        'golive_media_packet_loss_ratio{trunk="ends"}': [0.05] * 8 + [None] * 12,
        'golive_media_packet_loss_ratio{trunk="thin"}': [0.05 if n % 4 == 0 else None for n in range(20)],
    }
    text = yaml.safe_dump({"groups": made.groups})
    asked = [(f'ALERTS{{golive="{what}",alertstate="firing"}}', 180) for what in ("breach", "measured")]
    found = answers(tmp_path, text, series, 10.0, asked, every=10)

    def trunks(what: str) -> set[str]:
        said = found.get((f'ALERTS{{golive="{what}",alertstate="firing"}}', 180), {})
        return {dict(labels)["trunk"] for labels in said}

    assert trunks("breach") == {"bad"}
    assert trunks("measured") == {"good"}


def test_a_rule_that_no_ruler_can_judge_is_refused_by_check(tmp_path: Path) -> None:
    """`golive check` says so at the very word, instead of a rule that is silently judged some other way."""
    path = tmp_path / "golive.yaml"
    relative = _RULES.replace("    missing:", "    baseline: {from: fixed, value: 1%}\n    missing:").replace(
        "breach: 1%", "breach: 2"
    )
    path.write_text(
        relative
        + "collectors: [{name: mimir, kind: ruler, every: 15s, max_age: 90s, token: {env: T}, rules: [loss]}]\n"
    )
    said = [str(finding) for finding in read(path).findings]
    assert any("no ruler can judge 'loss': its limits are relative to a baseline" in line for line in said), said
