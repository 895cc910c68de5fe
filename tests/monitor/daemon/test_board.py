"""Rows of the board: worst first, whole, and bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.daemon import board
from monitor.judging.pieces import finished
from monitor.model import Standing
from tests.monitor.judging.rig import START, Rig, rule

STANDINGS = st.lists(st.sampled_from(list(Standing)), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(st.lists(STANDINGS, min_size=1, max_size=4), st.integers(1, 20))
def test_the_worst_come_first_and_like_ones_by_name(standings: list[list[Standing]], most: int) -> None:
    """Every group of every rule is a row until the bound; what is cut off is never worse than what is shown."""
    names = [f"r{9 - number}" for number in range(len(standings))]
    rig = Rig(*[rule(name=name, by=("queue",), match={"half": name}) for name in names])
    rig.now += 1
    for name, here in zip(names, standings, strict=True):
        for number in range(len(here)):
            rig.put(1.0, half=name, queue=f"q{number:02}")
    rig.look()
    for name, here in zip(names, standings, strict=True):
        rig.engine.judges[name].standings = np.array(here, np.int8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board, "MOST_RULES", most)
        patch.setattr(board, "ROWS", 3)
        rows = finished(board.rules(rig.engine, START + 1))
    expected = sorted(
        (-int(standing), name, f"queue=q{number:02}")
        for name, here in zip(names, standings, strict=True)
        for number, standing in enumerate(here)
    )
    words = {-int(standing): standing.word for standing in Standing}
    shown = [(row.rule, row.scope, row.state) for row in rows]
    assert shown == [(name, scope, words[badness]) for badness, name, scope in expected[:most]]


def test_no_rule_at_all_makes_no_row() -> None:
    """A stage in which nothing is judged has an empty list."""
    rig = Rig(rule(active_in=("other",)))
    assert finished(board.rules(rig.engine, START)) == ()


def test_series_without_a_number_are_not_counted_as_beyond_the_bound() -> None:
    """What says `left out` is what there was no room for: nobody is told to raise a limit that was not reached."""
    rig = Rig(rule())
    rig.put(1.0, queue="a")
    rig.put(2.0, queue="b")
    rig.look()
    table = rig.store.tables[next(name for name, table in rig.store.tables.items() if table.size)]
    table.latest[0] = np.nan
    rows, left_out = finished(board.series(rig.store, 100, START + 1))
    assert len(rows) == rig.store.size - 1
    assert left_out == 0
    rows, left_out = finished(board.series(rig.store, 1, START + 1))
    assert left_out == rig.store.size - 1
