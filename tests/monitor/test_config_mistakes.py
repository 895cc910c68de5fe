"""A correct configuration, one mistake at a time: each is found on its line and named, and nothing else is said."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.monitor.config_base import BASE, found


class Case(NamedTuple):
    """What is replaced by what, and what is said about it."""

    old: str
    new: str
    findings: list[str]


def cases() -> list[Case]:
    """The table, from its file."""
    blocks = Path(__file__).with_name("config_mistakes.txt").read_text(encoding="utf-8").split("\n\n")[1:]
    parts = [[line[2:] for line in block.splitlines() if line[0] == mark] for block in blocks for mark in "-+="]
    return [
        Case("\n".join(old), "\n".join(new), findings)
        for old, new, findings in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


def test_the_base_has_no_mistake() -> None:
    """Without a mistake nothing is found, and the table is long enough to be worth its name."""
    assert found(BASE) == []
    assert len(cases()) >= 100


@pytest.mark.parametrize("case", cases(), ids=range(len(cases())))
def test_a_mistake_is_found_on_its_line_and_named(case: Case) -> None:
    """Exactly the expected findings, each with line, column, path, what and hint."""
    assert case.old in BASE
    assert found(BASE.replace(case.old, case.new, 1)) == case.findings


def test_mistakes_of_all_sections_are_found_at_once() -> None:
    """A mistake in the schema of one rule does not hide what is wrong elsewhere, nor makes its name unknown."""
    text = (
        BASE.replace("breach: 3.6", "breach: high")
        .replace("sites: [porto]", "sites: [prto]")
        .replace("cooldown: 25m", "cooldown: 1s")
    )
    assert [line.split(": ")[1] for line in found(text)] == [
        "waves[0].sites[0]",
        "rules[0].breach",
        "triggers[0].cooldown",
    ]


def test_without_a_list_of_runbooks_none_is_called_unknown() -> None:
    """Where the runbooks are not known, the trigger is not blamed."""
    assert found(BASE.replace("runbook: rollback", "runbook: other"), runbooks=None) == []


def test_independent_sources_permit_auto() -> None:
    """Two collectors that are independent witnesses make auto mode possible; two of one independence do not."""
    line = next(line for line in BASE.splitlines() if "name: east" in line)
    second = line.replace("east", "west")
    auto = BASE.replace("runbook: rollback", "runbook: rollback\n    mode: auto")
    assert found(auto.replace(line, f"{line}\n{second}")) == []
    one = auto.replace(line, f"{line}\n{second}").replace("every: 5s", "every: 5s, independence: same")
    assert "auto needs 2 independent sources, there is 1" in found(one)[0]


WORDS = sorted(set(BASE.replace(",", " ").replace("{", " ").replace("}", " ").split()))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_to_a_configuration_raises(data: st.DataObject) -> None:
    """Whatever is cut out of a configuration and put in its place, the answer is findings or none."""
    text = BASE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 30))
        text = text[:start] + data.draw(st.sampled_from(WORDS) | st.text(max_size=5)) + text[end:]
    assert all(line.isprintable() for line in found(text))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, BASE.count("\n") - 1), st.sampled_from(WORDS), st.integers(0, 20))
def test_no_wrong_value_raises(number: int, word: str, place: int) -> None:
    """Any word of the configuration in the place of any other gives findings or none."""
    text = BASE.splitlines()
    words = text[number].split(" ")
    words[place % len(words)] = word
    text[number] = " ".join(words)
    assert all(line.isprintable() for line in found("\n".join(text)))


SHARE = """\
signals:
  - name: abandon
    kind: ratio
    numerator: {metric: golive_queue_contacts_abandoned_total}
    denominator: {metric: golive_queue_contacts_offered_total}
    by: [queue]
    good_is: low
"""
WILSON = """\
  - name: abandon_sure
    signal: abandon
    estimator: wilson
    window: 30m
    operator: ">"
    breach: 8%
    clear: 7%
    min_count: 36
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
"""
SURE = BASE.replace("signals:\n", SHARE).replace("triggers:\n", WILSON + "triggers:\n")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("min_count: 36", "min_count: 36", ""),
        ("min_count: 36", "min_count: 35", "write at least 36, or clear_by: point"),
        ("min_count: 36", "min_count: 1\n    clear_by: point", ""),
        ("min_count: 36", "min_count: 36\n    confidence: 0.99", "write at least 72, or clear_by: point"),
        ("min_count: 36", "min_count: 36\n    confidence: 95", "95 is no confidence"),
        ("    clear: 7%", "    clear: 0%", "no bound of a share can ever be on the good side of 0"),
        ("estimator: wilson", "estimator: mean", "mean cannot read 'abandon', a ratio; write ratio or wilson"),
        ("good_is: low", "good_is: high", "of abandon, high is the good side; turn the operator"),
        ("by: [queue]", "by: [queu]", "golive_queue_contacts_offered_total has no label 'queu'"),
    ],
)
def test_a_rule_on_a_share_can_fire_and_clear(old: str, new: str, says: str) -> None:
    """Bounds that could never clear are refused with the least count that could, and so is what cannot read a share."""
    assert old in SURE
    findings = found(SURE.replace(old, new, 1))
    assert any(says in line for line in findings) if says else findings == []


@pytest.mark.parametrize(("count", "fine"), [(64, True), (65, False)])
def test_there_are_no_more_collectors_than_bits(count: int, fine: bool) -> None:
    """The 65th collector could not be told from another, so it is refused."""
    line = next(line for line in BASE.splitlines() if "name: east" in line)
    text = BASE.replace(line, "\n".join(line.replace("east", f"east{n}") for n in range(count)))
    assert (found(text) == []) is fine
