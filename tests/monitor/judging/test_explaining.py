"""Every metric can be explained to whoever looks at it (U9)."""

from __future__ import annotations

import pytest

from monitor.catalogue.inventory import CATALOGUE
from monitor.judging.explaining import Standards, better_words, kind_words, possible_words, unit_words


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_metric_has_a_definition_a_unit_a_side_and_a_reason(name) -> None:
    """No metric of the catalogue is left without a text: what it is, in what unit, which side is good, who is hurt."""
    metric = CATALOGUE[name]
    words = (metric.help, unit_words(metric), kind_words(metric), better_words(metric), possible_words(metric))
    assert all(len(text) > 4 for text in words)
    assert metric.help.endswith(".")
    assert "hurt first" in Standards(CATALOGUE, (), (), (), ()).matters(metric)
