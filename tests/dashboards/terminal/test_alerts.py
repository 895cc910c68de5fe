"""Screen 5 and the dialogs that move the cutover: what is asked, what is sent, and when nothing is."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.alert_acts import span_trouble
from dashboards.terminal.drawing.alerts import Entry, entries, owner, sent
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.view import Person
from monitor.serving.alert_rows import AlertsRow
from monitor.serving.snapshot import Snapshot
from monitor.units import parse_duration
from tests.dashboards.terminal import recorded_alerts as recorded
from tests.dashboards.terminal.recorded import AT
from tests.dashboards.terminal.stage import ANNA, Clock, Recorded, shown, terminal, text
from tests.dashboards.terminal.test_hostile import HOSTILE, poison

SIZE = (120, 40)


class Anything(dict[str, bytes]):
    """Answers every path with the same."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def __contains__(self, path: object) -> bool:
        return True

    def __getitem__(self, path: str) -> bytes:
        return self.body


UNICODE, ASCII = Glyphs(), Glyphs(ascii=True)


async def screen(*keys: str, moment: Snapshot = recorded.FIRING, person: Person = ANNA, operator: bool = True):
    """What the screen says after these keys on screen 5, and what was sent."""
    source = Recorded(moment, person=person)
    app = terminal(source, operator=operator)
    async with app.run_test(size=SIZE) as pilot:
        seen = await shown(app, pilot, "5", *keys)
        await app.workers.wait_for_complete()
    return seen, [(act.path, act.body) for act in source.acts]


PATH = "/api/v1/alerts/abandon%3Aqueue%3Dsales-en"


async def test_an_alert_is_taken_by_typing_ones_own_name() -> None:
    """Name, time, reason: one request, half an hour unless said otherwise; the dialog says what it covers."""
    seen, sent_ = await screen("a", "=anna", "enter")
    assert sent_ == [(f"{PATH}/ack", {"seconds": 1800.0, "reason": ""})]
    assert "you have abandon:queue=sales-en for 30m" in seen
    *_, sent_ = await screen("a", "=anna", "tab", *["backspace"] * 3, "=2h", "tab", "=adding agents", "enter")
    assert sent_ == [(f"{PATH}/ack", {"seconds": 7200.0, "reason": "adding agents"})]


@pytest.mark.parametrize("typed", ["ben", "Anna", "ann", "", "abandon"])
async def test_any_other_name_takes_nothing(typed) -> None:
    """Somebody else's name, half of one's own, the alert's: not sent, and it says what to type."""
    seen, sent_ = await screen("a", f"={typed}", "enter")
    assert sent_ == []
    assert "not sent: type exactly anna" in seen


async def test_a_mute_needs_an_end_and_a_reason() -> None:
    """Without a reason, with no span or one that the role may not: not sent, each in its own words."""
    seen, sent_ = await screen("m", "=anna", "enter")
    assert (sent_, "not sent: a reason is needed" in seen) == ([], True)
    seen, sent_ = await screen("m", "=anna", "tab", *["backspace"] * 3, "=soon", "tab", "=lab", "enter")
    assert (sent_, "not sent: 'soon' is not a duration" in seen) == ([], True)
    olga = Person(name="olga", role="operator")
    seen, sent_ = await screen("m", "=olga", "tab", *["backspace"] * 3, "=2h", "tab", "=lab", "enter", person=olga)
    assert (sent_, "not sent: from 1m to 1h, not 2h" in seen) == ([], True)
    _, sent_ = await screen("m", "=anna", "tab", *["backspace"] * 3, "=2h", "tab", "=lab", "enter")
    assert sent_ == [(f"{PATH}/mute", {"seconds": 7200.0, "reason": "lab", "whole": False})]


async def test_the_same_keys_let_go_and_tell_again() -> None:
    """What is one's own is let go of, what is muted is told again, a mute without an alert too."""
    ben = Person(name="ben", role="operator")
    seen, sent_ = await screen("j", "j", "j", "a", "=ben", "enter", person=ben)
    assert sent_ == [("/api/v1/alerts/service%3Aqueue%3Dsales-en/release", {"reason": ""})]
    *_, sent_ = await screen("j", "j", "j", "j", "m", "=anna", "enter")
    assert sent_ == [
        ("/api/v1/alerts/loss%3Atrunk%3D%E6%9D%B1%E4%BA%AC%20sbc-1/unmute", {"reason": "", "whole": False})
    ]
    *_, sent_ = await screen("end", "m", "=anna", "enter")
    assert sent_ == [("/api/v1/alerts/cert_days/unmute", {"reason": "", "whole": True})]
    seen, sent_ = await screen("end", "a")
    assert (sent_, "it is not firing: there is nothing to acknowledge" in seen) == ([], True)


