"""What people are paged for: alerts, the verdict turning bad or good again, and decisions that wait or go wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from monitor.config import Config
from monitor.daemon.pager import Memory, Pager
from monitor.daemon.reporter import Reporter
from monitor.daemon.witness import Sight
from monitor.judging.verdict import Ruling
from monitor.model import Verdict
from monitor.notify.fault import Scene
from monitor.notify.incidents import Hearing
from monitor.notify.message import Message
from monitor.notify.wording import WORDS, around, clean_lines, clock, fitted, moment
from monitor.serving.snapshot import DecisionRow, PointRow

_LOG = logging.getLogger(__name__)
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
    "rearmed": "info",
    "break_glass": "critical",
    "locked": "critical",
    "reminder": "warning",
    "overdue": "critical",
    "attested": "info",
    "asked": "warning",
}
"""Events of a decision that people are told of, and how loudly."""
_OVER = frozenset({"rolled_back", "rejected", "denied", "withdrawn", "rearmed", "attested"})
"""Events after which nothing of the decision waits for anybody."""
_WAITING = frozenset({"awaiting", "escalated"})
"""States that are reminded of here; what else waits for a person is said again by whoever decides."""
_WIDER = frozenset({"escalated", "overdue", "break_glass"})
"""Events that the second channels hear of as well."""
_KEPT = "pages"
LOOKING = 1.0
"""Seconds between looks at decisions that wait."""


class Pages:
    """Turns events into messages; the same subject keeps its dedupe key, so that a receiver can join them."""

    def __init__(
        self,
        cutover: str,
        environment: str,
        send: Callable[[Message], None],
        *,
        pager: Pager | None = None,
        gates: Mapping[str, frozenset[str]] | None = None,
        remind: float = 0.0,
    ) -> None:
        """pager: alerts. gates: the rules of each gate. remind: seconds, 0 for never."""
        self._cutover = cutover
        self._environment = environment
        self._send = send
        self.pager = pager
        self._gates = gates or {}
        self._remind = remind
        self._number = 0
        self._paged = ""
        """The loudest severity that people heard since the last GO."""
        self._verdict_fires = False
        self._decided: dict[str, float] = {}
        """When people last heard of each decision."""
        self._looked = 0.0
        self._memory: Memory | None = None
        self.broken = ""
        """Why alerts cannot be told; empty while they can."""
        self.on_look: list[Callable[[], None]] = []
        """Called after each look at the alerts."""

    async def recall(self, memory: Memory) -> None:
        """Take up what people had heard when the last daemon ended."""
        if self.pager is not None:
            await self.pager.recall(memory)
        kept = await memory.kept(_KEPT)
        if "verdict" in kept:
            self._paged, self._verdict_fires = msgspec.json.decode(kept["verdict"], type=tuple[str, bool])
        self._memory = memory

    def inhibited(self, alert: str, scope: str) -> str:
        """What a place follows from, so that people are not told of it as well; empty: they are."""
        return self.pager.inhibited(alert, scope) if self.pager is not None else ""

    def take(self, config: Config, touched: Iterable[str]) -> None:
        """Tell by another configuration from now on. touched: rules that begin afresh or are gone."""
        self._remind = config.paging.remind
        self._gates = gates_of(config)
        if self.pager is not None:
            self.pager.take(config.paging, config.inhibit, touched)

    def look(self, sight: Sight) -> None:
        """A tick was judged: alerts that opened or ended, and decisions that still wait.

        A fault in here never stops a tick: what is judged must not hang on what is told.
        """
        try:
            if self.pager is not None:
                self.pager.look(sight)
            for looked in self.on_look:
                looked()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the tick
            if not self.broken:
                _LOG.exception("alerts cannot be told; verdicts and decisions are, and it is tried again each tick")
            self.broken = f"alerts cannot be told: {type(error).__name__}"
        else:
            self.broken = ""
        if self._remind and abs(sight.now - self._looked) >= LOOKING:
            self._looked = sight.now
            self._remind_of(sight)

    def verdict(self, ruling: Ruling, now: float) -> None:
        """Page for NO-GO and UNKNOWN; tell when it is GO again after a page.

        A NO-GO of which people were told by its alert already is told as a note: as bad, but not as loudly.
        """
        if ruling.verdict in (Verdict.NO_GO, Verdict.UNKNOWN):
            rules = self._gates.get(ruling.gate, frozenset())
            told = self.pager is not None and ruling.verdict is Verdict.NO_GO and self.pager.carries(ruling, rules)
            self._verdict_fires = self._verdict_fires or not told
            self._paged = "critical"
            self._keep()
            self._message(
                "verdict",
                "verdict",
                ruling.verdict.word,
                "info" if told else "critical",
                f"verdict {ruling.verdict.word}: {ruling.reason}",
                now,
                status="note" if told else "firing",
                word=WORDS["critical"],
            )
        elif ruling.verdict is Verdict.GO and self._paged:
            words = f"all clear, verdict GO: {ruling.reason}"
            status: Literal["resolved", "note"] = "resolved" if self._verdict_fires else "note"
            loudest, self._paged, self._verdict_fires = self._paged, "", False
            self._keep()
            self._message("verdict", "verdict", "GO", "info", words, now, status=status, loudest=loudest)

    def decision(self, kind: str, row: DecisionRow, what: str, now: float) -> None:
        """Tell of a decision where a person has to know."""
        severity = _LOUD.get(kind)
        if severity is not None:
            self._decided[row.id] = now
            status: Literal["resolved", "firing"] = "resolved" if kind in _OVER else "firing"
            words = f"{row.title}: {what}"
            self._message(
                f"decision/{row.id}",
                "decision",
                kind,
                severity,
                words,
                now,
                status=status,
                loudest="critical",
                urgent=kind in _WIDER,
            )

    def point(self, row: PointRow, what: str, now: float) -> None:
        """Tell that a point of no return is passed, or what a person said of it."""
        severity = "critical" if row.state == "passed" else "warning"
        self._message(f"point/{row.name}", "point", row.state, severity, what, now, status="note")

    def _remind_of(self, sight: Sight) -> None:
        rows = [row for row in sight.decisions() if row.state in _WAITING]
        for row in rows:
            if sight.now - self._decided.setdefault(row.id, sight.now) < self._remind:
                continue
            self._decided[row.id] = sight.now
            missing = max(row.quorum - sum(vote.vote == "approve" for vote in row.votes), 0)
            needs = f"still waits for {missing} approval{'s' if missing != 1 else ''}"
            until = f", expires {moment(row.deadline)}" if row.deadline is not None and row.state == "awaiting" else ""
            words = f"{row.title}: {needs}{until}"
            self._message(
                f"decision/{row.id}", "decision", row.state, "critical", words, sight.now, status="firing", urgent=True
            )
        alive = {row.id for row in rows}
        self._decided = {key: at for key, at in self._decided.items() if key in alive}

    def _scene(self, now: float) -> Scene:
        """How things stand; when even that cannot be said, as after a tick that failed, the message goes out without."""
        seen = None
        try:
            seen = self.pager.scene(now) if self.pager is not None else None
        except Exception:  # noqa: BLE001 - a page must go out
            _LOG.exception("a message goes out without what is around it")
        return seen or Scene(now=now, environment=self._environment, cutover=self._cutover)

    def _keep(self) -> None:
        if self._memory is not None:
            self._memory.keep(_KEPT, "verdict", (self._paged, self._verdict_fires))

    def _message(
        self,
        subject: str,
        event: str,
        state: str,
        severity: str,
        words: str,
        now: float,
        *,
        status: Literal["firing", "resolved", "note"],
        loudest: str = "",
        urgent: bool = False,
        word: str = "",
    ) -> None:
        """Send one. word: how bad it is, where that differs from how loudly it is told."""
        self._number += 1
        scene = self._scene(now)
        word = word or WORDS[severity]
        lines = [f"{word} · {self._environment} · {self._cutover} · {event}", words, *around(scene)]
        self._send(
            Message(
                id=f"{self._cutover}-{int(now * 1000)}-p{self._number}",
                dedupe_key=f"{self._cutover}/{subject}",
                at=now,
                environment=self._environment,
                cutover=self._cutover,
                severity=severity,
                loudest=loudest,
                summary=fitted([word, self._environment, words], [clock(scene)]),
                event=event,
                object=subject,
                state=state,
                status=status,
                starts_at=now,
                alert="Golive" + event.title(),
                urgent=urgent,
                body=clean_lines([*lines, f"{moment(now)}{clock(scene).lstrip('.')}"]),
                details={"text": words},
            )
        )


def gates_of(config: Config) -> dict[str, frozenset[str]]:
    """The rules of each gate."""
    return {gate.name: frozenset(gate.rules) for gate in config.gates}


def pages_of(
    config: Config, reporter: Reporter, send: Callable[[Message], None], hearing: Hearing | None = None
) -> Pages:
    """Pages as the configuration asks for them. hearing: acknowledgements and mutes where they are kept elsewhere."""
    cutover, paging = config.cutover, config.paging
    return Pages(
        cutover.name,
        cutover.environment,
        send,
        pager=Pager(cutover.name, paging, reporter, send, hearing, config.inhibit),
        gates=gates_of(config),
        remind=paging.remind,
    )
