"""One round of a transaction: every request after the other, then the clean-up; and what it says as numbers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from collectors.http.asking import Result, Secrets, ask, revealed
from collectors.http.requests import Request, Transaction
from monitor.outbound.names import Names
from monitor.secrets import SecretRef


class Round(NamedTuple):
    """What became of a transaction."""

    results: tuple[Result, ...]
    """Of its requests, up to the first that failed."""
    cleanup: tuple[Result, ...]
    screen_pop: float | None
    """Seconds until the caller's record would have been on the screen; None when that was not reached."""

    @property
    def failed(self) -> Result | None:
        """The request that was not answered as expected, if any."""
        return next((result for result in self.results if not result.ok), None)


class Keys:
    """The secrets of a transaction's requests, read again at most once a minute: they may be renewed while it runs."""

    AGE = 60.0

    def __init__(self, transaction: Transaction) -> None:
        self._requests = (*transaction.requests, *transaction.cleanup)
        self._read_at = -self.AGE
        self._secrets: dict[str, Secrets] = {}

    @property
    def any(self) -> bool:
        """Whether there is a secret at all."""
        values = (value for r in self._requests for value in (*r.headers.values(), *r.form.values()))
        return any(isinstance(value, SecretRef) for value in values)

    def stale(self, now: float) -> bool:
        """Whether they should be read. now: monotonic seconds."""
        return now - self._read_at >= self.AGE

    def read(self, reveal: Callable[[SecretRef], str], now: float) -> None:
        """Read them; blocks on the disk. Raises what `reveal` does."""
        self._secrets = {
            r.operation: Secrets(revealed(r.headers, reveal), revealed(r.form, reveal)) for r in self._requests
        }
        self._read_at = now

    def of(self, request: Request) -> Secrets:
        """Those of one request."""
        return self._secrets.get(request.operation, Secrets({}, {}))


async def play(
    transaction: Transaction,
    keys: Keys,
    *,
    once: str,
    names: Names,
    tls: ssl.SSLContext | None,
    timeout: float,  # noqa: ASYNC109 - shared among the requests
) -> Round:
    """Do one round. once: a word that no other round has, put in where a request says `{once}`."""
    values = {**transaction.values, "now": f"{time.time():.0f}", "once": once}
    begun = time.monotonic()
    results: list[Result] = []
    clock: float | None = None
    screen_pop = None
    for request in transaction.requests:
        now = time.monotonic()
        if request.starts or (request.screen_pop and clock is None):
            clock = now
        left = begun + timeout - now
        result = await ask(request, values, keys.of(request), names=names, tls=tls, timeout=max(left, 0.001))
        results.append(result)
        values |= result.taken
        if not result.ok:
            break
        if request.screen_pop and clock is not None:
            screen_pop = time.monotonic() - clock
    cleanup = [
        await ask(request, values, keys.of(request), names=names, tls=tls, timeout=timeout)
        for request in transaction.cleanup
        if _can(request, values)
    ]
    return Round(tuple(results), tuple(cleanup), screen_pop)


def _can(request: Request, values: Mapping[str, str]) -> bool:
    """Whether everything that a clean-up needs was taken."""
    try:
        request.check(set(values))
    except ValueError:
        return False
    return True
