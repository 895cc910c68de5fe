"""Both simulated platforms with all that the catalogue acts on: the demo's centre and carrier, and beside them a
scheduler, a change calendar, an edge, a numbers API and a CRM integration, all over real HTTP.

What is measured follows from what was done: calls go where their routes lead, agents are where they were told to be.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web

from monitor.demo.centre import Centre
from monitor.demo.geography import QUEUES, SITES
from monitor.demo.routing import Routing

START = 1_000_000.0
STEP = 0.5
"""Simulated seconds between two looks."""
WINDOW = 20
"""Looks over which a share of calls is measured."""
ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "freeze": {"state": ("open", "frozen")},
    "waves": {"state": ("running", "paused", "closed")},
    "lines": {"line": ("main", "backup")},
    "numbers": {"flow": ("main", "overflow")},
    "integrations": {"mode": ("read-write", "read-only")},
}
"""What an order to each kind of thing may say."""


class Platforms:
    """The world. `base` is its URL once it is served."""

    def __init__(self) -> None:
        self.centre = Centre(7, START)
        self.routing = Routing(self.centre)
        self.base = ""
        self.orders: list[str] = []
        """`PUT /path` of everything that was ordered, in the order of arrival, repeated ones too."""
        self.things: dict[str, dict[str, Any]] = {}
        """State of everything that is not a call or an agent, by path."""
        self.changed: Counter[str] = Counter()
        """Orders that took effect, by path."""
        self.keys: dict[str, web.Response] = {}
        self._now = START
        self._counts: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        for queue in QUEUES:
            self.centre.route(queue, 100.0)
        for site in SITES:
            self.centre.staff(site, target=100.0)
        for _ in range(2 * WINDOW):
            self.look()

    def application(self) -> web.Application:
        app = self.routing.application()
        app.middlewares.append(self._noted)
        app.router.add_get("/flows/overflow", self._published)
        app.router.add_get("/integrations/{name}/lookup", self._lookup)
        for kind in ALLOWED:
            app.router.add_get(f"/{kind}/{{name}}", self._shown)
            app.router.add_put(f"/{kind}/{{name}}", self._ordered)
        return app

    @web.middleware
    async def _noted(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method != "GET":
            self.orders.append(f"{request.method} {request.path}")
        return await handler(request)

    async def _published(self, _: web.Request) -> web.Response:
        return web.json_response({"flow": "overflow", "state": "published"})

    async def _lookup(self, request: web.Request) -> web.Response:
        slow = self.thing(f"/integrations/{request.match_info['name']}")["mode"] == "read-write"
        return web.json_response({"found": not slow}, status=504 if slow else 200)

    def thing(self, path: str) -> dict[str, Any]:
        """The state of a thing; as it was built before anybody ordered otherwise."""
        kind = path.split("/")[1]
        return self.things.setdefault(path, {field: values[0] for field, values in ALLOWED[kind].items()})

    async def _shown(self, request: web.Request) -> web.Response:
        return web.json_response(self.thing(request.path))

    async def _ordered(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        if key in self.keys:
            return web.Response(body=self.keys[key].body, content_type="application/json")
        order = await request.json()
        allowed = ALLOWED[request.path.split("/")[1]]
        wrong = [name for name, value in order.items() if name in allowed and value not in allowed[name]]
        if wrong or not set(order) & set(allowed):
            return web.json_response({"error": f"not understood: {order}"}, status=400)
        self.thing(request.path).update(order)
        self.changed[request.path] += 1
        answer = web.json_response(self.thing(request.path))
        if key:
            self.keys[key] = answer
        return answer

    @property
    def applied(self) -> int:
        """Orders that took effect, of all kinds."""
        return self.routing.applied + self.changed.total()

    def state(self) -> dict[str, Any]:
        """Where everything is now: what an undo must bring back."""
        plain = {path: {k: v for k, v in thing.items() if k != "because"} for path, thing in self.things.items()}
        return {"routes": dict(self.centre.routes), "agents": dict(self.centre.desks), **plain}

    def look(self) -> dict[str, float | None]:
        """Let half a second of calls happen, and measure."""
        self._now += STEP
        self.centre.step(self._now)
        offered = dict.fromkeys(("legacy", "target"), 0)
        for line in self.centre.lines.values():
            offered[line.platform] += line.offered
        self._counts.append((offered["legacy"], offered["target"]))
        came = [new - old for new, old in zip(self._counts[-1], self._counts[0], strict=True)]
        on_target = min(self.centre.desks.values()) / 100.0
        waves = [thing for path, thing in self.things.items() if path.startswith("/waves/")]
        lines = [thing for path, thing in self.things.items() if path.startswith("/lines/")]
        overflowing = sum(thing.get("flow") == "overflow" for thing in self.things.values())
        broken = self.thing("/integrations/crm")["mode"] == "read-write"
        return {
            "legacy_trunks_up": 1.0,
            "legacy_agents_able": 1.0,
            "legacy_capacity": 1.4,
            "legacy_agents_ready": 1.0 - max(self.centre.desks.values()) / 100.0,
            "target_agents_ready": on_target,
            "legacy_offered_share": came[0] / sum(came) if sum(came) else None,
            "legacy_abandon": self._lost("legacy"),
            "target_abandon": self._lost("target"),
            "target_mos": 4.2,
            "target_loss": 0.002,
            "target_share_change": 0.0 if all(w["state"] != "running" for w in waves) and waves else 0.05,
            "open_changes": 0.0 if self.thing("/freeze/all")["state"] == "frozen" else 3.0,
            "backup_line_up": 1.0,
            "backup_line_headroom": 0.6,
            "backup_line_active": float(any(thing["line"] == "backup" for thing in lines)),
            "overflow_calls": 0.4 * overflowing,
            "overflow_lost": 0.0,
            "crm_reads_work": 1.0,
            "crm_errors": 0.3 if broken else 0.0,
        }

    def _lost(self, platform: str) -> float | None:
        shares = [
            share
            for (where, _), line in self.centre.lines.items()
            if where == platform and (share := line.shares(self._now)) is not None
        ]
        calls = sum(count for count, _, _ in shares)
        return sum(count * lost for count, lost, _ in shares) / calls if calls else None


@asynccontextmanager
async def served_platforms() -> AsyncIterator[Platforms]:
    """The platforms on a free port of this machine."""
    world = Platforms()
    runner = web.AppRunner(world.application(), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield world
    finally:
        await runner.cleanup()


async def order(world: Platforms, path: str, body: dict[str, Any]) -> None:
    """What a person does at a console of the platforms."""
    async with ClientSession() as session, session.put(f"{world.base}{path}", json=body) as answer:
        assert answer.status == 200, await answer.text()
