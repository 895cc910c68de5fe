"""Who may report, and how fast: an allow-list of networks, and a bucket of tokens for each address in them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from collectors.sip_quality.places import address_of, network_of

MOST = 10_000
"""Addresses whose pace is remembered; the one seen first makes room."""


class Admission(Enum):
    """What becomes of a message before it is read."""

    WELCOME = "welcome"
    FOREIGN = "foreign"
    TOO_FAST = "rate_cap"


class _Bucket:
    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at


class Sources:
    """Decides by a message's source address alone, unread. Times are monotonic seconds."""

    def __init__(self, networks: Iterable[str], rate: float) -> None:
        self._networks = [network_of(text) for text in networks]
        self._rate = rate
        self._buckets: dict[str, _Bucket] = {}

    def knows(self, host: str) -> bool:
        """Whether an address is in an allowed network."""
        if host in self._buckets:
            return True
        address = address_of(host)
        return address is not None and any(address in network for network in self._networks)

    def admit(self, host: str, now: float) -> Admission:
        """Let one message of an address in, or not."""
        bucket = self._buckets.get(host)
        if bucket is None:
            if not self.knows(host):
                return Admission.FOREIGN
            bucket = self._open(host, now)
        self._refill(bucket, now)
        if bucket.tokens < 1:
            return Admission.TOO_FAST
        bucket.tokens -= 1
        return Admission.WELCOME

    def wait(self, host: str, messages: int, now: float) -> float:
        """Take so many messages of an address that can be held back, and say for how many seconds to read no more."""
        bucket = self._buckets.get(host) or self._open(host, now)
        self._refill(bucket, now)
        bucket.tokens -= messages
        return max(0.0, -bucket.tokens / self._rate)

    def _open(self, host: str, now: float) -> _Bucket:
        if len(self._buckets) >= MOST:
            del self._buckets[next(iter(self._buckets))]
        bucket = self._buckets[host] = _Bucket(self._rate, now)
        return bucket

    def _refill(self, bucket: _Bucket, now: float) -> None:
        """A second's worth of messages may come at once."""
        bucket.tokens = min(self._rate, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
