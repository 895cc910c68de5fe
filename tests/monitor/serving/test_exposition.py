"""What a scrape says, in both formats, on friendly and on hostile data."""

from __future__ import annotations

import asyncio
import gzip
import math
import subprocess
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from monitor.catalogue.inventory import CATALOGUE
from monitor.model import Kind, Metric
from monitor.serving.exposition.condition import CONDITIONS
from monitor.serving.exposition.lines import Style, number
from monitor.serving.exposition.negotiation import style_of, wants_gzip
from tests.monitor.serving.boards import NOW, board
from tests.monitor.serving.pages import SITE, exposition, samples, tables, text_of
from tests.monitor.serving.tables import FakeTable
from tests.rig.programs import program

PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


def test_the_page_is_as_reviewed(golden_page):
    """The whole text page over a known store and snapshot is the reviewed one."""
    page = exposition(*tables().values(), snapshot=board())
    text = "\n".join(line for line in text_of(page).splitlines() if not line.startswith("golive_build_info"))
    assert text + "\n" == golden_page


@pytest.mark.parametrize(("style", "read"), [(Style.TEXT, read_text), (Style.OPENMETRICS, read_openmetrics)])
async def test_both_formats_say_the_same(style, read):
    """prometheus-client's parser of each format reads the same signal values, and the page is whole."""
    page = (await exposition(*tables().values(), snapshot=board()).page(style, NOW)).decode()
    found = samples(page, read)
    assert found["golive_agents", (("site", "porto"), ("state", "acw"))] == 7.0
    assert found["golive_calls_total", ()] == 1234.0
    assert found["golive_media_mos_bucket", (("le", "3.4"), *SITE)] == 2.0
    assert found["golive_media_mos_bucket", (("le", "4.0"), *SITE)] == 3.0
    assert found["golive_media_mos_bucket", (("le", "+Inf"), *SITE)] == 5.0
    assert found["golive_media_mos_count", SITE] == 5.0
    assert found["golive_media_mos_sum", SITE] == pytest.approx(17.61)
    assert found["golive_series", (("metric", "golive_agents"),)] == 2.0
    assert found["process_resident_memory_bytes", ()] > 0
    assert any(name == "python_info" for name, _ in found)
    assert page.endswith("# EOF\n") == (style is Style.OPENMETRICS)


