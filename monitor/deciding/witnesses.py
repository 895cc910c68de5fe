"""How many rules bear witness to the same thing without sharing a source. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_EXACT = 12
"""Rules up to which the greatest number is searched for; beyond, a number that is at most too small."""


def witnesses(sources: Mapping[str, frozenset[str]]) -> int:
    """The greatest number of rules of which no two rest on a common source; a rule without a source is no witness.

    sources: by rule, the independence groups of the collectors that it rests on. One rule that two collectors feed is
    one witness: when it is wrong, both said nothing that another rule confirms.
    """
    sets = sorted((each for each in sources.values() if each), key=len)
    if len(sets) > _EXACT:
        return _greedy(sets)
    return _most(sets)


def _most(sets: Sequence[frozenset[str]]) -> int:
    if not sets:
        return 0
    first, rest = sets[0], sets[1:]
    with_first = 1 + _most([each for each in rest if not each & first])
    return max(with_first, _most(rest))


def _greedy(sets: Sequence[frozenset[str]]) -> int:
    used: frozenset[str] = frozenset()
    count = 0
    for each in sets:
        if not each & used:
            used, count = used | each, count + 1
    return count
