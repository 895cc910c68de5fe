"""The scripted people: they move the cutover on, sign second, see to the agents, over HTTP like everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import ClientError

from monitor.demo.daemon_client import DaemonClient, Refused, RoutingClient
from monitor.demo.geography import QUEUES, SITES
from monitor.serving.snapshot import DecisionRow, Snapshot

LOOK = 0.2
"""Seconds between two looks at the board."""
HESITATION = 0.8
"""Seconds that a scripted person thinks before acting."""
CONFLICT = 409
_AWAITING = frozenset({"awaiting", "escalated"})
_REINFORCED = 60
"""Agents rostered at each site once reinforcements are called in."""


class Story:
    """One cutover as the scripted people live it, until it is cancelled."""

    def __init__(
        self,
        client: DaemonClient,
        routing: RoutingClient,
        tokens: dict[str, str],
        *,
        script: str,
        with_anna: bool,
        calm_before: float,
        begin: Callable[[], None],
    ) -> None:
        self._client = client
        self._routing = routing
        self._tokens = tokens
        self._script = script
        self._with_anna = with_anna
        """Whether anna is scripted too; else she is the person at the terminal."""
        self._calm_before = calm_before
        """Seconds between the full move and the trouble."""
        self._begin = begin
        self.snapshot: Snapshot | None = None

    async def play(self) -> None:
        """Live through it; returns only by an exception."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._cutover())
            group.create_task(self._sign())
            group.create_task(self._see_to_agents())

    async def _look(self) -> None:
        while True:
            try:
                self.snapshot = await self._client.snapshot()
            except (ClientError, TimeoutError):
                self.snapshot = None
            await asyncio.sleep(LOOK)

    async def _until(self, holds: Callable[[Snapshot], bool]) -> Snapshot:
        while True:
            if self.snapshot is not None and holds(self.snapshot):
                return self.snapshot
            await asyncio.sleep(LOOK)

    async def _act(self, person: str, path: str, **body: object) -> None:
        """Do something as a person. What the state of things does not allow (409) is left, and looked at again."""
        try:
            await self._client.act(self._tokens[person], path, body)
        except Refused as refused:
            if refused.status != CONFLICT:
                raise

    async def _cutover(self) -> None:
        """Sign the gates, go from legacy to pilot to full whenever the board says GO, then trouble begins."""
        await self._until(lambda _: True)
        await self._act("ben", "gates/smoke-calls/sign", signed=True, reason="ten smoke calls, all answered")
        await self._act("dan", "gates/vendor-bridge/sign", signed=True, reason="the vendor's engineer is on the bridge")
        for stage, percent in (("pilot", 50), ("full", 100)):
            await self._advance(stage)
            for site in SITES:
                await self._routing.put(f"agents/{site}", {"target": percent})
            for queue in QUEUES:
                await self._routing.put(f"routes/{queue}", {"target": percent})
        await self._until(lambda board: board.verdict.verdict == "GO")
        await asyncio.sleep(self._calm_before)
        self._begin()
        await self._routing.begin(self._script)

    async def _advance(self, stage: str) -> None:
        """Go to a stage once the board says GO; somebody else may have been faster."""
        while True:
            board = await self._until(lambda board: board.cutover.stage == stage or board.verdict.verdict == "GO")
            if board.cutover.stage == stage:
                return
            await self._act("dan", f"stages/{stage}/advance", reason="all gates are green")
            await asyncio.sleep(LOOK)

    async def _sign(self) -> None:
        """Anna first, unless she is you; ben second, never first. Scripted, they sign where a rollback is called for."""
        if self._with_anna and self._script != "rollback":
            return
        while True:
            board = await self._until(lambda board: any(row.state in _AWAITING for row in board.decisions))
            for row in board.decisions:
                if row.state in _AWAITING:
                    await self._vote(row)
            await asyncio.sleep(LOOK)

    async def _vote(self, row: DecisionRow) -> None:
        signed = {vote.person for vote in row.votes}
        if self._with_anna and "anna" not in signed:
            await self._approve("anna", row, "customers cannot be understood")
        elif signed - {"ben"} and "ben" not in signed:
            await self._approve("ben", row, "confirmed on the bridge")

    async def _approve(self, person: str, row: DecisionRow, reason: str) -> None:
        await asyncio.sleep(HESITATION)
        body = {"digest": row.digest, "nonce": row.nonce, "reason": reason}
        await self._act(person, f"decisions/{row.id}/approve", **body)

    async def _see_to_agents(self) -> None:
        """Cara calls in agents when a flood comes, and brings them back to the old desktops when a run asks for it."""
        reinforced = False
        answered: set[str] = set()
        while True:
            board = await self._until(lambda _: True)
            flooded = any(row.name == "abandonment" and row.active and row.state == "breach" for row in board.gates)
            if self._script == "queue-flood" and flooded and not reinforced:
                reinforced = True
                for site in SITES:
                    await self._routing.put(f"agents/{site}", {"rostered": _REINFORCED})
            for row in board.waiting:
                if row.kind == "manual" and row.id not in answered:
                    answered.add(row.id)
                    for site in SITES:
                        await self._routing.put(f"agents/{site}", {"target": 0})
                    await asyncio.sleep(HESITATION)
                    run, step = row.id.split("/", 1)
                    await self._act(
                        "cara", f"runs/{run}/steps/{step}/resolve", outcome="done", reason="all agents are back"
                    )
            await asyncio.sleep(LOOK)
