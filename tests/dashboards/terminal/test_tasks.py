"""What people do at three in the morning, by keyboard alone, each within its budget of keys (U3)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest

from tests.dashboards.terminal.moments import key, moment
from tests.dashboards.terminal.recorded_details import RAW, Answering
from tests.dashboards.terminal.stage import Recorded, shown, terminal
from tests.dashboards.terminal.test_drill import MOMENT

LINKED = msgspec.structs.replace(MOMENT, links={"grafana": "https://grafana.example"})


class Task(NamedTuple):
    """Keys (`=text` is typed letter by letter), what is then on the screen, and how many keys it may take."""

    keys: tuple[str, ...]
    seen: tuple[str, ...]
    budget: int


TASKS = {
    "may the cutover go on, why, since when": Task((), ("NO-GO", "sales-en abandon 11.8% > 8.0%", "4m12s"), 0),
    "how old is the oldest input, and whose": Task((), ("oldest input 41s crm-probe",), 0),
    "what waits for a person, how long still": Task((), ("2 wait for a person 07:31", "rollback-voice"), 0),
    "target against legacy of the worst gate": Task((), ("6.1%  11.8% worse",), 0),
    "which sources are not well": Task((), ("RETRYING crm-probe", "SILENT   ivr-probe"), 0),
    "only what is not OK": Task(("f",), ("Abandon rate", "Payment IVR"), 1),
    "why is the second worst gate unknown": Task(("j",), ("last good 98.7% at 01:14:55",), 1),
    "what would the worst gate set off": Task(("enter",), ("voice proposes rollback-voice when abandon",), 1),
    "the raw message of a bad gate": Task(("enter", "enter", "enter"), (RAW,), 3),
    "what does this number mean": Task(
        ("question_mark", "question_mark"), ("Share of contacts that were abandoned",), 2
    ),
    "which integration is worst, since when, why": Task(("4",), ("FAILED   payment target", "2m00s", "login: dns"), 1),
    "where does the slow one spend its time": Task(("4", "j", "j", "j", "j"), ("f first byte 1.9s",), 5),
    "the raw exchange of the failed integration": Task(("4", "enter", "enter", "enter"), ("CAME",), 4),
    "only the CRM": Task(("slash", "=crm"), ("filter: crm", "2 of 7 shown"), 5),
    "only the CRM, from any screen": Task(("colon", "=integrations crm", "enter"), ("filter: crm",), 18),
    "the messages around the newest gap": Task(("tab", "tab", "enter", "j", "enter"), ("BEFORE IT",), 5),
    "what happened last": Task(("7",), ("TIMELINE", "abandon is breach"), 1),
    "the decision that waits, in full": Task(("6",), ("rollback-voice", "EVIDENCE"), 1),
    "its dialog, from anywhere": Task(("6", "A"), ("Type rollback-voice to approve",), 2),
    "back to where I was": Task(("4", "6", "minus"), ("INTEGRATIONS 7",), 3),
    "hold it still to read it out": Task(("p",), ("DISPLAY HELD",), 1),
    "the dashboard of this for the bridge": Task(("b",), ("copied: https://grafana.example/d/golive-overview",), 1),
    "one pane on the whole screen": Task(("z",), ("GATES",), 1),
    "which keys are there": Task(("question_mark",), ("THIS SCREEN", "palette"), 1),
}


ELSEWHERE = {
    "which queue is worst, old against new": Task(("3",), ("BREACH   sales-en", "5.9%   11.8%▲", "6m10s   7m55s▲"), 2),
    "which trunk sounds worst, and since when": Task(("2",), ("BREACH   sbc-fra-2", "3.31!", "2m05s"), 1),
}
"""Tasks on the screens that have recorded moments of their own."""


def presses(keys: tuple[str, ...]) -> int:
    """Keys that a person presses; typed text counts by its letters."""
    return sum(len(key) - 1 if key.startswith("=") else 1 for key in keys)


@pytest.mark.parametrize("name", TASKS)
async def test_the_task_is_done_within_its_budget_of_keys(name) -> None:
    """Each question is answered, or thing done, with no more keys than it may take."""
    task = TASKS[name]
    assert presses(task.keys) <= task.budget
    app = terminal(Answering(LINKED), operator=True)
    async with app.run_test(size=(160, 48)) as pilot:
        start = ("4",) if name == "only the CRM" else ()
        seen = await shown(app, pilot, *start, *task.keys)
        seen = await shown(app, pilot)
    for words in task.seen:
        assert words in seen, f"{words!r} not in\n{seen}"


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_the_worst_of_a_table_is_found_within_its_budget_of_keys(name) -> None:
    """Its row is the first one, with both platforms side by side."""
    task = ELSEWHERE[name]
    assert presses(task.keys) <= task.budget
    screen = {key("queues"): "queues", key("calls"): "calls"}[task.keys[0]]
    app = terminal(Recorded(moment(screen)))
    async with app.run_test(size=(160, 48)) as pilot:
        seen = await shown(app, pilot, *task.keys)
    rows = iter(seen.splitlines())
    next(row for row in rows if "State" in row)
    first = next(rows)
    for words in task.seen:
        assert words in seen, f"{words!r} not in\n{seen}"
    assert task.seen[0] in first


def test_there_are_at_least_twenty_tasks() -> None:
    """The list is as long as it was promised to be."""
    assert len(TASKS) >= 20
