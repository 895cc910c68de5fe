"""Who may send what: the dialogs and their refusals, with a recorded daemon."""

from __future__ import annotations

import random

import msgspec
import pytest
from textual import events

from dashboards.terminal.view import LOCKS_AFTER, Person
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.stage import ANNA, Clock, Recorded, shown, terminal, text

SIZE = (100, 40)


def changed(**more: object) -> Snapshot:
    """The failing moment, a second later, with the decision changed."""
    decision = msgspec.structs.replace(recorded.DECISION, **more)
    return msgspec.structs.replace(recorded.FAILING, decisions=(decision,), at=recorded.AT + 1)


async def test_a_decision_is_approved_by_typing_its_runbook() -> None:
    """A, the runbook's name, enter: one act goes out, with digest and nonce as they were shown."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "A", "=rollback-voice", "tab", "=seen it", "enter")
        seen = text(app)
    assert [act.path for act in source.acts] == ["/api/v1/decisions/d-17/approve"]
    assert source.acts[0].body == {"digest": recorded.DECISION.digest, "nonce": "n-1", "reason": "seen it"}
    assert "approved rollback-voice" in seen


@pytest.mark.parametrize("typed", ["", "rollback", "rollback-voice2", "Rollback-voice", "y", "yes"])
async def test_a_wrong_name_sends_nothing(typed) -> None:
    """Anything but the whole name is refused with the word to type."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        seen = await shown(app, pilot, "6", "A", f"={typed}", "enter")
    assert source.acts == []
    assert "not sent: type exactly rollback-voice" in seen


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"requester": "anna"}, "you asked for this yourself"),
        ({"deadline": recorded.AT - 1}, "expired"),
        ({"duties": ("legal",)}, "legal must sign"),
        (
            {"votes": (msgspec.structs.replace(recorded.DECISION.votes[0], person="anna"),)},
            "you have signed this already",
        ),
    ],
    ids=["own-request", "expired", "wrong-duty", "signed-already"],
)
async def test_who_may_not_sign_is_told_why_and_no_dialog_opens(more, words) -> None:
    """Each refusal has its own words, and nothing goes out."""
    source = Recorded(changed(**more))
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        seen = await shown(app, pilot, "6", "A")
        assert words in seen
        assert "Type rollback-voice" not in seen
        await shown(app, pilot, "=rollback-voice", "enter")
    assert source.acts == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"nonce": "n-2"}, "it changed while you were reading"),
        ({"digest": "0" * 64}, "it changed while you were reading"),
        ({"state": "withdrawn"}, "its condition has cleared"),
        ({"state": "executing"}, "it is executing now"),
        ({"deadline": recorded.AT}, "expired"),
    ],
    ids=["votes-voided", "plan-edited", "condition-cleared", "others-signed", "expired"],
)
async def test_what_changes_while_the_dialog_is_open_stops_it(more, words) -> None:
    """The open dialog says what changed, and enter no longer sends."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "A", "=rollback-voice")
        source.now = changed(**more)
        seen = await shown(app, pilot, "enter")
        assert words in seen
        await shown(app, pilot, "enter")
    assert source.acts == []


async def test_the_countdown_runs_in_the_open_dialog_and_then_refuses() -> None:
    """Time passes with no news from the daemon's rows: the deadline counts on the daemon's clock."""
    source, clock = Recorded(recorded.FAILING), Clock()
    app = terminal(source, operator=True, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        assert "in 07:31, at 02:07:31 UTC" in await shown(app, pilot, "6", "A")
        clock.seconds += 1
        source.now = msgspec.structs.replace(recorded.FAILING, at=recorded.AT + 452)
        assert "expired" in await shown(app, pilot, "=rollback-voice", "enter")
    assert source.acts == []


async def test_a_locked_terminal_opens_no_dialog() -> None:
    """Every acting key says how to unlock, and nothing goes out."""
    source = Recorded(recorded.PARKED)
    app = terminal(source)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6")
        for key in "PBRKYN":
            seen = await shown(app, pilot, key)
            assert "locked: start with --operator or type :arm" in seen
    assert source.acts == []


async def test_arm_and_lock_are_commands_and_the_header_says_which() -> None:
    """:arm arms a known person, :lock locks again, and 15 minutes without a key lock too."""
    clock = Clock()
    source = Recorded(recorded.FAILING)
    app = terminal(source, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        assert "LOCKED anna" in await shown(app, pilot)
        assert "ARMED anna" in await shown(app, pilot, "colon", "=arm", "enter")
        assert "LOCKED anna" in await shown(app, pilot, "colon", "=lock", "enter")
        assert "ARMED anna" in await shown(app, pilot, "colon", "=arm", "enter")
        clock.seconds += LOCKS_AFTER - 1
        assert "ARMED anna" in await shown(app, pilot, "j")
        clock.seconds += LOCKS_AFTER + 1
        assert "LOCKED anna" in await shown(app, pilot)


async def test_nobody_cannot_arm() -> None:
    """Without a token there is no person, and :arm says what is missing."""
    app = terminal(Recorded(recorded.FAILING, person=None))
    async with app.run_test(size=SIZE) as pilot:
        seen = await shown(app, pilot, "colon", "=arm", "enter")
    assert "LOCKED nobody" in seen
    assert "--token-file" in seen


async def test_a_refusal_of_the_daemon_is_shown_in_its_words() -> None:
    """What the daemon answers stands on the screen; the terminal claims nothing else."""
    source = Recorded(recorded.FAILING)
    source.refuses = "votes were voided at 02:00:01"
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "A", "=rollback-voice", "enter")
        assert "refused: votes were voided at 02:00:01" in text(app)


async def test_nothing_can_be_signed_while_the_daemon_is_gone() -> None:
    """What is shown may be old: the key says so and opens nothing."""
    source, clock = Recorded(recorded.FAILING), Clock()
    app = terminal(source, operator=True, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6")
        source.now = None
        clock.seconds += 5
        assert "the daemon is gone" in await shown(app, pilot, "A")


@pytest.mark.parametrize(
    ("moment", "key", "path", "body"),
    [
        ("failing", "J", "/api/v1/decisions/d-17/reject", {"reason": ""}),
        ("running", "P", "/api/v1/runs/r-7f3a/pause", {"reason": ""}),
        ("running", "B", "/api/v1/runs/r-7f3a/abort", {"reason": ""}),
        ("parked", "R", "/api/v1/runs/r-7f3a/steps/weight/retry", {"outcome": "", "reason": ""}),
        ("parked", "K", "/api/v1/runs/r-7f3a/steps/weight/skip", {"outcome": "", "reason": ""}),
        ("parked", "Y", "/api/v1/runs/r-7f3a/steps/weight/resolve", {"outcome": "done", "reason": "seen it"}),
        ("parked", "N", "/api/v1/runs/r-7f3a/steps/weight/resolve", {"outcome": "not_done", "reason": "not there"}),
    ],
    ids=["reject", "pause", "abort", "retry", "skip", "took-effect", "did-not"],
)
async def test_each_acting_key_asks_first_and_sends_one_request(moment, key, path, body) -> None:
    """The key alone sends nothing; with the runbook typed it sends just its own act."""
    source = Recorded(recorded.MOMENTS[moment])
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", key, "enter")
        assert source.acts == []
        await shown(app, pilot, "=rollback-voice", "tab", f"={body['reason']}", "enter")
    assert [(act.path, act.body) for act in source.acts] == [(path, body)]


async def test_a_paused_run_is_let_go_on_with_the_same_key() -> None:
    """P on a paused run resumes it."""
    source = Recorded(recorded.with_run("paused", recorded.progressed(3, "next"), decision="paused"))
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "P", "=rollback-voice", "enter")
    assert [act.path for act in source.acts] == ["/api/v1/runs/r-7f3a/resume"]


async def test_a_gate_is_signed_under_the_cursor() -> None:
    """S on an unsigned gate asks for its name and sends the signature."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, *"jjjjj", "S", "=go-legal", "enter")
    assert [(act.path, act.body) for act in source.acts] == [
        ("/api/v1/gates/go-legal/sign", {"signed": True, "reason": ""})
    ]


