"""Pages of the exposition over hand-filled tables, and how a parser reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families as read_text

from monitor.catalogue.inventory import CATALOGUE
from monitor.serving.exposition.lines import Style
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.exposition.scrape import Exposition
from tests.monitor.serving.boards import NOW
from tests.monitor.serving.tables import FakeTable

SITE = (("platform", "target"), ("site", "porto"))


def tables() -> dict[str, FakeTable]:
    """A gauge, a counter and a histogram with a series or two."""
    agents = FakeTable(CATALOGUE["golive_agents"])
    agents.put((("site", "lyon"), ("state", "acw")), 12.0, NOW - 1)
    agents.put((("site", "porto"), ("state", "acw")), 7.0, NOW - 2)
    calls = FakeTable(CATALOGUE["golive_calls_total"])
    calls.put((), 1234.0, NOW)
    mos = FakeTable(CATALOGUE["golive_media_mos"])
    for value in (4.41, 4.0, 3.2, 1.0, 5.0):
        mos.put(SITE, value, NOW)
    return {table.metric.name: table for table in (agents, calls, mos)}


def exposition(*given_tables: FakeTable, snapshot=None, **more) -> Exposition:
    """An exposition over these tables."""
    return Exposition(
        lambda: {table.metric.name: table for table in given_tables}, lambda: snapshot, OwnMetrics(), CATALOGUE, **more
    )


def text_of(page: Exposition, style: Style = Style.TEXT) -> str:
    """Signal and condition families, without the process's own."""
    return b"".join(page.slices(style, NOW)).decode()


def samples(text: str, read=read_text) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """All samples of a page as prometheus-client's parser reads them; a sample met twice fails."""
    found = {}
    for family in read(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found
