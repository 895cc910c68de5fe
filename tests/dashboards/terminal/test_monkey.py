"""U7: no key and no run of keys changes anything while locked, and none does without a typed name while armed."""

from __future__ import annotations

import pytest
from textual import events

from dashboards.terminal import acts
from dashboards.terminal.screens.deck import SCREENS
from dashboards.terminal.screens.dialog import Dialog
from dashboards.terminal.view import Person, View
from tests.dashboards.terminal import recorded, recorded_alerts
from tests.dashboards.terminal.moments import key
from tests.dashboards.terminal.monkey import Watched, dispatch, pressed
from tests.dashboards.terminal.stage import ANNA, Recorded, shown, terminal

LOCKED, ARMED, PAINTED = 100_000, 20_000, 2_000
"""Keys in all, over every screen."""
SIZE = (100, 30)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    """What the monkey exports does not lie about."""
    monkeypatch.chdir(tmp_path)


def everything() -> Recorded:
    """A moment in which there is something to do on every screen, before somebody who may do all of it."""
    moment = recorded_alerts.with_work(recorded.PARKED)
    return Recorded(moment, person=Person(name="anna", role="approver", duties=(*ANNA.duties, "legal")))


async def typed(name: str, seed: int, count: int, *, operator: bool) -> tuple[Recorded, Watched]:
    """Begin on a screen and press keys; what was sent, and where the keys led."""
    source, watched = everything(), Watched()
    app = terminal(source, operator=operator)
    async with app.run_test(size=SIZE) as pilot:
        await shown(app, pilot, key(name))
        with app.batch_update():
            for pressed_key in pressed(seed, count):
                await dispatch(app, pressed_key)
                watched.look(app)
        assert app.is_running
    return source, watched


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCREENS)
async def test_a_hundred_thousand_keys_change_nothing_while_locked(name) -> None:
    """Through the key dispatch, begun on every screen: nothing is sent, and no dialog that could send even opens."""
    count = LOCKED // len(SCREENS) + 1
    source, watched = await typed(name, 11 + len(name), count, operator=False)
    assert source.acts == []
    assert watched.seen["Dialog"] == 0
    assert set(SCREENS) <= set(watched.seen)
    assert watched.seen.total() == count


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCREENS)
async def test_no_key_sends_anything_without_a_typed_name_while_armed(name) -> None:
    """Dialogs open by the hundred, enter is pressed in them again and again, and nothing leaves the terminal.

    But for a note: `:note` with its text typed out behind it is said at once, and changes nothing but the journal.
    """
    source, watched = await typed(name, 23 + len(name), ARMED // len(SCREENS) + 1, operator=True)
    assert [act for act in source.acts if act.path != "/api/v1/notes"] == []
    assert watched.seen["Dialog"] > 100


@pytest.mark.timeout(300)
@pytest.mark.parametrize("operator", [False, True], ids=["locked", "armed"])
async def test_two_thousand_keys_through_the_painted_screen_send_nothing(operator) -> None:
    """The same through the whole of Textual, as a terminal sends keys, with everything drawn."""
    source = everything()
    app = terminal(source, operator=operator)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        keys = list(pressed(5, PAINTED))
        for begin in range(0, PAINTED, 20):
            for one in keys[begin : begin + 20]:
                app.post_message(events.Key(one, one if len(one) == 1 else None))
            await pilot.pause()
        assert app.is_running
    assert source.acts == []


async def test_the_monkey_would_find_a_lock_that_does_not_hold(monkeypatch) -> None:
    """With the lock taken out dialogs open while locked: the test above would fail, so it can."""

    def unlocked(view: View) -> str:
        del view
        return ""

    monkeypatch.setattr(acts, "refusal", unlocked)
    _, watched = await typed("alerts", 3, 1500, operator=False)
    assert watched.seen["Dialog"] > 0


async def test_the_monkey_would_find_a_dialog_that_takes_any_name(monkeypatch) -> None:
    """With the typed name taken out acts are sent: the test above would fail, so it can."""

    def careless(dialog: Dialog) -> None:
        dialog.dismiss(dialog._question.act("because"))

    monkeypatch.setattr(Dialog, "on_input_submitted", careless)
    source, _ = await typed("alerts", 3, 1500, operator=True)
    assert source.acts
