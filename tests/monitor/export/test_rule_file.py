"""The rule file for Prometheus: one rule of each kind, word for word, and everything it does not say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from monitor.config_file import LoadedConfig, read
from monitor.export.rule_file import Export, export
from tests.rig.promtool import check_rules

HERE = Path(__file__).parent
CONFIG = HERE / "every_kind.yaml"
GOLDEN = HERE / "every_kind.rules.yaml"
UNSAID = HERE / "every_kind.unsaid.txt"


@pytest.fixture(scope="module")
def loaded() -> LoadedConfig:
    return read(CONFIG)


@pytest.fixture
def made(loaded: LoadedConfig) -> Export:
    assert loaded.value is not None, "\n".join(map(str, loaded.findings))
    delays = {collector.name: collector.delay for collector in loaded.value.collectors}
    return export(loaded.value.rules, loaded.value.signals, loaded.catalogue, interval=15.0, delays=delays)


def test_a_rule_of_each_kind_is_written_as_it_should_be(made: Export) -> None:
    """The golden file, beside the configuration it comes from; its digest is that of the test."""
    assert made.text("0" * 64) == GOLDEN.read_text(encoding="utf-8")


def test_everything_that_is_not_said_is_listed(made: Export) -> None:
    """A line a rule and reason, in the order of the rules."""
    assert "".join(f"{unsaid}\n" for unsaid in made.unsaid) == UNSAID.read_text(encoding="utf-8")


def test_a_rule_is_either_written_or_said_to_be_left_out(loaded: LoadedConfig, made: Export) -> None:
    """None vanishes without a word, none is both."""
    assert loaded.value is not None
    written = {str(group["name"]).removeprefix("golive_") for group in made.groups}
    left_out = {unsaid.rule for unsaid in made.unsaid if unsaid.whole}
    assert left_out == {
        *("histogram_max", "signed_mean"),  # what /metrics does not show
        *("failing_surely", "than_legacy", "than_weeks"),  # what PromQL has no word for
        "taken",
    }
    assert written | left_out == {rule.name for rule in loaded.value.rules}
    assert not written & left_out


@pytest.mark.parametrize(
    ("meaning", "rules"),
    [
        ("missing", None),
        ("warm", None),
        ("min_count", {"highest", "mean", "histogram_p95", "failing_share"}),
        ("active_in", {"highest"}),
        ("hours", {"opened"}),
        ("exclude_when", {"failing_share", "failing_seldom"}),
        ("control", {"guarded"}),
        ("hold", {"lowest", "mean"}),
        ("clear_hold", {"lowest"}),
        ("clear 0.3", {"lowest"}),
        ("m_of_n", {"mean"}),
        ("last over", {"newest"}),
        ("p90 of several", {"gauge_p90"}),
        ("p95 at breach", {"histogram_p95"}),
        ("increase", {"rise"}),
        ("rate", {"pace"}),
        ("ratio", {"failing_share", "failing_seldom"}),
        ("a span of", {"mean", "rise"}),
        ("delay", {"east"}),
        ("by severity", {"severe"}),
    ],
)
def test_each_meaning_is_listed_for_the_rules_that_have_it(made: Export, meaning: str, rules: set[str] | None) -> None:
    """And for no other; None stands for every rule that is written."""
    found = {unsaid.rule for unsaid in made.unsaid if unsaid.what.startswith(meaning) and not unsaid.whole}
    assert found == ({str(group["name"]).removeprefix("golive_") for group in made.groups} if rules is None else rules)


@pytest.mark.real
def test_promtool_takes_the_file(tmp_path: Path, made: Export) -> None:
    """Every expression and template is one that Prometheus can read."""
    path = tmp_path / "rules.yaml"
    path.write_text(made.text("0" * 64), encoding="utf-8")
    rules = sum(len(group["rules"]) for group in made.groups)
    assert f"SUCCESS: {rules} rules found" in check_rules(path)


def test_the_shipped_thresholds_are_exported_where_they_stand_alone(tmp_path: Path) -> None:
    """Whoever starts from golive:rules loses those that compare with legacy or judge an interval, and no other."""
    text = CONFIG.read_text(encoding="utf-8")
    path = tmp_path / "golive.yaml"
    path.write_text("include: [golive:rules]\n" + text[: text.index("metrics:")], encoding="utf-8")
    loaded = read(path)
    assert loaded.value is not None, "\n".join(map(str, loaded.findings))
    rules = loaded.value.rules
    shipped = export(rules, loaded.value.signals, loaded.catalogue, interval=15.0)
    apart = {rule.name for rule in rules if rule.baseline is not None or rule.estimator == "wilson"}
    assert {unsaid.rule for unsaid in shipped.unsaid if unsaid.whole} == apart
    assert len(shipped.groups) == len(rules) - len(apart) > len(apart)


def test_recorded_names_follow_the_convention_and_are_told_apart_by_rule(made: Export) -> None:
    """level:metric:operations, and no two of one name for one rule."""
    seen = set()
    for group in yaml.safe_load(made.text(""))["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                assert rule["record"].count(":") == 2
                key = rule["record"], rule["labels"]["rule"]
                assert key not in seen
                seen.add(key)
