"""Reports that were heard before: the same device on the same call, the same kind and the same timestamps."""

from __future__ import annotations

from collectors.sip_quality.report import Report

MOST = 100_000
"""Reports remembered; the one heard first makes room."""


class Repeats:
    """Remembers reports by what identifies them, whatever request brought them.

    Both ends of a call may report on it under one CallID: each says who it is in LocalID and SSRC, and counts.
    """

    def __init__(self) -> None:
        self._seen: dict[int, None] = {}

    def note(self, report: Report, transaction: str) -> bool:
        """Whether this report is new. transaction: names a report that says neither its call nor its times."""
        mark = hash(
            (
                report.kind,
                report.call,
                report.local_id,
                report.ssrc,
                report.times,
                report.alert,
                "" if report.call and report.times else transaction,
            )
        )
        if mark in self._seen:
            return False
        if len(self._seen) >= MOST:
            del self._seen[next(iter(self._seen))]
        self._seen[mark] = None
        return True
