"""Screen 7: who did what when, all of it, provable, and handed over."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.terminal.chronicle import MOST, NEWEST, PAGE, Chronicle, path
from dashboards.terminal.drawing.spans import Glyphs, line_cells, plain
from dashboards.terminal.drawing.timeline import below, proved, verdict_on
from dashboards.terminal.handover import SHIFT, escaped, handover, markdown
from dashboards.terminal.replay import Replay
from monitor.serving.alert_rows import AlertRow, AlertsRow, MuteRow
from monitor.serving.snapshot import EventRow, PointRow
from monitor.serving.timeline_rows import Proof, TimelinePage, TimelineRow
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.bygone import Remembering, at, record
from tests.dashboards.terminal.stage import Recorded, shown, terminal, text
from tests.dashboards.terminal.test_hostile import HOSTILE
from tests.dashboards.terminal.test_past import settled


def line(seq: int, ago: float = 0.0, **more: object) -> TimelineRow:
    """A line of the journal; `more` overrides any column."""
    base = {"seq": seq, "at": recorded.AT - ago, "kind": "note", "who": "cara", "what": f"line {seq}", "object": ""}
    return msgspec.convert({**base, "previous": f"{seq - 1:064x}", "hash": f"{seq:064x}", **more}, TimelineRow)


class Journal:
    """The public lines of a journal, answered as the daemon does; some numbers are not public."""

    def __init__(self, count: int, hidden: frozenset[int] = frozenset()) -> None:
        self.lines = [line(seq, (count - seq) * 5.0) for seq in range(1, count + 1) if seq not in hidden]

    def page(self, before: int, limit: int = PAGE) -> TimelinePage:
        """The newest lines before a number."""
        found = [row for row in self.lines if row.seq < before]
        return TimelinePage(lines=tuple(found[-limit:]), more=len(found) > limit)

    def newest(self, count: int = 50) -> list[EventRow]:
        """As a snapshot tells them."""
        return [
            EventRow(**{name: getattr(row, name) for name in EventRow.__struct_fields__}) for row in self.lines[-count:]
        ]


class Told(Recorded):
    """A daemon with a journal of its own."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(msgspec.structs.replace(recorded.FAILING, events=tuple(journal.newest())))
        self.journal = journal

    async def read(self, where: str) -> bytes:
        """Pages of the journal; the rest as a test put it there."""
        if where.startswith("/api/v1/journal?before="):
            self.asked.append(where)
            before = int(where.removeprefix("/api/v1/journal?before=").partition("&")[0])
            return msgspec.json.encode(self.journal.page(before))
        return await super().read(where)


