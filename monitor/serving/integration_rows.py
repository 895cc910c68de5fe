"""Rows of what is asked and heard by golive: business systems that are probed, and the collectors themselves."""

from __future__ import annotations

from monitor.serving.row import Row

OK, SLOW, FAILED, NOTHING = ".", "w", "x", "o"
"""Marks of results: as it should be; answered, but slowly; failed; nobody can say."""


class IntegrationRow(Row, frozen=True, kw_only=True):
    """One integration that is probed, or one collector, with its newest results."""

    key: str
    name: str
    kind: str
    """probe, or the collector's kind."""
    labels: dict[str, str] = {}
    """Of a probe: the labels of its series; empty for a collector."""
    sources: tuple[str, ...]
    """The collectors that it is known from."""
    check: str
    """What is asked or expected, in a few words."""
    state: str
    """ok, slow, failed, retrying, starting, stopped, stale or unknown."""
    since: float
    """When it came to this state, as far as the results go back."""
    results: str = ""
    """Marks of the newest results, newest last, at most 40."""
    every: float = 0.0
    """Seconds between results, as configured."""
    at: float | None = None
    """When the newest result came."""
    next_try: float | None = None
    """When the next is due."""
    seconds: float | None = None
    """How long the newest round took, all its operations together."""
    p95: float | None = None
    """95th percentile of that over the results that are kept, interpolated; None with fewer than 5."""
    slow_from: float | None = None
    """An operation that takes this long counts as slow: the warning of the first rule on it. None: no rule says."""
    error_ratio: float | None = None
    """Failed results as a share of the kept ones of which it is known."""
    failures: int = 0
    """Failed results in a row, up to the newest."""
    error: str = ""
    """The newest failure in words; empty while it works."""
    circuit: str = ""
    """Of its collector: closed, open or half_open."""
    phases: dict[str, float] = {}
    """Seconds of each phase of the newest round, operations added up: dns, connect, tls, first_byte, body."""
    tls_expires_at: float | None = None
    """When the first certificate of its collectors' connections expires."""
    screen_pop: float | None = None
    """Seconds of the newest screen pop."""
    screen_pop_ratio: float | None = None
    depends_on: tuple[str, ...] = ()
    """What must work for it to work."""
    gates: tuple[str, ...] = ()
    """Gates that read it."""