@pytest.mark.real
async def test_promtool_finds_nothing():
    """The real promtool has no complaint about a page with every family on it."""
    everything = []
    for metric in CATALOGUE.values():
        if metric.name not in {condition.name for condition in CONDITIONS}:
            table = FakeTable(metric)
            table.put(SITE, max(metric.low, 1.0) if metric.high >= 1 else metric.high, NOW)
            everything.append(table)
    page = exposition(*everything, snapshot=board())
    page.own.notified("pager", "delivered")
    page.own.denied("token")
    page.own.voted("approved")
    page.own.failed("golive_agents")
    text = await page.page(Style.TEXT, NOW)
    done = await asyncio.to_thread(
        subprocess.run, [program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    for name in CATALOGUE:
        assert f"# TYPE {name} ".encode() in text


@settings(max_examples=200, deadline=None)
@given(value=st.text(st.characters() | st.sampled_from('"\\\n\r\t{}%,=\x00\u2028\ud800é😀'), max_size=200))
@pytest.mark.parametrize("metric", ["golive_agents", "golive_media_mos"])
def test_a_hostile_label_value_comes_back_as_it_was(metric, value):
    """Whatever a label value holds, both parsers read that value and that number; a surrogate becomes `?`."""
    table = FakeTable(CATALOGUE[metric])
    table.put((("site", value),), 3.25, NOW)
    table.put((("site", "next"),), 4.5, NOW)
    page = exposition(table)
    shown = value.encode("utf-8", "replace").decode()
    suffix = "" if metric == "golive_agents" else "_sum"
    for style, read in ((Style.TEXT, read_text), (Style.OPENMETRICS, read_openmetrics)):
        text = text_of(page, style) + ("# EOF\n" if style is Style.OPENMETRICS else "")
        if shown != "next":
            found = samples(text, read)
            assert found[metric + suffix, (("site", shown),)] == 3.25
            assert found[metric + suffix, (("site", "next"),)] == 4.5


@settings(max_examples=200, deadline=None)
@given(value=st.floats())
def test_numbers_are_read_back_exactly(value):
    """A number on the page is the number in memory, to the last bit, infinities and NaN among them."""
    read = float(number(value))
    assert read == value or (math.isnan(read) and math.isnan(value))


@pytest.mark.parametrize("labels", [(("a-b", "x"),), (("a", "x"), ("a", "y")), (("le", "1"),), (("", "x"),)])
@pytest.mark.parametrize("metric", ["golive_agents", "golive_media_mos"])
def test_a_series_with_unreadable_labels_is_left_out_alone(metric, labels):
    """A label name that would void the page costs its own series only, and is counted."""
    table = FakeTable(CATALOGUE[metric])
    table.put(labels, 4.0, NOW)
    table.put(SITE, 4.0, NOW)
    page = exposition(table)
    found = samples(text_of(page))
    assert [key for key in found if key[1] and dict(key[1]).get("site") == "porto"]
    if labels != (("le", "1"),) or metric == "golive_media_mos":
        assert len([key for key in found if key[0] in {metric, metric + "_count"}]) == 1
        assert f'golive_exposition_failures_total{{family="{metric}"}} 1.0' in page.own.text(Style.TEXT).decode()


def test_a_family_that_fails_is_dropped_alone_and_whole(caplog):
    """A table that breaks half way leaves none of its lines, all of the others', one log line and a count."""

    class Broken(FakeTable):
        @property
        def value_sum(self):
            raise ZeroDivisionError

        @value_sum.setter
        def value_sum(self, _):
            pass

        def claim(self):
            self.labels.append(SITE)
            self.size += 1

    broken = Broken(CATALOGUE["golive_media_mos"])
    broken.claim()
    page = exposition(broken, tables()["golive_agents"])
    for _ in range(2):
        text = text_of(page)
        assert "golive_agents{" in text
        assert "golive_media_mos" not in text.replace('golive_series{metric="golive_media_mos"}', "")
    assert len(caplog.records) == 1
    assert "golive_media_mos" in caplog.text
    assert 'failures_total{family="golive_media_mos"} 2.0' in page.own.text(Style.TEXT).decode()


def test_a_dead_source_goes_empty():
    """A series that was not heard for longer than the greatest age is not shown with its last value."""
    table = FakeTable(CATALOGUE["golive_agents"])
    table.put((("site", "old"),), 5.0, NOW - 301)
    table.put((("site", "new"),), 6.0, NOW - 299)
    quiet = FakeTable(CATALOGUE["golive_media_mos"])
    quiet.put(SITE, 4.0, NOW - 301)
    text = text_of(exposition(table, quiet))
    assert 'site="old"' not in text
    assert 'golive_agents{site="new"} 6.0' in text
    assert "golive_media_mos_" not in text


def test_a_number_that_can_no_longer_be_computed_is_a_gap():
    """A source that answers without a number leaves a gap, not its last number; the next number is shown again."""
    table = FakeTable(CATALOGUE["golive_queue_abandonment_ratio"])
    table.put(SITE, 0.25, NOW - 1)
    page = exposition(table)
    assert "} 0.25\n" in text_of(page)
    table.blank_at[0] = NOW - 0.5
    assert "golive_queue_abandonment_ratio{" not in text_of(page)
    table.put(SITE, 0.5, NOW)
    assert "} 0.5\n" in text_of(page)


def test_new_series_and_values_appear_at_the_next_scrape():
    """Label text is kept between scrapes, values are not, and a series that is new is seen at once."""
    table = tables()["golive_agents"]
    page = exposition(table)
    text_of(page)
    table.put((("site", "porto"), ("state", "acw")), 8.0, NOW)
    table.put((("site", "oslo"), ("state", "acw")), 3.0, NOW)
    text = text_of(page)
    assert 'golive_agents{site="porto",state="acw"} 8.0' in text
    assert 'golive_agents{site="oslo",state="acw"} 3.0' in text


@pytest.mark.parametrize("metric", ["golive_agents", "golive_media_mos"])
def test_slices_are_short(metric):
    """No piece of the page has much more than 1,000 lines, so that the event loop is never held for long."""
    table = FakeTable(CATALOGUE[metric])
    for index in range(2500):
        table.put((("site", f"s{index}"),), 4.0, NOW)
    pieces = [piece.count(b"\n") for piece in exposition(table).slices(Style.TEXT, NOW)]
    assert max(pieces) <= 1002
    assert sum(pieces) >= 2500


async def test_the_event_loop_has_turns_during_a_scrape():
    """While 20,000 series are rendered the event loop runs other work many times."""
    table = FakeTable(CATALOGUE["golive_agents"])
    for index in range(20_000):
        table.put((("site", f"s{index}"),), 4.0, NOW)
    page = exposition(table)
    turns = 0
    scrape_task = asyncio.create_task(page.page(Style.TEXT, NOW))
    while not scrape_task.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 10


async def test_scrapes_at_once_share_a_page(monkeypatch):
    """Fifty scrapes at one moment cost one rendering, and a scraper that hangs up does not spoil the others'."""
    page = exposition(*tables().values())
    rendered = 0
    slices = page.slices

    def counted(style, now):
        nonlocal rendered
        rendered += 1
        return slices(style, now)

    monkeypatch.setattr(page, "slices", counted)
    waiting = [asyncio.create_task(page.page(Style.TEXT, NOW)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    pages = await asyncio.gather(*waiting[1:])
    assert len(set(pages)) == 1
    assert rendered == 1
    await page.page(Style.TEXT, NOW)
    assert rendered == 2


async def test_gzip_is_the_same_page():
    """The compressed page opens to the plain one, but for what the process counts in between."""
    page = exposition(*tables().values(), snapshot=board())
    plain = await page.page(Style.TEXT, NOW)
    packed = await page.page(Style.TEXT, NOW, gzip=True)
    assert len(packed) < len(plain) / 2
    opened = gzip.decompress(packed)
    assert opened.startswith(b"".join(page.slices(Style.TEXT, NOW)))


async def test_reading_the_process_does_not_block_the_loop(monkeypatch):
    """The process's own numbers, which come from /proc, are read in a thread."""
    page = exposition()
    threads = []
    text = page.own.text

    def noted(style):
        threads.append(threading.current_thread())
        return text(style)

    monkeypatch.setattr(page.own, "text", noted)
    await page.page(Style.TEXT, NOW)
    assert threads
    assert threads[0] is not threading.main_thread()


def test_before_the_first_tick_the_signals_are_there():
    """Without a snapshot the page has the store's series and no claim about the cutover."""
    text = text_of(exposition(*tables().values()))
    assert "golive_agents{" in text
    assert "golive_verdict" not in text


@pytest.mark.parametrize(
    ("accept", "style"),
    [
        ("", Style.TEXT),
        ("*/*", Style.TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Style.TEXT),
        (PROMETHEUS_ACCEPT, Style.OPENMETRICS),
        ("application/openmetrics-text", Style.OPENMETRICS),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.9", Style.TEXT),
        ("application/openmetrics-text;version=9.0.0", Style.TEXT),
        ("application/openmetrics-text;q=nonsense", Style.TEXT),
        ("application/openmetrics-text;q=7", Style.TEXT),
        ("," * 10_000, Style.TEXT),
    ],
)
def test_the_format_is_what_was_asked_for(accept, style):
    """A scraper gets the format it weighs highest that we speak; a browser gets plain text."""
    assert style_of(accept) is style


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("gzip", True), ("gzip, deflate", True), ("GZIP;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_gzip_only_when_accepted(header, wanted):
    """A page is compressed only for a scraper that says it can open it."""
    assert wants_gzip(header) is wanted


def test_a_users_metric_is_exported_like_ours():
    """A metric that a user added to the catalogue has its own help, type and series."""
    metric = Metric(name="acme_lifts_waiting", kind=Kind.GAUGE, unit="count", help='Lifts that "wait" at C:\\.')
    table = FakeTable(metric)
    table.put((), 2.0, NOW)
    assert text_of(exposition(table)).startswith(
        '# HELP acme_lifts_waiting Lifts that "wait" at C:\\\\.\n# TYPE acme_lifts_waiting gauge\nacme_lifts_waiting 2.0\n'
    )