async def test_a_note_names_its_alert() -> None:
    """On this screen n is about the alert under the cursor, on every other one about the cutover."""
    _, sent_ = await screen("n", "=anna", "tab", "=bridge is red", "enter")
    assert sent_ == [(f"{PATH}/note", {"text": "bridge is red"})]
    for other in ("1", "6", "7"):
        _, sent_ = await screen(other, "n", "=anna", "tab", "=bridge is red", "enter")
        assert sent_ == [("/api/v1/notes", {"text": "bridge is red"})]
    seen, sent_ = await screen("1", "n", "=anna", "enter")
    assert (sent_, "not sent: a note is needed" in seen) == ([], True)


@pytest.mark.parametrize(
    ("key", "at"), [("a", "5"), ("m", "5"), ("n", "5"), ("n", "1"), ("V", "1"), ("L", "1"), ("K", "1")]
)
async def test_locked_no_dialog_opens(key, at) -> None:
    """Every act is locked by default, and says how it is not."""
    seen, sent_ = await screen(at, key, operator=False)
    assert "locked: start with --operator or type :arm" in seen
    assert sent_ == []


async def test_a_viewer_is_told_whom_to_ask() -> None:
    """Before typing anything."""
    seen, sent_ = await screen("m", person=Person(name="eve", role="viewer"))
    assert "your role is viewer: ask one of operator, approver, admin" in seen
    assert sent_ == []


async def test_an_alert_that_changes_hands_under_the_dialog_is_not_taken() -> None:
    """Ben was faster, or it is over: the dialog says so and sends nothing."""
    source = Recorded(recorded.FIRING)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "5", "a", "=anna")
        taken = msgspec.structs.replace(recorded.ALERTS[0], acked_by="ben")
        for alerts, words in (((taken,), "ben has it now: close and look again"), ((), "it is over")):
            source.now = msgspec.structs.replace(recorded.FIRING, at=AT + 1 + len(words), alerts=alerts)
            assert words in await shown(app, pilot, "enter")
    assert source.acts == []


async def test_one_row_a_rule_mutes_the_rule() -> None:
    """Grouped, two trunks are one row; muting it is muting the rule wherever it is judged."""
    seen, _ = await screen("G")
    assert "2 places" in seen
    assert "by rule" in seen
    _, sent_ = await screen("G", "j", "m", "=anna", "tab", "tab", "=lab", "enter")
    assert sent_ == [("/api/v1/alerts/loss/mute", {"seconds": 1800.0, "reason": "lab", "whole": True})]
    seen, _ = await screen("G", "G")
    assert "2 places" not in seen


async def test_only_what_waits_for_somebody() -> None:
    """f hides what somebody has and what is muted; the bottom line of every screen counts what is left."""
    seen, _ = await screen("f")
    assert "Service level" not in seen.split("THIS")[0].split("also bad")[0]
    assert "faults only" in seen
    seen, _ = await screen("1")
    assert "5Ale3" in seen


async def test_the_way_to_its_runbook() -> None:
    """r goes to the decision on it; where nothing is asked for it says how to ask."""
    seen, _ = await screen("r")
    assert "rollback-voice" in seen
    assert "RUNBOOKS" in seen
    quiet = msgspec.structs.replace(recorded.FIRING, decisions=(), runs=())
    seen, _ = await screen("r", moment=quiet)
    assert "rollback-voice is not asked for now; :run rollback-voice asks for it" in seen
    seen, _ = await screen("j", "r")
    assert "no trigger on this alert asks for a runbook" in seen


async def test_enter_goes_down_to_the_alert() -> None:
    """The crumbs name the screen and the alert."""
    seen, _ = await screen("enter")
    assert "Alerts" in seen
    assert "abandon queue=sales-en" in seen


