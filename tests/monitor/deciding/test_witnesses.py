"""Independence: how many rules bear witness without sharing a source."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deciding.witnesses import witnesses

SOURCES = st.dictionaries(
    st.sampled_from([f"r{number}" for number in range(7)]), st.frozensets(st.sampled_from("abcde"), max_size=3)
)


@pytest.mark.parametrize(
    ("sources", "count"),
    [
        ({}, 0),
        ({"mos": {"edge"}}, 1),
        ({"mos": {"edge", "probe"}}, 1),
        ({"mos": {"edge"}, "loss": {"edge"}}, 1),
        ({"mos": {"edge"}, "probe": {"probe"}}, 2),
        ({"mos": {"edge", "probe"}, "probe": {"probe"}}, 1),
        ({"mos": {"edge"}, "probe": set()}, 1),
        ({"a": {"x", "y"}, "b": {"x"}, "c": {"y"}}, 2),
        ({"a": {"x"}, "b": {"y"}, "c": {"z"}}, 3),
    ],
)
def test_two_rules_count_only_when_nothing_feeds_both(sources: dict[str, set[str]], count: int) -> None:
    """One rule of two collectors is one witness; two rules of one collector are one; a rule without a source is none."""
    assert witnesses({rule: frozenset(fed) for rule, fed in sources.items()}) == count


@given(SOURCES)
def test_it_is_the_greatest_number_there_is(sources: dict[str, frozenset[str]]) -> None:
    """Against trying every set of rules."""

    def apart(chosen: tuple[frozenset[str], ...]) -> bool:
        return all(chosen) and not any(one & other for one, other in combinations(chosen, 2))

    best = max(n for n in range(len(sources) + 1) if any(map(apart, combinations(sources.values(), n))))
    assert witnesses(sources) == best


def test_many_rules_are_never_counted_too_high() -> None:
    """Beyond a dozen rules the count may be too small, never too great: then a person is asked."""
    sources = {f"r{number}": frozenset({f"s{number // 2}"}) for number in range(40)}
    assert witnesses(sources) == 20
    assert witnesses(dict.fromkeys(sources, frozenset({"one"}))) == 1
