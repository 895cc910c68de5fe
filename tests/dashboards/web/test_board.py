"""What the board says, and that no text from outside becomes markup in it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.terminal.drawing.marks import GATES, SOURCES, VERDICTS
from dashboards.web import tables
from dashboards.web.board import STALE_AFTER, Wallboard, board
from dashboards.web.markup import Html, tag, text
from dashboards.web.queues import queues
from dashboards.web.table import Line
from monitor.serving.alert_rows import AlertRow
from monitor.serving.snapshot import GateRow, SeriesRow, Snapshot
from monitor.text import clean
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.test_hostile import HOSTILE, poison

ATTACKS = (
    *HOSTILE,
    "<script>alert(1)</script>",
    "</time></table><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "<!-- -->]]><![CDATA[",
    "&lt;script&gt; &#x3c;b&#62;",
    "javascript:alert(1)",
)


class Seen(HTMLParser):
    """The elements of a page, their attributes, and all text between them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, frozenset[str]]] = []
        self.values: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, frozenset(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def seen(html: str) -> Seen:
    """A page as a browser's parser takes it apart."""
    parser = Seen()
    parser.feed(html)
    parser.close()
    return parser


def page(snapshot: Snapshot, behind: float = 0.0) -> Seen:
    """The whole page of a moment."""
    return seen(Wallboard().page(snapshot, snapshot.at + behind))


FULL = msgspec.structs.replace(
    recorded.FAILING,
    runs=recorded.PARKED.runs,
    waiting=(*recorded.FAILING.waiting, *recorded.PARKED.waiting),
    alerts=(
        AlertRow(id="a-1", name="abandon", scope="queue=sales-en", state="breach", value=0.118, limit=0.08, operator=">",
                 unit="ratio", since=recorded.AT - 252, acked_by="ben"),
    ),
    series=tuple(
        SeriesRow(metric="golive_queue_contacts_waiting", labels={"queue": "sales-en", "platform": platform, "site": site},
                  unit="count", value=value, at=recorded.AT, age=1.0, quality=quality)
        for platform, site, value, quality in (
            ("legacy", "porto", 1.0, "fresh"), ("legacy", "lyon", 1.0, "fresh"), ("target", "porto", 31.0, "fresh"),
            ("target", "lyon", None, "empty"),
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("moment", recorded.MOMENTS)
def test_the_page_answers_the_five_second_question(moment) -> None:
    """Environment, stage, verdict as a word, reason, since, oldest input and what waits are all there as text."""
    snapshot = recorded.MOMENTS[moment]
    words = page(snapshot).text
    for part in (
        snapshot.cutover.environment,
        f"stage {snapshot.cutover.stage_index} of {snapshot.cutover.stage_count}",
        snapshot.verdict.verdict,
        snapshot.verdict.reason,
        "oldest input",
        "T+01:42:07",
        *(row.title for row in snapshot.waiting),
        *(gate.title for gate in snapshot.gates),
        *(row.name for row in snapshot.sources),
        *(event.what for event in snapshot.events[-12:]),
    ):
        assert part in words


def test_every_state_is_a_shape_and_a_word() -> None:
    """A gate, source or verdict in any state shows both, so that no colour has to be seen."""
    for state, look in GATES.items():
        row = recorded.gate("x", "X", state) if state != "idle" else recorded.gate("x", "X", active=False)
        words = page(msgspec.structs.replace(recorded.HEALTHY, gates=(row,))).text
        assert f"{look.shape} {look.word}" in words
    for verdict, look in VERDICTS.items():
        answer = msgspec.structs.replace(recorded.HEALTHY.verdict, verdict=verdict)
        assert f"{look.shape} {look.word}" in page(msgspec.structs.replace(recorded.HEALTHY, verdict=answer)).text
    for state, look in SOURCES.items():
        more = {"quality": state} if state in ("stale", "empty") else {"state": state}
        source = recorded.source("x", **more)
        assert f"{look.shape} {look.word}" in page(msgspec.structs.replace(recorded.HEALTHY, sources=(source,))).text


def test_tables_are_read_aloud_with_caption_and_headings() -> None:
    """Each table has a caption, each column a scope, each row a heading; one live region says verdict and gate, no figure."""
    html = Wallboard().page(FULL, FULL.at)
    parser = seen(html)
    tags = [name for name, _ in parser.tags]
    assert tags.count("table") == tags.count("caption") == 6
    assert all("scope" in given for name, given in parser.tags if name == "th")
    assert sum("aria-live" in given for _, given in parser.tags) == 1
    assert "Verdict NO-GO since 01:55:48 UTC, decided by Abandon rate<" in html
    rows = html.split("<tr ")[1:]
    assert all('scope="row"' in row or 'scope="col"' in row for row in rows)
    for landmark in ("header", "main", "footer"):
        assert tags.count(landmark) == 1
    assert tags.count("h1") == 1
    assert {"form", "input", "button"}.isdisjoint(tags)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_text_from_outside_is_never_markup(attack) -> None:
    """Whatever stands in the rows: the page has the same elements and attributes as without it, and no control character."""
    clean_page = seen(Wallboard().page(poison(FULL, "x"), FULL.at))
    hostile = seen(Wallboard().page(poison(FULL, attack), FULL.at))
    assert hostile.tags == clean_page.tags
    assert all(char == "\n" or char.isprintable() for char in hostile.text)
    assert clean(attack)[:40] in hostile.text


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_escaping_gives_back_just_the_cleaned_text(words) -> None:
    """Any text between tags or in an attribute is read by a parser as itself, cleaned, and adds no element."""
    found = seen(tag("p", words, title=words))
    assert found.tags == [("p", frozenset({"title"}))]
    assert found.text == clean(words)
    assert found.values == [clean(words)]
    assert isinstance(text(words), Html)


def test_markup_that_was_joined_by_hand_is_escaped_again() -> None:
    """Only what the room made passes as markup: a plain string with tags in it is shown letter by letter."""
    assert tag("p", Html("<b>x</b>") + "<i>") == "<p>&lt;b&gt;x&lt;/b&gt;&lt;i&gt;</p>"


def test_an_old_picture_says_so_without_a_script() -> None:
    """A snapshot that lies behind by more than five seconds is marked in the markup itself."""
    fresh, old = (Wallboard().fragment(FULL, FULL.at + behind) for behind in (STALE_AFTER - 0.1, STALE_AFTER + 0.1))
    assert 'class="stale"' not in fresh.html.split("<p", 1)[0]
    assert 'class="stale"' in old.html.split("<p", 1)[0]
    assert fresh.etag != old.etag


def test_before_the_first_judgement_the_verdict_is_unknown_with_its_reason() -> None:
    """A daemon that is not ready shows UNKNOWN, never an empty board."""
    words = seen(Wallboard().page(None, 0.0, "no tick yet <b>")).text
    assert "UNKNOWN" in words
    assert "golive has not judged yet: no tick yet <b>" in words


def test_the_same_content_has_the_same_name_and_is_drawn_once() -> None:
    """However many look, a snapshot is drawn once; another one with the same content keeps its ETag, a changed one does not."""
    wall = Wallboard()
    first = wall.fragment(FULL, FULL.at)
    assert wall.fragment(FULL, FULL.at + 1) is first
    again = msgspec.structs.replace(FULL)
    assert wall.fragment(again, FULL.at).etag == first.etag
    row = msgspec.structs.replace(FULL.verdict, reason="other")
    assert wall.fragment(msgspec.structs.replace(FULL, verdict=row), FULL.at).etag != first.etag


def test_long_lists_are_cut_and_counted() -> None:
    """A thousand gates, alerts and sources make a page that a phone can hold, and it says how many it left out."""
    gates = tuple(recorded.gate(f"g{n}", f"Gate {n}") for n in range(1000))
    alerts = tuple(msgspec.structs.replace(FULL.alerts[0], id=f"a-{n}") for n in range(1000))
    sources = tuple(recorded.source(f"s{n}") for n in range(1000))
    waiting = FULL.waiting * 300
    big = msgspec.structs.replace(FULL, gates=gates, alerts=alerts, sources=sources, waiting=waiting)
    html = board(big, big.at)
    assert len(html) < 200_000
    for words in ("and 960 more gates, all better", "and 960 more alerts", "and 960 more sources", "and 892 more"):
        assert words in html


def test_what_is_cut_is_not_even_drawn(monkeypatch) -> None:
    """Five thousand gates cost the daemon as much as forty: only rows that are shown are made."""
    drawn: list[str] = []
    whole = tables._gate

    def one(gate: GateRow, now: float) -> Line:
        drawn.append(gate.name)
        return whole(gate, now)

    monkeypatch.setattr(tables, "_gate", one)
    gates = tuple(recorded.gate(f"g{n}", f"Gate {n}") for n in range(5000))
    board(msgspec.structs.replace(FULL, gates=gates), FULL.at)
    assert len(drawn) == 40


def test_a_breach_stands_above_what_is_cut() -> None:
    """The worst gate is on the page however many others there are."""
    gates = tuple(recorded.gate(f"g{n}", f"Gate {n}") for n in range(200))
    bad = recorded.gate("bad", "The bad one", "breach", target=0.5, limit=0.1)
    assert "The bad one" in board(msgspec.structs.replace(FULL, gates=(*gates, bad)), FULL.at)


def test_a_reason_does_not_say_again_what_stands_before_it() -> None:
    """A gate that cannot see says why once: not its own name and scope a second time."""
    reasons = {
        "Loss site=x: first window in 4s": "Loss site=x first window in 4s",
        "Loss: never heard": "Loss site=x never heard",
        "Losses are up": "Loss site=x Losses are up",
    }
    for reason, shown in reasons.items():
        gate = recorded.gate("loss", "Loss", "insufficient", scope="site=x", reason=reason)
        assert shown in page(msgspec.structs.replace(recorded.HEALTHY, gates=(gate,))).text


def test_delivered_pages_do_not_push_out_what_happened() -> None:
    """Fifty deliveries leave the last events in place; one that failed is an event."""
    delivered = tuple(
        recorded.event(2000 + n, 1, "notify", "engine", f"pager: delivered {n}", "pager", "ok") for n in range(50)
    )
    failed = recorded.event(2100, 1, "notify", "engine", "pager: no answer", "pager", "failed")
    words = page(msgspec.structs.replace(FULL, events=(*FULL.events, *delivered, failed))).text
    assert "pager: no answer" in words
    assert "delivered" not in words
    assert FULL.events[-1].what in words


def test_a_signature_from_outside_the_page_is_no_part_of_it() -> None:
    """Digest and nonce of a decision, which a signature needs, stay out of the page."""
    html = Wallboard().page(FULL, FULL.at)
    assert FULL.decisions[0].nonce not in html
    assert FULL.decisions[0].digest not in html


def series(metric: str, platform: str, value: float | None, quality: str = "fresh", site: str = "porto") -> SeriesRow:
    """A figure of the queue sales-en."""
    labels = {"queue": "sales-en", "platform": platform, "site": site}
    return SeriesRow(metric=metric, labels=labels, unit="count", value=value, at=0.0, age=0.0, quality=quality)


def figures(*rows: SeriesRow) -> Any:
    """The one queue of these rows."""
    (queue,) = queues(msgspec.structs.replace(recorded.HEALTHY, series=rows))
    return queue.figures


def test_contacts_of_one_queue_add_up_over_places_and_shares_never_average() -> None:
    """Two sites of a queue: waiting is their sum, the oldest the oldest, a share the worse of the two."""
    waiting, oldest, level, abandoned = figures(
        series("golive_queue_contacts_waiting", "target", 3.0),
        series("golive_queue_contacts_waiting", "target", 4.0, site="lyon"),
        series("golive_queue_oldest_contact_age_seconds", "target", 30.0),
        series("golive_queue_oldest_contact_age_seconds", "target", 70.0, site="lyon"),
        series("golive_queue_service_level_ratio", "target", 0.9),
        series("golive_queue_service_level_ratio", "target", 0.5, site="lyon"),
        series("golive_queue_abandonment_ratio", "target", 0.1),
        series("golive_queue_abandonment_ratio", "target", 0.2, site="lyon"),
    )
    assert (waiting[1].value, oldest[1].value, level[1].value, abandoned[1].value) == (7.0, 70.0, 0.5, 0.2)
    assert waiting[0].value is None


@pytest.mark.parametrize("quality", ["stale", "empty"])
def test_a_sum_with_a_silent_place_in_it_is_not_fresh(quality) -> None:
    """One site that is silent makes the queue's figure a greyed one: it might be larger."""
    waiting, *_ = figures(
        series("golive_queue_contacts_waiting", "target", 3.0),
        series("golive_queue_contacts_waiting", "target", None if quality == "empty" else 4.0, quality, site="lyon"),
    )
    assert not waiting[1].fresh