async def test_a_detail_that_cannot_be_had_says_why() -> None:
    """The table stands although the daemon does not answer for one alert."""
    source = Recorded(recorded.FIRING)
    source.answers = {}
    app = terminal(source)
    async with app.run_test(size=SIZE) as pilot:
        seen = await shown(app, pilot, "5")
    assert "nothing is at /api/v1/alerts/abandon%3Aqueue%3Dsales-en" in seen
    assert "Abandon rate" in seen


def test_what_needs_somebody_stands_first() -> None:
    """Open before taken before muted, critical before warning, the oldest first; mutes without an alert at the end."""
    names = [(e.row.name, e.row.scope) for e in entries(recorded.FIRING, grouped=False)]
    assert names == [
        ("abandon", "queue=sales-en"),
        ("loss", "trunk=sbc-2"),
        ("no-data", "source=payment-ivr"),
        ("service", "queue=sales-en"),
        ("loss", "trunk=東京 sbc-1"),
        ("cert_days", "everywhere"),
    ]


def test_owners_and_channels_are_told_in_words_and_shapes() -> None:
    """A failed channel shows how often, a mute its end before its name; ASCII has no other sign."""
    rows = {row.name: row for row in recorded.ALERTS[:4]}
    assert owner(rows["service"], UNICODE) == "02:27 ben"
    assert owner(rows["loss"], UNICODE) == "⊘ 03:00 cara"
    assert owner(rows["loss"], ASCII).isascii()
    assert sent(rows["no-data"].sent, UNICODE) == "pager✗2 slack✓"
    assert sent(rows["no-data"].sent, ASCII) == "pagerx2 slack+"
    assert Entry(rows["abandon"]).open


async def test_an_older_daemon_has_no_alerts_to_show() -> None:
    """A snapshot without the new fields is drawn, and says that nothing fires."""
    seen, _ = await screen(moment=msgspec.structs.replace(recorded.FIRING, alerts=(), alerting=AlertsRow()))
    assert "nothing fires, nothing is muted" in seen


def later(source: Recorded, clock: Clock, seconds: float) -> None:
    """Time goes by, and the daemon says so."""
    assert source.now is not None
    clock.seconds += seconds
    source.now = msgspec.structs.replace(source.now, at=source.now.at + seconds)


async def test_a_move_of_the_cutover_can_be_taken_back_for_five_seconds() -> None:
    """Typed, reasoned, confirmed, and still not sent: escape leaves nothing done; left alone it is sent once."""
    for taken_back in (True, False):
        source, clock = Recorded(recorded.FIRING), Clock()
        app = terminal(source, operator=True, clock=clock)
        async with app.run_test(size=SIZE) as pilot:
            seen = await shown(app, pilot, "1", "V", "=done", "tab", "=all is well", "enter")
            assert "sent in 5 s: esc takes it back" in seen
            later(source, clock, 3.0)
            seen = await shown(app, pilot, "enter", "enter")
            assert "sent in 2 s" in seen
            assert source.acts == []
            if taken_back:
                await shown(app, pilot, "escape")
            later(source, clock, 2.0)
            await shown(app, pilot)
            await app.workers.wait_for_complete()
            later(source, clock, 9.0)
            await shown(app, pilot)
        sent_ = [(act.path, act.body) for act in source.acts]
        assert sent_ == ([] if taken_back else [("/api/v1/stages/done/advance", {"reason": "all is well"})])


async def test_what_stands_against_it_meanwhile_stops_a_move() -> None:
    """A gate that breaks within the five seconds, or a daemon that goes away: nothing is sent."""
    blocked = msgspec.structs.replace(recorded.STAGES[3], blocked="gates that must be GO are not: loss")
    source, clock = Recorded(recorded.FIRING), Clock()
    app = terminal(source, operator=True, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "1", "V", "=done", "tab", "=all is well", "enter")
        source.now = msgspec.structs.replace(recorded.FIRING, stages=(*recorded.STAGES[:3], blocked))
        later(source, clock, 1.0)
        assert "gates that must be GO are not: loss" in await shown(app, pilot)
        later(source, clock, 10.0)
        await shown(app, pilot)
        assert "type it here" in text(app) or "done" in text(app)
    assert source.acts == []


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        (("L", "=hypercare", "tab", "=bridge asks", "enter"), "/api/v1/stages/hypercare/hold"),
        ((":", "=hold", "enter", "=hypercare", "tab", "=bridge asks", "enter"), "/api/v1/stages/hypercare/hold"),
    ],
)
async def test_a_hold_is_sent_at_once(keys, path) -> None:
    """Holding is the safe side: no five seconds."""
    _, sent_ = await screen("1", *keys)
    assert sent_ == [(path, {"reason": "bridge asks"})]


