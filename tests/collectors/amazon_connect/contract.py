"""Amazon Connect in the contract suite: a stand-in that answers through Amazon's own service model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.collectors.amazon_connect.service import ARN, SALES, Amazon, row, user
from tests.collectors.contract import Adapter


class Platform:
    """An instance with one queue and one agent."""

    def __init__(self, folder: Path) -> None:
        self.amazon = Amazon()
        secret = folder / "connect.secret"
        secret.write_text("s" * 40)
        secret.chmod(0o600)
        self._secret = str(secret)

    def configuration(self) -> dict[str, Any]:
        """One queue."""
        keys = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": {"file": self._secret}}
        told = {"instance": ARN, "endpoint_url": self.amazon.url, "credentials": keys, "timeout": 2}
        return {**told, "queues": {SALES: "sales-en"}, "ask": ["current", "users"], "labels": {"platform": "target"}}

    async def speak(self, number: int) -> None:
        """So many wait from now on."""
        rows = [
            row(SALES, ("CONTACTS_IN_QUEUE", float(number)), ("OLDEST_CONTACT_AGE", 4.0), ("ESTIMATED_WAIT_TIME", None))
        ]
        self.amazon.answers["GetCurrentMetricData"] = lambda _: {"MetricResults": rows, "DataSnapshotTime": time.time()}
        people = [user("anna", "Available", (f"contact-{number}", "CONNECTED", SALES))]
        self.amazon.answers["GetCurrentUserData"] = lambda _: {"UserDataList": people}

    async def garbage(self) -> int:
        """Agents are answered with what is no JSON."""
        self.amazon.ways["GetCurrentUserData"] = ["garbage"]
        return 1

    async def leave(self) -> None:
        """It cannot be reached."""
        await self.amazon.stop()

    async def come_back(self) -> None:
        """It can again."""
        await self.amazon.start()


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Platform]:
    """An instance that answers."""
    platform = Platform(folder)
    await platform.come_back()
    try:
        yield platform
    finally:
        await platform.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A port that nobody listens on."""
    yield Platform(folder).configuration()


ADAPTER = Adapter(counterpart, unreachable, private=("anna", "contact-"))
