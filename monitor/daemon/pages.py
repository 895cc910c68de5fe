"""What people are paged for: the verdict turning bad or good again, and decisions that wait or go wrong."""

from __future__ import annotations

from collections.abc import Callable

from monitor.judging.verdict import Ruling
from monitor.model import Verdict
from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.serving.snapshot import DecisionRow, PointRow
from monitor.text import clean

_LOUD = {
    "awaiting": "critical",
    "escalated": "critical",
    "frozen": "critical",
    "paused": "critical",
    "ineffective": "critical",
    "partial": "critical",
    "error": "critical",
    "executing": "warning",
    "rolled_back": "info",
    "rejected": "info",
    "denied": "warning",
    "withdrawn": "info",
    "void": "warning",
    "break_glass": "critical",
    "locked": "critical",
    "reminder": "warning",
    "overdue": "critical",
    "attested": "info",
    "asked": "warning",
}
"""Events of a decision that people are told of, and how loudly."""


class Pages:
    """Turns events into messages; the same subject keeps its dedupe key, so that a receiver can join them."""

    def __init__(self, cutover: str, environment: str, send: Callable[[Message], None]) -> None:
        self._cutover = cutover
        self._environment = environment
        self._send = send
        self._number = 0
        self._paged = False

    def verdict(self, ruling: Ruling, now: float) -> None:
        """Page for NO-GO and UNKNOWN; tell when it is GO again after a page."""
        if ruling.verdict in (Verdict.NO_GO, Verdict.UNKNOWN):
            self._paged = True
            self._message(
                "verdict",
                "verdict",
                ruling.verdict.word,
                "critical",
                f"verdict {ruling.verdict.word}: {ruling.reason}",
                now,
            )
        elif ruling.verdict is Verdict.GO and self._paged:
            self._paged = False
            self._message("verdict", "verdict", "GO", "info", f"all clear, verdict GO: {ruling.reason}", now)

    def decision(self, kind: str, row: DecisionRow, what: str, now: float) -> None:
        """Tell of a decision where a person has to know."""
        severity = _LOUD.get(kind)
        if severity is not None:
            self._message(f"decision/{row.id}", "decision", kind, severity, f"{row.title}: {what}", now)

    def point(self, row: PointRow, what: str, now: float) -> None:
        """Tell that a point of no return is passed, or what a person said of it."""
        severity = "critical" if row.state == "passed" else "warning"
        self._message(f"point/{row.name}", "point", row.state, severity, what, now)

    def _message(self, subject: str, event: str, state: str, severity: str, words: str, now: float) -> None:
        self._number += 1
        word = {"critical": "CRIT", "warning": "WARN"}.get(severity, "INFO")
        self._send(
            Message(
                id=f"{self._cutover}-{int(now * 1000)}-{self._number}",
                dedupe_key=f"{self._cutover}/{subject}",
                at=now,
                environment=self._environment,
                cutover=self._cutover,
                severity=severity,
                summary=clean(f"{word} {self._environment} {words}", SUMMARY_LENGTH),
                event=event,
                object=subject,
                state=state,
                details={"text": words},
            )
        )