@pytest.mark.parametrize(
    ("keys", "stage"),
    [(("K",), "pilot"), ((":", "=back", "enter"), "pilot"), ((":", "=back legacy", "enter"), "legacy")],
)
async def test_back_goes_one_stage_or_to_the_named_one(keys, stage) -> None:
    """The stage to go to is what is typed, and it too waits five seconds."""
    source, clock = Recorded(recorded.FIRING), Clock()
    app = terminal(source, operator=True, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "1", *keys, f"={stage}", "tab", "=calls drop", "enter")
        assert source.acts == []
        later(source, clock, 5.0)
        await shown(app, pilot)
        await app.workers.wait_for_complete()
    assert [act.path for act in source.acts] == [f"/api/v1/stages/{stage}/back"]


@pytest.mark.parametrize(
    ("keys", "more", "person", "words"),
    [
        (("V",), {"votes": ("anna",)}, ANNA, "you have agreed already (1 of 2): another person must agree"),
        (("V",), {"blocked": "pilot must stand for 5m more"}, ANNA, "pilot must stand for 5m more"),
        (("V",), {}, Person(name="olga", role="operator"), "your role is operator: only an approver moves a stage"),
        ((":", "=advance legacy", "enter"), {}, ANNA, "'legacy' is not the next stage: that is done"),
        ((":", "=back done", "enter"), {}, ANNA, "'done' does not come before this stage; there are: pilot, legacy"),
        ((":", "=hold now", "enter"), {}, ANNA, "hold takes nothing after it"),
    ],
)
async def test_a_move_that_cannot_be_says_why_before_anything_is_typed(keys, more, person, words) -> None:
    """Four eyes, dwell, gates, role, order: each in its own words."""
    stages = (*recorded.STAGES[:3], msgspec.structs.replace(recorded.STAGES[3], **more))
    seen, sent_ = await screen(
        "1", *keys, moment=msgspec.structs.replace(recorded.FIRING, stages=stages), person=person
    )
    assert words in seen
    assert sent_ == []


async def test_a_held_stage_says_who_holds_it() -> None:
    """Holding twice is no second line in the journal."""
    held = msgspec.structs.replace(recorded.STAGES[2], held="held by ben: bridge asks")
    moment = msgspec.structs.replace(recorded.FIRING, stages=(*recorded.STAGES[:2], held, recorded.STAGES[3]), at=AT)
    seen, _ = await screen("1", "L", moment=moment)
    assert "it is held already: held by ben: bridge asks" in seen


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_names_of_alerts_are_only_text(hostile) -> None:
    """In the table, the detail and every dialog: no control byte, no link, no action, exact width, nothing sent."""
    source = Recorded(poison(recorded.FIRING, hostile))
    source.answers = Anything(msgspec.json.encode(poison(recorded.DETAIL, hostile.replace("\ud800", ""))))
    app = terminal(source, operator=True)
    async with app.run_test(size=(100, 30)) as pilot:
        for keys in (("5",), ("a",), ("escape", "m"), ("escape", "n"), ("escape", "G"), ("1", "V"), ("escape", "K")):
            seen = await shown(app, pilot, *keys)
            assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in seen)
            for strip in app.screen._compositor.render_strips(app.size):
                assert strip.cell_length == 100
                assert all(not segment.style or not segment.style.link for segment in strip)
                assert all(not (segment.style and segment.style.meta.get("@click")) for segment in strip)
    assert source.acts == []


@given(
    typed=st.text(max_size=20) | st.from_regex(r"[0-9]{1,4}(s|m|h|d)", fullmatch=True),
    most=st.sampled_from([3600.0, 43200.0]),
)
def test_a_span_is_within_bounds_or_said_to_be_none(typed, most) -> None:
    """Whatever is typed: what is not refused lasts from a minute to what the role may, so the daemon is never asked for more."""
    if span_trouble(typed, most) == "":
        assert 60.0 <= parse_duration(typed) <= most
