"""One budget of requests for each account and Region, whatever number of collectors spends it.

Amazon counts requests by account and Region, not by user or instance: two collectors that each kept to the documented rate
would together go beyond it, and then both would be refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

Kind: TypeAlias = Literal["metrics", "others", "cloudwatch"]
"""`metrics`: GetCurrentMetricData, which has a rate of its own that Amazon does not raise; `others`: the rest of Amazon Connect."""
_SPARE = 1
"""Requests may overtake one another on their way: one place of the burst is kept free for that."""


class Rate(NamedTuple):
    """Requests a second, and how many may come at once."""

    per_second: float
    burst: int


DOCUMENTED: dict[Kind, Rate] = {"metrics": Rate(5.0, 8), "others": Rate(2.0, 5), "cloudwatch": Rate(2.0, 5)}
"""Amazon Connect administrator guide, API throttling quotas; for CloudWatch, which takes 50 a second, all that is needed."""


class Bucket:
    """Lets requests through at a rate, first come first served. Times are monotonic seconds."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._level = self._most
        self._at = clock()
        self._held = 0.0
        self._line = asyncio.Lock()
        self.waited = 0
        """Requests that had to wait for their turn."""

    @property
    def _most(self) -> float:
        return float(max(self._rate.burst - _SPARE, 1))

    def limit(self, rate: Rate) -> None:
        """Keep to a rate as well: of two that are asked for, the lower one counts."""
        self._refill()
        self._rate = Rate(min(self._rate.per_second, rate.per_second), min(self._rate.burst, rate.burst))
        self._level = min(self._level, self._most)

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long: Amazon said that it has enough. What was saved up is gone."""
        self._refill()
        self._held = max(self._held, self._clock() + seconds)
        self._level = min(self._level, 1.0)

    def wait(self) -> float:
        """Seconds until a request may be sent; 0 when it may now."""
        self._refill()
        held = self._held - self._clock()
        return held if held > 0 else max((1.0 - self._level) / self._rate.per_second, 0.0)

    async def turn(self) -> None:
        """Return when a request may be sent. What Amazon says meanwhile is heeded."""
        async with self._line:
            self.waited += self.wait() > 0
            while (wait := self.wait()) > 0:  # noqa: ASYNC110 - it knows how long, unless Amazon says more meanwhile
                await asyncio.sleep(wait)
            self._level -= 1.0

    def _refill(self) -> None:
        now = self._clock()
        # While it is held nothing is saved up.
        begun = min(max(self._at, self._held), now)
        self._level = min(self._most, self._level + max(now - begun, 0.0) * self._rate.per_second)
        self._at = now


class Budget:
    """The buckets of one account in one Region."""

    def __init__(self) -> None:
        self._buckets: dict[Kind, Bucket] = {}

    def join(self, kind: Kind, rate: Rate) -> Bucket:
        """The bucket for requests of a kind, which from now on keeps to this rate as well."""
        bucket = self._buckets.get(kind)
        if bucket is None:
            bucket = self._buckets[kind] = Bucket(rate)
        else:
            bucket.limit(rate)
        return bucket


_BUDGETS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], Budget]] = WeakKeyDictionary()


def budget(account: str, region: str) -> Budget:
    """The budget of an account in a Region: one for all collectors of an event loop, and a daemon has one loop."""
    here = _BUDGETS.setdefault(asyncio.get_running_loop(), {})
    return here.setdefault((account, region), Budget())
