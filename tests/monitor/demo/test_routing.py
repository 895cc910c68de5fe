from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from monitor.demo.centre import Centre
from monitor.demo.geography import QUEUES
from monitor.demo.routing import KEYS, Routing

START = 1_000_000.0


class Api:
    """A centre behind its real HTTP interface."""

    def __init__(self, centre: Centre, routing: Routing, session: ClientSession, url: str) -> None:
        self.centre, self.routing = centre, routing
        self._session, self._url = session, url

    async def call(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        async with self._session.request(method, f"{self._url}{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    centre = Centre(1, START)
    routing = Routing(centre)
    runner = web.AppRunner(routing.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        yield Api(centre, routing, session, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


async def test_an_order_moves_a_queue_and_can_be_probed(api: Api) -> None:
    """A PUT moves the traffic, and the GET that a runbook's probe uses says where it is."""
    assert await api.call("PUT", "/routes/billing", {"to": "target"}) == (
        200,
        {"name": "billing", "to": "target", "target": 100.0},
    )
    assert api.centre.routes["billing"] == 100.0
    assert (await api.call("GET", "/routes/billing"))[1]["to"] == "target"
    assert api.centre.routes["claims"] == 0.0


async def test_a_group_is_where_all_its_queues_are(api: Api) -> None:
    """A group moves as one, and is nowhere while its queues are split."""
    await api.call("PUT", "/routes/sales", {"to": "target"})
    assert api.centre.routes["sales-en"] == api.centre.routes["sales-de"] == 100.0
    await api.call("PUT", "/routes/sales-de", {"to": "legacy"})
    assert (await api.call("GET", "/routes/sales"))[1]["to"] == "split"


async def test_a_repeat_under_the_same_key_is_not_applied_again(api: Api) -> None:
    """A second order with the first one's key gets the first answer and moves nothing."""
    first = await api.call("PUT", "/routes/billing", {"target": 40}, key="d1/billing")
    await api.call("PUT", "/routes/billing", {"to": "legacy"}, key="d1/other")
    assert await api.call("PUT", "/routes/billing", {"target": 40}, key="d1/billing") == first
    assert api.centre.routes["billing"] == 0.0
    assert (api.routing.applied, api.routing.repeated) == (2, 1)
    status, shown = await api.call("GET", "/routes")
    assert (status, shown["applied"], shown["repeated"]) == (200, 2, 1)
    assert set(shown["routes"]) == set(QUEUES)


async def test_a_key_belongs_to_one_order(api: Api) -> None:
    """A key that comes back with another order is refused, and nothing moves."""
    await api.call("PUT", "/routes/billing", {"to": "target"}, key="k")
    assert (await api.call("PUT", "/routes/claims", {"to": "target"}, key="k"))[0] == 422
    assert (await api.call("PUT", "/routes/billing", {"to": "legacy"}, key="k"))[0] == 422
    assert (api.centre.routes["billing"], api.centre.routes["claims"]) == (100.0, 0.0)


async def test_keys_are_remembered_within_bounds(api: Api) -> None:
    """The memory of keys has a bound."""
    for number in range(KEYS + 5):
        await api.call("PUT", "/agents/porto", {"target": 0}, key=str(number))
    assert len(api.routing._seen) == KEYS


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/routes/nowhere", {"to": "legacy"}, 404),
        ("/routes/billing", {"to": "mars"}, 400),
        ("/routes/billing", {}, 400),
        ("/routes/billing", {"to": "legacy", "target": 1}, 400),
        ("/routes/billing", {"target": 101}, 400),
        ("/routes/billing", {"target": 5, "extra": 1}, 400),
        ("/routes/billing", [1], 400),
        ("/agents/nowhere", {"target": 5}, 404),
        ("/agents/porto", {"rostered": -1}, 400),
        ("/agents/porto", {"target": 101}, 400),
    ],
)
async def test_a_bad_order_is_refused_in_words(api: Api, path: str, body: object, status: int) -> None:
    """What cannot be understood moves nothing and says why."""
    answered, said = await api.call("PUT", path, body)
    assert answered == status
    assert said["error"]
    assert api.routing.applied == 0


async def test_agents_follow_an_order(api: Api) -> None:
    """The roster is moved and enlarged over HTTP too."""
    await api.call("PUT", "/agents/porto", {"target": 50, "rostered": 40})
    assert await api.call("GET", "/agents/porto") == (
        200,
        {"site": "porto", "to": "split", "target": 50.0, "rostered": 40},
    )
    assert sum(line.agents for line in api.centre.lines.values() if line.site == "porto") == 40


async def test_a_script_begins_on_demand(api: Api) -> None:
    """Faults begin when somebody says so, and only those there are."""
    assert (await api.call("POST", "/script", {"name": "blind"}))[0] == 200
    assert api.centre.trouble("silence") == 1.0
    assert (await api.call("POST", "/script", {"name": "earthquake"}))[0] == 404
