"""The simulated carrier's and roster's HTTP interface: what a rollback runbook calls, and the traffic really moves."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec
from aiohttp import web

from monitor.demo.centre import Centre
from monitor.demo.faults import SCRIPTS
from monitor.demo.geography import GROUPS, QUEUES, SITES

KEYS = 1000
"""Idempotency keys that are remembered; the oldest is forgotten first."""


class RouteOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a queue's calls go: all to one platform (`to`), or a percentage of them to the target."""

    to: str | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        if (self.to is None) == (self.target is None):
            raise ValueError('say {"to": "legacy"} or {"to": "target"} or {"target": percent}, one of them')
        if self.to is not None and self.to not in ("legacy", "target"):
            raise ValueError(f"to is legacy or target, not {self.to!r}")
        if self.target is not None and not 0 <= self.target <= 100:  # noqa: PLR2004 - percent
            raise ValueError("target is a percentage, 0 to 100")

    @property
    def percent(self) -> float:
        """Percent of calls to the target platform."""
        if self.target is not None:
            return self.target
        return 100.0 if self.to == "target" else 0.0


class RosterOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many agents are rostered at a site, and what percentage of them is logged in on the target platform."""

    rostered: int | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        if self.rostered is not None and not 0 <= self.rostered <= 1000:  # noqa: PLR2004 - a site's size
            raise ValueError("rostered is 0 to 1000")
        if self.target is not None and not 0 <= self.target <= 100:  # noqa: PLR2004 - percent
            raise ValueError("target is a percentage, 0 to 100")


class ScriptOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which script of faults begins now."""

    name: str


def _answer(payload: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(payload), content_type="application/json", status=status)


def _refuse(status: int, what: str) -> web.Response:
    return _answer({"error": what}, status)


def _where(percents: list[float]) -> str:
    """One word for where everything is, when it is all in one place."""
    if max(percents) <= 0:
        return "legacy"
    return "target" if min(percents) >= 100 else "split"  # noqa: PLR2004 - percent


class Routing:
    """The handlers and their memory of idempotency keys."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._seen: OrderedDict[str, tuple[str, bytes, web.Response]] = OrderedDict()
        self.applied = 0
        """Orders that changed something or would have."""
        self.repeated = 0
        """Orders that came again under a key already served, and were not applied again."""

    def application(self) -> web.Application:
        """The routes, ready to be served."""
        app = web.Application(client_max_size=65536)
        app.add_routes(
            [
                web.get("/routes", self._routes),
                web.get("/routes/{queue}", self._route),
                web.put("/routes/{queue}", self._reroute),
                web.get("/agents/{site}", self._agents),
                web.put("/agents/{site}", self._staff),
                web.post("/script", self._begin),
            ]
        )
        return app

    async def _routes(self, _request: web.Request) -> web.Response:
        return _answer(
            {
                "routes": {queue: self._shown(queue) for queue in QUEUES},
                "applied": self.applied,
                "repeated": self.repeated,
            }
        )

    async def _route(self, request: web.Request) -> web.Response:
        name = request.match_info["queue"]
        if not self._queues(name):
            return _refuse(404, f"no queue or group {name!r}")
        return _answer(self._shown(name))

    async def _reroute(self, request: web.Request) -> web.Response:
        name = request.match_info["queue"]
        queues = self._queues(name)
        if not queues:
            return _refuse(404, f"no queue or group {name!r}")

        def apply(order: RouteOrder) -> object:
            for queue in queues:
                self._centre.route(queue, order.percent)
            return self._shown(name)

        return await self._once(request, RouteOrder, apply)

    async def _agents(self, request: web.Request) -> web.Response:
        site = request.match_info["site"]
        return _answer(self._roster(site)) if site in SITES else _refuse(404, f"no site {site!r}")

    async def _staff(self, request: web.Request) -> web.Response:
        site = request.match_info["site"]
        if site not in SITES:
            return _refuse(404, f"no site {site!r}")

        def apply(order: RosterOrder) -> object:
            self._centre.staff(site, target=order.target, rostered=order.rostered)
            return self._roster(site)

        return await self._once(request, RosterOrder, apply)

    async def _begin(self, request: web.Request) -> web.Response:
        try:
            order = msgspec.json.decode(await request.read(), type=ScriptOrder)
        except msgspec.MsgspecError as error:
            return _refuse(400, str(error))
        if order.name not in SCRIPTS:
            return _refuse(404, f"no script {order.name!r}")
        self._centre.begin(order.name)
        return _answer({"script": order.name})

    async def _once(self, request: web.Request, order_type: type[Any], apply: Any) -> web.Response:  # noqa: ANN401 - an order and what takes it
        body = await request.read()
        key = request.headers.get("Idempotency-Key", "")
        if key and (known := self._seen.get(key)):
            path, first, answer = known
            if (path, first) != (request.path, body):
                return _refuse(422, "this idempotency key was used for another order")
            self.repeated += 1
            return web.Response(body=answer.body, content_type="application/json", status=answer.status)
        try:
            order = msgspec.json.decode(body, type=order_type)
        except msgspec.MsgspecError as error:
            return _refuse(400, str(error))
        answer = _answer(apply(order))
        self.applied += 1
        if key:
            self._seen[key] = (request.path, body, answer)
            while len(self._seen) > KEYS:
                self._seen.popitem(last=False)
        return answer

    def _queues(self, name: str) -> tuple[str, ...]:
        return GROUPS.get(name, (name,) if name in QUEUES else ())

    def _shown(self, name: str) -> dict[str, object]:
        percents = [self._centre.routes[queue] for queue in self._queues(name)]
        return {"name": name, "to": _where(percents), "target": max(percents)}

    def _roster(self, site: str) -> dict[str, object]:
        target = self._centre.desks[site]
        return {"site": site, "to": _where([target]), "target": target, "rostered": self._centre.rostered[site]}
