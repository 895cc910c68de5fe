"""From any cell down to the raw message that produced it, in at most three `enter` (B4, drill-down paths)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.pages.message import SAME, brought_by
from monitor.intake.transcripts import Exchange
from monitor.serving.snapshot import AlertRow, RuleRow
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.recorded import AT, source
from tests.dashboards.terminal.recorded_details import RAW, SERIES, Answering
from tests.dashboards.terminal.recorded_integrations import WITH_INTEGRATIONS
from tests.dashboards.terminal.stage import Clock, shown, terminal

RULE = RuleRow(
    rule="abandon",
    metric="golive_queue_abandonment_ratio",
    scope="queue=sales-en",
    state="breach",
    phase="breach",
    flags=(),
    estimator="mean",
    unit="ratio",
    operator=">",
    value=0.118,
    warn=0.05,
    breach=0.08,
    clear=0.05,
    samples=84,
    since=AT - 252,
    age=3.0,
)
ALERT = AlertRow(
    id="abandon:queue=sales-en",
    name="abandon",
    scope="queue=sales-en",
    state="breach",
    value=0.118,
    limit=0.08,
    operator=">",
    unit="ratio",
    since=AT - 252,
)
GAPPED = source("mqtt-target", transcripts=20, gaps=2, gap_count=2, gap_at=AT - 5)
MOMENT = msgspec.structs.replace(
    WITH_INTEGRATIONS,
    rules=(RULE, msgspec.structs.replace(RULE, scope="queue=billing", state="ok")),
    alerts=(ALERT,),
    sources=(GAPPED, *recorded.FAILING.sources),
    sparks=tuple(msgspec.structs.replace(row, metrics=(SERIES.metric,)) for row in recorded.SPARKS),
    events=(
        *recorded.FAILING.events,
        recorded.event(1290, 5, "transition", "golive", "abandon is breach", "abandon:queue=sales-en", "breach"),
    ),
)
PATHS = {
    "a gate": ("enter", "enter", "enter"),
    "a source on the board": ("tab", "tab", "enter", "enter", "enter"),
    "a gap of a source": ("tab", "tab", "enter", "j", "enter", "enter"),
    "a signal": ("tab", "tab", "tab", "tab", "enter", "enter", "enter"),
    "an event about a rule": ("shift+tab", "enter", "j", "j", "j", "j", "enter", "enter"),
    "an integration": ("4", "enter", "enter", "enter"),
    "a series of an integration": ("4", "enter", "G", "enter", "enter"),
}


@pytest.mark.parametrize("keys", PATHS.values(), ids=PATHS)
async def test_the_raw_message_is_three_enters_away(keys) -> None:
    """From each kind of row, the message that brought the number is reached, whole and with its secrets masked."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 60)) as pilot:
        for key in keys:
            seen = await shown(app, pilot, key)
            if key == "enter" and RAW in seen:
                break
    assert RAW in seen, seen
    assert keys.count("enter") <= 3


async def test_each_step_says_what_it_shows_and_by_whom() -> None:
    """Gate, samples and message each tell value against limit, source, time and quality on the way."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 60)) as pilot:
        item = await shown(app, pilot, "enter")
        samples = await shown(app, pilot, "enter")
        message = await shown(app, pilot, "enter")
    for words in (
        "■ BREACH for 4m12s",
        "legacy 6.1%, target 11.8%; limit ≤8.0%; target is worse",
        "voice proposes rollback-voice when abandon",
        "queue_abandonment_ratio",
        "mqtt-target",
        "THE SAME RULE ELSEWHERE",
        "queue=billing",
        "abandon: breaches above 8.0% at once.",
    ):
        assert words in item, words
    for words in ("01:59:57.000", "11.8% taken", "700.0% refused: out of range", "BUCKETS OF 10s", "mqtt-target"):
        assert words in samples, words
    assert "this message brought it" in message
    assert " Board > Abandon rate > queue_abandonment_r" in message


async def test_escape_climbs_the_same_way_and_the_cursor_is_where_it_was() -> None:
    """Up from the message to the second sample, to its series, to the gate, to the board."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 60)) as pilot:
        await shown(app, pilot, "enter", "enter", "j", "enter")
        up = await shown(app, pilot, "escape")
        assert "BUCKETS OF" in up
        again = await shown(app, pilot, "enter")
        assert "cc/queues" in again
        assert "another" in again
        for words in ("BUCKETS OF", "THE SAME RULE ELSEWHERE", "SIGNALS"):
            assert words in await shown(app, pilot, "escape")