@given(
    st.integers(1, 900),
    st.sets(st.integers(1, 900), max_size=300),
    st.lists(st.integers(1, 200), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_every_public_line_is_known_once_however_the_journal_grew(count, hidden, leaps) -> None:
    """Paging ends with exactly the public lines, in order, whatever is not public and however much came unseen between."""
    whole = Journal(count + sum(leaps), frozenset(hidden))
    known = Chronicle()
    upto = count
    for leap in (0, *leaps):
        upto += leap
        part = Journal(0)
        part.lines = [row for row in whole.lines if row.seq <= upto]
        known.hear(part.newest())
        known.take(part.page(NEWEST), NEWEST)
        for _ in range(20):
            wanted = known.asks(deeper=True)
            if wanted is None:
                break
            known.take(part.page(wanted), wanted)
        assert known.rows(None)[::-1] == part.lines
        assert known.asks(deeper=True) is None


def test_a_journal_that_began_anew_replaces_what_was_known() -> None:
    """Line 3 of another journal is not line 3 of this one: the old lines go."""
    known = Chronicle()
    known.take(Journal(50).page(NEWEST), NEWEST)
    known.take(TimelinePage(lines=(line(1, -500.0), line(2, -501.0)), more=False), NEWEST)
    assert [row.seq for row in known.rows(None)] == [2, 1]


def test_what_a_terminal_keeps_of_a_journal_is_bounded() -> None:
    """A journal of a long night does not fill the terminal: the newest lines stay, and no more are asked for."""
    known, whole = Chronicle(), Journal(MOST + 3 * PAGE)
    before: int | None = NEWEST
    while before is not None:
        known.take(whole.page(before), before)
        before = known.asks(deeper=True)
    assert len(known) == MOST
    assert known.full


async def test_the_whole_journal_can_be_scrolled_through() -> None:
    """From the newest line to the first with the keys of every list; older pages come on the way."""
    source = Told(Journal(730))
    app = terminal(source)
    async with app.run_test(size=(120, 36)) as pilot:
        first = await shown(app, pilot, "7")
        for _ in range(8):
            last = await shown(app, pilot, "G")
    assert "line 730" in first
    assert "older ones on the way down" in first
    assert "line 1 " in last
    assert "730 lines" in last
    assert len(source.asked) <= 12


async def test_who_and_kind_and_object_can_be_filtered() -> None:
    """`/who:ben` leaves ben's lines, `/kind:verdict` the verdicts, and the frame says so."""
    seen = []
    for typed in ("=who:ben", "=kind:verdict"):
        app = terminal(Recorded(recorded.FAILING))
        async with app.run_test(size=(120, 36)) as pilot:
            seen.append(await shown(app, pilot, "7", "slash", typed, "enter"))
    ben, verdicts = seen
    assert "approved rollback-voice" in ben
    assert "rollback-voice proposed" not in ben
    assert "1 of 8 shown · filter: who:ben" in ben
    assert "verdict GO to NO-GO" in verdicts
    assert "2 of 8 shown" in verdicts


async def test_the_line_under_the_cursor_is_told_with_its_link_of_the_chain() -> None:
    """Below the list: the whole text, who and how, and the two hashes that bind it."""
    journal = Journal(3)
    journal.lines[2] = line(
        3, 60, kind="decision", who="ben", via="http", state="awaiting", object="d-17", what="approved: bridge agrees",
        digest="9c1e44ab01f2d3c4", previous="a41f" * 16, hash="77b0" * 16,
    )  # fmt: skip
    app = terminal(Told(journal))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "7")
        seen = await shown(app, pilot)
    assert "LINE 3" in seen
    assert "decision awaiting · by ben via http · at 2026-11-21 01:59:00 UTC · about d-17" in seen
    assert "digest sha256:9c1e44ab01f2" in seen
    assert "prev a41fa41fa41f… · hash 77b077b077b0…" in seen


async def test_enter_goes_down_to_the_line() -> None:
    """A line leads on as every row does."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot, "7", "enter")
    assert "Timeline > line 1282" in seen


async def test_a_moment_of_the_past_shows_what_was_written_until_then(tmp_path) -> None:
    """Under the PAST banner no line of the future stands in the timeline."""
    moments = [at(recorded.FAILING, 200), at(recorded.FAILING, 10)]
    file = await asyncio.to_thread(record, tmp_path / "night", moments)
    replay = await asyncio.to_thread(Replay, file)
    app = terminal(Remembering(recorded.FAILING, replay))
    async with app.run_test(size=(120, 36)) as pilot:
        now = await shown(app, pilot, "7")
        app.jump(recorded.AT - 150)
        await settled(app, pilot)
        then = await shown(app, pilot)
    replay.close()
    assert "approved rollback-voice" in now
    assert "PAST 01:56:40" in then
    assert "verdict GO to NO-GO" in then
    assert "rollback-voice proposed" not in then
    assert "approved rollback-voice" not in then


@pytest.mark.parametrize(
    ("proof", "words", "frame"),
    [
        (Proof(ok=True, lines=1288, at=recorded.AT, seq=1288, hash="77b0c1de" * 8), "the chain is whole: 1,288 lines", "audit ok 1,288 at 02:00:00"),
        (
            Proof(ok=False, lines=40, at=recorded.AT, seq=40, hash="ab" * 32, first_bad=41, why="line 41 was changed"),
            "the chain is broken at line 41: line 41 was changed",
            "AUDIT BROKEN at line 41",
        ),
    ],
)  # fmt: skip
async def test_one_key_proves_the_chain(proof: Proof, words: str, frame: str) -> None:
    """`V` has the daemon check every line; the answer is said, and stands in the frame with its time."""
    source = Recorded(recorded.FAILING)
    source.answers["/api/v1/journal/proof?asked=1"] = msgspec.json.encode(proof)
    app = terminal(source)
    async with app.run_test(size=(140, 36)) as pilot:
        await shown(app, pilot, "7")
        await pilot.press("V")
        await app.poll()
        await pilot.pause()
        seen = text(app)
        later = await shown(app, pilot, "j")
    assert words in seen
    assert frame in later
    assert frame == proved(proof) or frame in proved(proof)
    assert words in verdict_on(proof)


async def test_a_proof_that_cannot_be_had_is_said() -> None:
    """A daemon that says no is a sentence, and nothing is claimed about the chain."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "7")
        await pilot.press("V")
        await app.poll()
        await pilot.pause()
        seen = text(app)
    assert "the chain is not checked: nothing is at" in seen
    assert "audit ok" not in seen


async def test_the_hand_over_is_one_key_away_and_closes_with_another() -> None:
    """`H` shows stage, verdict, alerts, decisions and what to watch; esc is back on the timeline."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "7")
        await pilot.press("H")
        await app.poll()
        await pilot.pause()
        await pilot.pause()
        seen = text(app)
        back = await shown(app, pilot, "escape")
    assert "# Hand-over PROD eu-west: Voice wave 3" in seen
    assert "stage 3 of 4: Hypercare" in seen
    assert "LINE 1282" in back


async def test_the_hand_over_gathers_every_line_of_the_shift() -> None:
    """Lines that were not on the screen yet are fetched before it is shown."""
    source = Told(Journal(800))
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "7")
        await pilot.press("H")
        for _ in range(8):
            await app.poll()
            await pilot.pause()
        seen = text(app)
        while "line 601" not in seen and "more below" in seen:
            await pilot.press("pagedown")
            await pilot.pause()
            seen = text(app)
    assert "line 601" in seen
    assert "NOT WHOLE" not in seen


LINES = [
    line(1266, 2200, kind="note", who="cara", what="bridge: agents report slow wrap-up"),
    line(1280, 251, kind="verdict", who="engine", what="verdict GO → NO-GO: abandon 11.8% > 8.0%"),
    line(1282, 60, kind="decision", who="ben", what="approved by ben (1 of 2)", reason="bridge agrees"),
    line(1283, 50, kind="transition", who="engine", what="service level 71% is warn"),
]
HANDED = msgspec.structs.replace(
    recorded.FAILING,
    alerts=(
        AlertRow(id="a", name="abandon", scope="queue=sales-en", state="breach", value=0.118, limit=0.08, operator=">",
                 unit="ratio", since=recorded.AT - 252, acked_by="ben", acked_until=recorded.AT + 600, summary="Abandon sales-en 11.8% > 8.0%"),
        AlertRow(id="b", name="ivr", scope="", state="unknown", value=None, limit=0.95, operator="<", unit="ratio",
                 since=recorded.AT - 120, summary="Payment IVR: no source has answered",
                 quiet="follows sbc site=porto"),
    ),
    alerting=AlertsRow(mutes=(
        MuteRow(alert="tls", scope="*", by="cara", reason="lab gateway", since=recorded.AT - 60, until=recorded.AT + 900),
    )),
    points=(PointRow(name="pbx-off", state="open", after="freeze", detail="the PBX is still there"),),
)  # fmt: skip


def test_the_hand_over_says_what_the_next_shift_must_know() -> None:
    """Stage, verdict and since, open alerts and who has them, decisions with their reasons, changes, watch, points."""
    page = markdown(handover(HANDED, LINES, SHIFT, whole=True))
    for words in (
        "# Hand-over PROD eu-west: Voice wave 3",
        "- stage 3 of 4: Hypercare, since 2026-11-21 01:00:00",
        "- verdict NO-GO since 2026-11-21 01:55:48: sales-en abandon 11.8% > 8.0% (84 calls)",
        "- Abandon sales-en 11.8% > 8.0% - breach since 2026-11-21 01:55:48, ben has it until 2026-11-21 02:10:00",
        "- Payment IVR: no source has answered - unknown since 2026-11-21 01:58:00, NOBODY has it; nobody is told: follows sbc site=porto",
        "- tls everywhere: muted by cara until 2026-11-21 02:15:00 UTC (lab gateway)",
        "- approval: rollback-voice 1 of 2 signed, until 02:07:31 UTC",
        "approve by ben (bridge agrees), still open until 02:07:31 UTC",
        "2026-11-21 01:59:00 ben: approved by ben (1 of 2) (because: bridge agrees) (line 1282)",
        "2026-11-21 01:23:20 cara: bridge: agents report slow wrap-up (line 1266)",
        "2026-11-21 01:55:49 engine: verdict GO → NO-GO: abandon 11.8% > 8.0% (line 1280)",
        "a rollback can be decided until 03:12:30 UTC, 1h12m from now; a rollback takes 4m00s",
        "gate Payment IVR: UNKNOWN",
        "source crm-probe: retrying, stale",
        "pbx-off: open; nothing begins after it (the PBX is still there)",
    ):
        assert words in page, words
    assert "service level 71% is warn" not in page, "transitions are the board's business"
    assert "NOT WHOLE" not in page


def test_a_hand_over_that_lacks_lines_says_so() -> None:
    """What could not be read is never silently missing."""
    assert "NOT WHOLE" in markdown(handover(HANDED, LINES, SHIFT, whole=False))
    many = [line(seq, 10, kind="verdict") for seq in range(1, 260)]
    assert "59 lines are left out below" in markdown(handover(HANDED, many, SHIFT, whole=True))


@pytest.mark.parametrize(
    "hostile", [*HOSTILE, "![x](http://evil/a.png)", "# title", "<img src=x onerror=alert(1)>", "- [ ] x"]
)
def test_outside_text_cannot_become_markup_of_the_page(hostile: str) -> None:
    """A name that looks like a heading, a link, a picture or HTML is text in the hand-over."""
    rows = [line(1, 5, kind="note", who=hostile, what=hostile, reason=hostile)]
    page = markdown(handover(recorded.FAILING, rows, SHIFT, whole=True))
    plain_page = markdown(handover(recorded.FAILING, [line(1, 5)], SHIFT, whole=True))
    assert "![" not in page.replace("\\[", "")
    assert "<img" not in page.replace("\\<", "")
    assert [row for row in page.splitlines() if row.startswith("#")] == [
        row for row in plain_page.splitlines() if row.startswith("#")
    ]
    assert all(char.isprintable() or char == "\n" for char in page)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_escaping_only_adds_backslashes(words: str) -> None:
    """Whoever reads the page without rendering it still reads every letter."""
    assert escaped(words).replace("\\", "") == words.replace("\\", "")


@given(
    st.text(max_size=60), st.text(max_size=60), st.integers(20, 120), st.sampled_from([Glyphs(), Glyphs(ascii=True)])
)
@settings(max_examples=100, deadline=None)
def test_what_is_said_of_a_line_fits_its_pane(what: str, other: str, width: int, glyphs: Glyphs) -> None:
    """Whatever stands in the journal, no line below the list is wider than the pane or holds a control character."""
    row = line(7, 5, what=what, who=other, object=other, reason=what, digest=other, state=other)
    for drawn in below(row, width, glyphs):
        assert line_cells(drawn) <= width
        assert plain(drawn).isprintable()


def test_pages_are_asked_for_where_the_daemon_answers_them() -> None:
    """The address of the newest page is one that the daemon takes."""
    assert path(NEWEST) == f"/api/v1/journal?before={2**53}&limit={PAGE}"
