"""What each scenario must do, in one table, and the judge who holds a demo against its line."""

from __future__ import annotations

from typing import NamedTuple

from monitor.serving.snapshot import EventRow, Snapshot

LIMIT = 120.0
"""Seconds of wall time after which a scenario has failed, whatever it does."""
_OPEN = frozenset({"awaiting", "escalated", "preflight", "executing", "paused", "verifying"})
_EXECUTED = frozenset({"executing", "verifying", "rolled_back", "partial", "ineffective"})


class Scenario(NamedTuple):
    """One line of the table."""

    promise: str
    """What somebody who watches it sees."""
    reaches: str = ""
    """The verdict that the trouble must bring; empty: it must stay GO once it is GO."""
    breaches: frozenset[str] = frozenset()
    """Gates of which at least one must break; empty: none is looked for."""
    decision: str = ""
    """The state in which a proposed rollback must end; empty: nothing may be proposed."""
    pages: bool = False
    """Whether the pager must be called."""
    stage: str = "full"
    """The stage at the end."""
    verdict: str = "GO"
    """The verdict at the end."""
    lasts: float = 0.0
    """Least seconds from the start to the end."""


SCENARIOS: dict[str, Scenario] = {
    "calm": Scenario("a cutover that goes well: the verdict stays GO, nothing is proposed", lasts=48.0),
    "trunk-loss": Scenario(
        "one site's trunk loses packets: NO-GO, a rollback is proposed, nobody signs, the trunk heals, it is withdrawn",
        reaches="NO-GO",
        breaches=frozenset({"packet-loss", "jitter", "mos"}),
        decision="withdrawn",
    ),
    "queue-flood": Scenario(
        "five times the calls: abandonment breaks its limit, nothing is proposed, agents are called in, it ebbs away",
        reaches="NO-GO",
        breaches=frozenset({"abandonment", "service-level"}),
    ),
    "crm-down": Scenario(
        "the CRM of the target does not answer: its gate breaks, nothing is proposed, it comes back",
        reaches="NO-GO",
        breaches=frozenset({"integrations"}),
    ),
    "blind": Scenario(
        "all telemetry falls silent: UNKNOWN within seconds, the pager is called, nothing is executed",
        reaches="UNKNOWN",
        verdict="UNKNOWN",
        pages=True,
        lasts=48.0,
    ),
    "rollback": Scenario(
        "every trunk of the target loses packets: two people sign, the calls go back, the legacy stage stands at GO",
        reaches="NO-GO",
        breaches=frozenset({"packet-loss", "mos"}),
        decision="rolled_back",
        stage="legacy",
    ),
}
DEFAULT = "rollback"


class Ruling(NamedTuple):
    """How a scenario ended, in one sentence."""

    ok: bool
    why: str


class Referee:
    """Watches snapshots, events and pages, and says when the scenario is over and whether it went as it should."""

    def __init__(self, name: str, started: float) -> None:
        self.name = name
        self.line = SCENARIOS[name]
        self._started = started
        self._armed = False
        """Whether the trouble has begun: what came before is the cutover itself."""
        self._seen: set[str] = set()
        self._broken: set[str] = set()
        self._decisions: dict[str, str] = {}
        self._pages = 0

    def begin(self) -> None:
        """The trouble begins now."""
        self._armed = True

    def paged(self) -> None:
        """The pager was called; what came before the trouble is not of it."""
        self._pages += self._armed

    def hear(self, event: EventRow) -> None:
        """Take a line of the journal: a state between two snapshots counts too."""
        if event.kind == "verdict" and self._armed:
            self._seen.add(event.state)

    def look(self, snapshot: Snapshot) -> Ruling | None:
        """Take a snapshot; a ruling ends the scenario."""
        verdict, line = snapshot.verdict.verdict, self.line
        if self._armed:
            self._seen.add(verdict)
            self._broken |= {gate.name for gate in snapshot.gates if gate.active and gate.state == "breach"}
        for decision in snapshot.decisions:
            self._decisions[decision.id] = decision.state
        wrong = self._wrong()
        if wrong:
            return Ruling(ok=False, why=wrong)
        if not self._armed or snapshot.at - self._started < line.lasts or self._missing():
            return None
        if (snapshot.cutover.stage, verdict) != (line.stage, line.verdict):
            return None
        return Ruling(ok=True, why=self._success())

    def too_late(self, snapshot: Snapshot | None) -> Ruling:
        """The limit has passed: say what is missing."""
        stands = f"stage {snapshot.cutover.stage}, verdict {snapshot.verdict.verdict}" if snapshot else "no snapshot"
        missing = self._missing() or f"the end in stage {self.line.stage} with verdict {self.line.verdict}"
        return Ruling(ok=False, why=f"{self.name} did not end within {LIMIT:.0f} s: {missing} is missing ({stands})")

    def _wrong(self) -> str:
        """What must never happen in this scenario, as soon as it does."""
        if self._decisions and not self.line.decision:
            number, state = next(iter(self._decisions.items()))
            return f"{self.name} must not propose a rollback, and decision {number} is {state}"
        if self.line.decision != "rolled_back" and _EXECUTED & set(self._decisions.values()):
            return f"{self.name} must not execute a rollback, and it did"
        if self.line.decision:
            ended = {state for state in self._decisions.values() if state not in _OPEN}
            if ended - {self.line.decision}:
                return f"the proposed rollback must end {self.line.decision}, not {', '.join(sorted(ended))}"
        if not self.line.reaches and self._armed and self._seen & {"NO-GO", "UNKNOWN"}:
            return f"{self.name} must stay at GO, and was {', '.join(sorted(self._seen))}"
        return ""

    def _missing(self) -> str:
        """What must still happen."""
        line = self.line
        if line.reaches and line.reaches not in self._seen:
            return f"the verdict {line.reaches}"
        if line.breaches and not line.breaches & self._broken:
            return f"a breach of {' or '.join(sorted(line.breaches))}"
        if line.decision and set(self._decisions.values()) != {line.decision}:
            return f"a decision that ends {line.decision}"
        if line.pages and not self._pages:
            return "a page"
        return ""

    def _success(self) -> str:
        words = {
            "rolled_back": "ROLLED_BACK, and the legacy stage stands at GO",
            "withdrawn": "the proposed rollback was withdrawn when its cause was gone, and the verdict is GO again",
        }
        if self.line.decision:
            return words[self.line.decision]
        if self.line.pages:
            return "UNKNOWN, paged, and nothing was executed"
        return f"stage {self.line.stage} stands at {self.line.verdict}, and nothing was proposed"