async def test_a_message_that_is_no_longer_kept_is_never_replaced_by_another() -> None:
    """For a sample older than what is kept the page says so and offers what there is."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 60)) as pilot:
        seen = await shown(app, pilot, "enter", "enter", "j", "j", "enter")
    assert "the message that brought it is no longer kept; the oldest kept is of 01:59:00 UTC" in seen
    assert RAW not in seen


async def test_who_may_not_read_raw_messages_is_told_in_one_line_what_to_do() -> None:
    """Without a token the numbers are there, and in place of the message stands how to get it."""
    app = terminal(Answering(MOMENT, person=None))
    async with app.run_test(size=(160, 60)) as pilot:
        assert "11.8% taken" in await shown(app, pilot, "enter", "enter")
        seen = await shown(app, pilot, "enter")
    assert "raw messages of mqtt-target are for named people: start with --token-file FILE, or set GOLIVE_TOKEN" in seen
    assert RAW not in seen


async def test_a_gap_shows_the_messages_before_and_after_it() -> None:
    """From a source to its newest gap to what came on either side of it."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 60)) as pilot:
        page = await shown(app, pilot, *PATHS["a gap of a source"][:4])
        around = await shown(app, pilot, "enter")
    assert "newest gap  2 messages, ended 01:59:55 UTC" in page
    after, before = around.split("BEFORE IT")
    assert "AFTER 01:59:55.000 UTC" in after
    assert "01:59:57.100" in after
    assert "01:59:52.500" in before
    assert "malformed" in before


async def test_an_event_leads_to_what_it_is_about_and_back() -> None:
    """A line of the timeline goes down to the rule it speaks of; `-` comes back from anywhere."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 60)) as pilot:
        line = await shown(app, pilot, "shift+tab", "enter")
        about = await shown(app, pilot, "enter")
        await shown(app, pilot, "4")
        back = await shown(app, pilot, "minus")
    assert "abandon is breach" in line
    assert "alert abandon queue=sales-en" in line
    assert "mean 11.8%; bad > 8.0%, warns at 5.0%, clears at 5.0%" in about
    assert "since 01:55:48 UTC" in about
    assert "mean 11.8%; bad > 8.0%" in back


async def test_a_decision_leads_to_its_steps_and_what_was_sent() -> None:
    """From the list of runbooks to a step, with its request and what came of it."""
    app = terminal(Answering(recorded.PARKED))
    async with app.run_test(size=(160, 60)) as pilot:
        await shown(app, pilot, "6")
        page = await shown(app, pilot, "enter")
        step = await shown(app, pilot, *["j"] * 9, "enter")
    assert "EVIDENCE AS IT WAS FROZEN" in page
    assert "SENDS, secrets masked" in step
    assert "POST https://sbc.example/weight" in step
    assert "connection reset" in step


async def test_loading_none_and_unreachable_are_three_words() -> None:
    """What is on its way, what is not there and what cannot be had are never shown alike."""
    daemon, clock = Answering(MOMENT), Clock()
    app = terminal(daemon, clock=clock)
    async with app.run_test(size=(160, 60)) as pilot:
        await shown(app, pilot)
        daemon.series = ()
        await pilot.press("enter")
        assert "none was ever heard" in await shown(app, pilot)
        daemon.now = None
        clock.seconds += 5
        app.lookup.forget()
        seen = await shown(app, pilot)
    assert "not shown: unreachable: connection refused" in seen


async def test_a_detail_is_asked_for_only_while_it_is_looked_at() -> None:
    """The board asks for nothing but snapshots; a page asks for its own, again every two seconds, and not after it is left."""
    daemon, clock = Answering(MOMENT), Clock()
    app = terminal(daemon, clock=clock)
    async with app.run_test(size=(160, 60)) as pilot:
        await shown(app, pilot)
        assert daemon.asked == []
        await shown(app, pilot, "enter")
        assert len(daemon.asked) == 1
        clock.seconds += 1
        await shown(app, pilot)
        assert len(daemon.asked) == 1
        clock.seconds += 2
        await shown(app, pilot)
        assert len(daemon.asked) == 2
        await shown(app, pilot, "escape")
        clock.seconds += 5
        await shown(app, pilot)
    assert len(daemon.asked) == 2


EXCHANGES = st.lists(st.floats(0, 100), max_size=8).map(
    lambda times: [Exchange(at=at, fault="", sent="", got=f"m{at}", got_bytes=1) for at in sorted(times)]
)


@given(EXCHANGES, st.floats(0, 100))
def test_a_sample_is_shown_no_message_that_came_long_after_it(exchanges, received) -> None:
    """The message for a sample is of its instant, near it, or the newest before it; never one from later."""
    found = brought_by(exchanges, received)
    before = [e for e in exchanges if e.at <= received]
    if found is None:
        assert not before
        assert not [e for e in exchanges if e.at <= received + SAME]
    elif found.exact:
        assert found.exchange.at == pytest.approx(received, abs=1e-6)
    else:
        assert found.exchange.at <= received + SAME
        if abs(found.exchange.at - received) > SAME:
            assert found.exchange == before[-1]


def test_of_messages_at_one_instant_the_one_that_names_the_labels_is_taken() -> None:
    """In a batch the message of the sample's own queue comes before its neighbours'."""
    batch = [Exchange(at=5.0, fault="", sent="", got=text, got_bytes=1) for text in ("billing", "sales-en", "claims")]
    found = brought_by(batch, 5.0, ("sales-en", "target"))
    assert found is not None
    assert found.exchange.got == "sales-en"
