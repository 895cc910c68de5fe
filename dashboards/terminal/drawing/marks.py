"""A state as shape, word and colour role, so that none of the three has to be seen to understand it."""

from __future__ import annotations

from typing import NamedTuple

from dashboards.terminal.drawing.spans import Glyphs, Span, fit


class Mark(NamedTuple):
    """How one state looks. `rank` orders by badness, worst greatest."""

    shape: str
    code: str
    word: str
    role: str
    rank: int = 0


GATES = {
    "ok": Mark("●", "[ok]", "OK", "ok", 1),
    "signed": Mark("●", "[ok]", "SIGNED", "ok", 1),
    "idle": Mark("·", "[--]", "IDLE", "dim", 0),
    "unsigned": Mark("‖", "[ho]", "UNSIGNED", "hold", 3),
    "insufficient": Mark("○", "[in]", "TOO FEW", "unknown", 4),
    "warn": Mark("◆", "[wa]", "WARN", "warn", 5),
    "stale": Mark("◌", "[st]", "STALE", "stale", 6),
    "unknown": Mark("?", "[??]", "UNKNOWN", "unknown", 7),
    "breach": Mark("■", "[BR]", "BREACH", "breach", 8),
}
"""States of a gate or rule; `idle` is a gate that does not count in this stage."""

SOURCES = {
    "ok": Mark("●", "[ok]", "OK", "ok"),
    "starting": Mark("▶", "[>>]", "STARTING", "run"),
    "retrying": Mark("◆", "[wa]", "RETRYING", "warn"),
    "failed": Mark("✕", "[xx]", "FAILED", "fail"),
    "stopped": Mark("✕", "[xx]", "STOPPED", "fail"),
    "stale": Mark("◌", "[st]", "STALE", "stale"),
    "empty": Mark("◌", "[st]", "SILENT", "stale"),
}
"""States of a collector; stale and silent are an OK collector that hears nothing."""

QUALITIES = {
    "fresh": Mark("●", "[ok]", "FRESH", "ok"),
    "stale": Mark("◌", "[st]", "STALE", "stale"),
    "empty": Mark("○", "[em]", "EMPTY", "unknown"),
    "null": Mark("?", "[nu]", "NULL", "unknown"),
    "error": Mark("✕", "[xx]", "ERROR", "fail"),
}
"""What the newest word of a source on a series is worth."""

INTEGRATIONS = {
    "ok": Mark("●", "[ok]", "OK", "ok", 1),
    "starting": Mark("▶", "[>>]", "STARTING", "run", 2),
    "slow": Mark("◆", "[wa]", "SLOW", "warn", 3),
    "retrying": Mark("◆", "[re]", "RETRYING", "warn", 4),
    "stale": Mark("◌", "[st]", "STALE", "stale", 5),
    "unknown": Mark("?", "[??]", "UNKNOWN", "unknown", 6),
    "stopped": Mark("✕", "[so]", "STOPPED", "fail", 7),
    "failed": Mark("✕", "[xx]", "FAILED", "fail", 8),
}
"""States of what is probed and of who collects."""

VERDICTS = {
    "GO": Mark("●", "[ok]", "GO", "ok"),
    "HOLD": Mark("‖", "[ho]", "HOLD", "hold"),
    "UNKNOWN": Mark("?", "[??]", "UNKNOWN", "unknown"),
    "NO-GO": Mark("■", "[BR]", "NO-GO", "breach"),
}

STEPS = {
    "next": Mark("·", "[..]", "NEXT", "dim"),
    "waiting": Mark("‖", "[ho]", "WAITING", "hold"),
    "running": Mark("▶", "[>>]", "RUNNING", "run"),
    "done": Mark("●", "[ok]", "DONE", "ok"),
    "failed": Mark("✕", "[xx]", "FAILED", "fail"),
    "parked": Mark("?", "[??]", "PARKED", "hold"),
    "skipped": Mark("⊘", "[sk]", "SKIPPED", "dim"),
    "aborted": Mark("✕", "[xx]", "ABORTED", "fail"),
    "undoing": Mark("▶", "[<<]", "UNDOING", "run"),
    "undone": Mark("⊘", "[un]", "UNDONE", "hold"),
}

POINTS = {
    "open": Mark("●", "[ok]", "OPEN", "ok"),
    "passed": Mark("⊘", "[no]", "PASSED", "fail"),
    "unknown": Mark("?", "[??]", "UNKNOWN", "unknown"),
}

CHECKS = {
    "true": Mark("●", "[ok]", "TRUE", "ok"),
    "false": Mark("✕", "[xx]", "FALSE", "fail"),
    "unknown": Mark("?", "[??]", "UNKNOWN", "unknown"),
}

WORK = {
    "awaiting": Mark("‖", "[ho]", "AWAITING", "hold"),
    "escalated": Mark("‖", "[ho]", "ESCALATED", "hold"),
    "preflight": Mark("▶", "[>>]", "PREFLIGHT", "run"),
    "executing": Mark("▶", "[>>]", "EXECUTING", "run"),
    "running": Mark("▶", "[>>]", "RUNNING", "run"),
    "waiting": Mark("‖", "[ho]", "WAITING", "hold"),
    "paused": Mark("‖", "[ho]", "PAUSED", "hold"),
    "verifying": Mark("▶", "[>>]", "VERIFYING", "run"),
    "rolled_back": Mark("●", "[ok]", "ROLLED BACK", "ok"),
    "done": Mark("●", "[ok]", "DONE", "ok"),
    "partial": Mark("✕", "[xx]", "PARTIAL", "fail"),
    "ineffective": Mark("✕", "[xx]", "INEFFECTIVE", "fail"),
    "failed": Mark("✕", "[xx]", "FAILED", "fail"),
    "aborted": Mark("✕", "[xx]", "ABORTED", "fail"),
    "frozen": Mark("⊘", "[fr]", "FROZEN", "hold"),
    "rejected": Mark("⊘", "[no]", "REJECTED", "dim"),
    "denied": Mark("⊘", "[no]", "DENIED", "dim"),
    "withdrawn": Mark("⊘", "[no]", "WITHDRAWN", "dim"),
    "recorded": Mark("·", "[..]", "RECORDED", "dim"),
}
"""States of decisions and runs."""

WAITING = {
    "approval": Mark("‖", "[ho]", "approve", "hold"),
    "manual": Mark("‖", "[ho]", "do", "hold"),
    "parked": Mark("?", "[??]", "parked", "hold"),
    "gate": Mark("‖", "[ho]", "sign", "hold"),
    "attest": Mark("?", "[??]", "attest", "hold"),
}

_NEW = Mark("?", "[??]", "", "unknown", 7)


def mark(table: dict[str, Mark], state: str) -> Mark:
    """The mark of a state; one that this version does not know shows its own word, as unknown."""
    return table.get(state) or _NEW._replace(word=state.upper())


def shown(state_mark: Mark, glyphs: Glyphs, width: int = 0) -> Span:
    """A mark as text, `width` cells wide (0: as long as it is)."""
    text = f"{state_mark.code if glyphs.ascii else state_mark.shape} {state_mark.word}"
    return Span(fit(text, width, glyphs) if width else text, state_mark.role)


def mark_width(glyphs: Glyphs, word: int = 8) -> int:
    """Cells that a mark takes whose word has at most `word` letters."""
    return (4 if glyphs.ascii else 1) + 1 + word