async def test_a_note_and_a_request_by_hand_go_through_the_command_bar() -> None:
    """:note writes at once, :run asks for the runbook's name first; both name the person by token alone."""
    source = Recorded(recorded.HEALTHY)
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "colon", "=note slow wrap-up", "enter")
        await shown(app, pilot, "colon", "=run rollback-voice queue=sales-en", "enter", "=rollback-voice", "enter")
    assert [(act.path, act.body) for act in source.acts] == [
        ("/api/v1/notes", {"text": "slow wrap-up"}),
        ("/api/v1/runs", {"runbook": "rollback-voice", "parameters": {"queue": "sales-en"}, "reason": ""}),
    ]


async def test_ids_of_the_daemon_cannot_bend_the_address_of_an_act() -> None:
    """A decision id with slashes and dots stays one path segment."""
    source = Recorded(changed(id="../runs/x?y"))
    app = terminal(source, operator=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, "6", "A", "=rollback-voice", "enter")
    assert [act.path for act in source.acts] == ["/api/v1/decisions/..%2Fruns%2Fx%3Fy/approve"]


async def test_a_message_stays_until_the_next_key() -> None:
    """What was said is there frame after frame, and gone with the next key."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=SIZE) as pilot:
        assert "locked: start with" in await shown(app, pilot, "6", "A")
        assert "locked: start with" in await shown(app, pilot)
        assert "locked: start with" not in await shown(app, pilot, "j")


KEYS = [
    *"1234567890abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:?/-_.",
    *("enter", "escape", "tab", "up", "down", "space", "backspace", "pagedown", "home", "end", "ctrl+d", "f1"),
]
"""Everything but the key that leaves."""


@pytest.mark.parametrize("operator", [False, True], ids=["locked", "armed"])
async def test_random_keys_never_send_anything(operator, tmp_path, monkeypatch) -> None:
    """Thousands of random keys through the key dispatch, locked or armed: no act goes out without a typed name."""
    monkeypatch.chdir(tmp_path)  # what the keys export does not lie about
    source = Recorded(recorded.PARKED, person=Person(name="anna", role="admin", duties=ANNA.duties))
    app = terminal(source, operator=operator)
    dice = random.Random(7)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        for _ in range(120):
            for key in dice.choices(KEYS, k=25):
                app.post_message(events.Key(key, key if len(key) == 1 else None))
            await pilot.pause()
        assert app.is_running
    assert source.acts == []


async def test_the_dialog_names_every_queue_that_is_moved_and_every_scope_that_calls() -> None:
    """Who signs for three queues reads three names, in the order in which they are dealt with."""
    queues = ("sales", "claims", "billing")
    several = changed(
        scope="queue=sales; queue=claims; queue=billing",
        scopes=tuple(f"queue={queue}" for queue in queues),
        targets=tuple({"queue": queue} for queue in queues),
        parameters={f"queue_{number}": queue for number, queue in enumerate(queues, 1)},
    )
    app = terminal(Recorded(several), operator=True)
    async with app.run_test(size=SIZE) as pilot:
        seen = " ".join((await shown(app, pilot, "6", "A")).split())
    assert "3 one after the other: queue=sales; then queue=claims; then queue=billing" in seen
    assert "3 scopes: queue=sales; queue=claims; queue=billing" in seen


async def test_the_dialog_says_when_nothing_can_be_run() -> None:
    """A request whose parameters do not fit says so before anybody types a word."""
    why = "cannot be run: its parameters do not fit the runbook: parameter queue is 'A/../b'"
    app = terminal(Recorded(changed(targets=(), parameters={}, detail=why)), operator=True)
    async with app.run_test(size=SIZE) as pilot:
        seen = " ".join((await shown(app, pilot, "6", "A")).split())
    assert "careful cannot be run: its parameters do not fit the runbook" in seen
