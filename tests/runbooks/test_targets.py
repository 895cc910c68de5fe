"""A runbook for several targets: each gets exactly the steps it would have had alone, with names and keys of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from runbooks.book import Book, Bound
from runbooks.findings import mistakes
from runbooks.model import Runbook, pinned_runbook

QUEUES = st.lists(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,10}", fullmatch=True), min_size=2, max_size=6, unique=True
)


def runbook(*steps: dict[str, Any], **fields: Any) -> Runbook:
    """A runbook that takes a queue and a site."""
    data = {
        "name": "back",
        "title": "Back",
        "parameters": {"queue": {"pattern": "[A-Za-z0-9_.-]+"}, "site": {"pattern": "[a-z]+", "default": "porto"}},
        "endpoints": {"api": "https://api.example.com"},
        "allow_hosts": ["api.example.com"],
        "steps": steps or STEPS,
        "verify": ["moved >= 1"],
        **fields,
    }
    return msgspec.convert(data, Runbook, strict=False)


def manual(name: str, text: str, **fields: Any) -> dict[str, Any]:
    """A step that a person does."""
    return {"name": name, "action": "manual", "effect": "once", "instructions": text, **fields}


STEPS: tuple[dict[str, Any], ...] = (
    manual("warn", "Tell the floor.", takes=60.0),
    manual("agents", "Agents of {queue} at {site} back; {{queue}} is written like this.", needs=["warn"]),
    manual("wait", "Wait a little.", needs=["agents"]),
    {
        "name": "route",
        "action": "http",
        "effect": "keyed",
        "needs": ["agents", "wait"],
        "request": {"method": "PUT", "url": "{api}/routes/{queue}", "json": {"to": ["legacy", "{site}"]}},
        "probe": {"url": "{api}/routes/{queue}"},
    },
    manual("tell", "Tell everybody.", needs=["route"]),
)


def bound(book: Runbook) -> Bound:
    """As deciding sees it."""
    return Bound(book, book.digest)


def test_one_target_is_the_runbook_itself() -> None:
    """Nothing is written out where there is nothing to write out."""
    plan = bound(runbook())
    assert plan.spread([{"queue": "a", "site": "porto"}]) is plan
    assert plan.values([{"queue": "a", "site": "porto"}]) == {"queue": "a", "site": "porto"}
    assert (plan.spread([]), plan.values([])) == (plan, {})


def test_what_names_the_target_is_done_for_each_and_the_rest_once() -> None:
    """From the first step that names the queue to the last one: queue after queue. Before and after: once."""
    targets = [{"queue": "a", "site": "porto"}, {"queue": "b", "site": "porto"}]
    plan = bound(runbook())
    rows = plan.spread(targets).steps("d1", plan.values(targets))
    assert [row.name for row in rows] == [
        "warn",
        "agents-1",
        "wait-1",
        "route-1",
        "agents-2",
        "wait-2",
        "route-2",
        "tell",
    ]
    assert rows[1].title == "agents (a)"
    assert "Agents of a at porto back; {queue} is written like this." in rows[1].request
    assert "Agents of b at porto" in rows[4].request
    steps = {step.name: step for step in plan.spread(targets).runbook.steps}
    assert steps["route-2"].needs == ("agents-2", "wait-2")
    assert steps["agents-2"].needs == ("warn",)
    assert steps["tell"].needs == ("route-1", "route-2")


@given(QUEUES)
def test_each_target_gets_the_requests_it_would_have_had_alone(queues: list[str]) -> None:
    """Values are put in as ever, never read again for names; every step has a name and an idempotency key of its own."""
    plan = bound(runbook())
    targets = [{"queue": queue, "site": "porto"} for queue in queues]
    spread, values = plan.spread(targets), plan.values(targets)
    assert spread.digest == plan.digest
    pinned = pinned_runbook(msgspec.json.decode(msgspec.json.encode(spread.pinned)))
    assert pinned == spread.runbook
    assert mistakes(pinned, "back") == []
    rows = {row.name: row.request for row in pinned.rows("d1", values)}
    assert len(rows) == len(pinned.steps)
    keys = set()
    for number, target in enumerate(targets, 1):
        alone = {row.name: row.request for row in plan.steps("d1", target)}
        for name in ("agents", "wait", "route"):
            assert rows[f"{name}-{number}"].replace(f"{name}-{number}", name) == alone[name]
        step = next(step for step in pinned.steps if step.name == f"route-{number}")
        keys.add(step.key_for(pinned.context("run", "d1", step.name, values, Path())))
    assert len(keys) == len(queues)


def test_a_key_that_does_not_name_the_step_is_told_apart_by_target() -> None:
    """The other side must not take the second queue's request for a repeat of the first one's."""
    step = {**STEPS[3], "needs": [], "key": "{decision}"}
    targets = [{"queue": "a", "site": "porto"}, {"queue": "b", "site": "porto"}]
    plan = bound(runbook(step))
    assert [each.key for each in plan.spread(targets).runbook.steps] == ["{decision}/1", "{decision}/2"]


def test_names_that_are_taken_are_not_taken_twice() -> None:
    """A step or a parameter that is already called like a second target's stays what it is."""
    steps = (manual("route", "Route {queue}, {queue_1}."), manual("route-1", "Route {queue} once more."))
    parameters = {"queue": {"pattern": ".+"}, "queue_1": {"pattern": ".+", "default": "z"}}
    plan = bound(runbook(*steps, parameters=parameters))
    targets = [{"queue": "a", "queue_1": "z"}, {"queue": "b", "queue_1": "z"}]
    rows = plan.spread(targets).steps("d1", plan.values(targets))
    assert len({row.name for row in rows}) == 4
    assert "Route a, z." in rows[0].request
    assert "Route b, z." in rows[2].request


def test_targets_that_differ_in_two_parameters_are_told_apart_in_both() -> None:
    """Queue and site of each target go together."""
    targets = [{"queue": "a", "site": "porto"}, {"queue": "b", "site": "berlin"}]
    plan = bound(runbook())
    assert plan.values(targets) == {"queue_1": "a", "queue_2": "b", "site_1": "porto", "site_2": "berlin"}
    rows = plan.spread(targets).steps("d1", plan.values(targets))
    assert "Agents of b at berlin" in next(row.request for row in rows if row.name == "agents-2")


@pytest.mark.parametrize("name", ["voice-back-to-legacy"])
def test_a_shipped_runbook_can_be_spread(name: str) -> None:
    """Agents and numbers queue by queue, then one look whether the calls arrive."""
    plan = Book.load(None).plan(name)
    assert plan is not None
    targets = [plan.filled({"queue": queue}) for queue in ("sales", "claims")]
    names = [row.name for row in plan.spread(targets).steps("d1", plan.values(targets))]
    assert names == ["agents-back-1", "repoint-numbers-1", "agents-back-2", "repoint-numbers-2", "calls-arrive"]
