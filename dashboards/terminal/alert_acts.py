"""Dialogs about alerts: acknowledge, let go, mute, tell again, note. What is typed to confirm is one's own name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from urllib.parse import quote

from dashboards.terminal import acts
from dashboards.terminal.acts import Act, JsonValue
from dashboards.terminal.drawing.alert_facts import alert_facts
from dashboards.terminal.drawing.alerts import Entry
from dashboards.terminal.questions import ENDED, More, Question
from dashboards.terminal.view import View
from monitor.serving.alert_rows import AlertRow
from monitor.units import parse_duration, spell_duration

ACK_USUAL, MUTE_USUAL = "30m", "30m"
ACK_MOST = 4 * 3600.0
MUTE_MOST = {"operator": 3600.0, "approver": 12 * 3600.0, "admin": 12 * 3600.0}
"""Seconds, by role; the daemon has the last word."""
_LEAST = 60.0


def _act(alert: str, verb: str, body: dict[str, JsonValue], says: str) -> Act:
    return Act(path=f"/api/v1/alerts/{quote(alert, safe='', errors='replace')}/{verb}", body=body, says=says)


def ack_act(alert: str, seconds: float, reason: str) -> Act:
    """Have an alert, and all of its page, for so long."""
    return _act(alert, "ack", {"seconds": seconds, "reason": reason}, f"you have {alert} for {spell_duration(seconds)}")


def release_act(alert: str, reason: str) -> Act:
    """Let go of it."""
    return _act(alert, "release", {"reason": reason}, f"nobody has {alert} any more")


def mute_act(alert: str, seconds: float, reason: str, *, whole: bool) -> Act:
    """Tell nobody of it for so long; whole: of its rule wherever it is judged."""
    says = f"{alert} is muted for {spell_duration(seconds)}"
    return _act(alert, "mute", {"seconds": seconds, "reason": reason, "whole": whole}, says)


def unmute_act(alert: str, reason: str, *, whole: bool) -> Act:
    """Tell people again."""
    return _act(alert, "unmute", {"reason": reason, "whole": whole}, f"people are told of {alert} again")


def note_act(alert: str, text: str) -> Act:
    """Write about it to the timeline."""
    return _act(alert, "note", {"text": text}, "note written")


def acknowledge(entry: Entry, view: View) -> Question | str:
    """Ask to have an alert; one's own is let go of instead."""
    row, person = entry.row, view.person
    if entry.resting:
        return "it is not firing: there is nothing to acknowledge, m ends the mute"
    if person is not None and row.acked_by == person.name:
        return _refused(view) or _question(
            "LET GO", entry, "release", view, lambda why: release_act(row.id, why), lambda now: _there(row, now)
        )
    more = More(
        label="For how long, such as 30m or 2h",
        usual=ACK_USUAL,
        trouble=lambda typed: span_trouble(typed, ACK_MOST),
        act=lambda why, typed: ack_act(row.id, parse_duration(typed), why),
    )
    return _refused(view) or _question(
        "ACKNOWLEDGE", entry, "ack", view, lambda why: ack_act(row.id, 1800.0, why), lambda now: _there(row, now), more
    )


def mute(entry: Entry, view: View) -> Question | str:
    """Ask to tell nobody of it, or, where it is muted, to tell people again. A row that stands for a rule: all of it."""
    row, whole = entry.row, entry.whole
    if entry.muted:
        return _refused(view) or _question(
            "END THE MUTE",
            entry,
            "unmute",
            view,
            lambda why: unmute_act(entry.muted_id, why, whole=entry.muted_whole),
            lambda _: "",
        )
    most = MUTE_MOST.get(view.person.role if view.person else "", 0.0)
    name = row.name if whole else row.id
    more = More(
        label=f"For how long, at most {spell_duration(most)}",
        usual=MUTE_USUAL,
        trouble=lambda typed: span_trouble(typed, most),
        act=lambda why, typed: mute_act(name, parse_duration(typed), why, whole=whole),
    )
    return _refused(view) or _question(
        "MUTE THE WHOLE RULE" if whole else "MUTE",
        entry,
        "mute",
        view,
        lambda why: mute_act(name, 1800.0, why, whole=whole),
        lambda _: "",
        more,
    )


def note(entry: Entry, view: View) -> Question | str:
    """Ask for a note about it."""
    name = entry.row.name if entry.whole else entry.row.id
    return _refused(view) or _question(
        "NOTE", entry, "note", view, lambda text: note_act(name, text), lambda _: "", label="Note"
    )


def span_trouble(typed: str, most: float) -> str:
    """What is wrong with a span that was typed; empty when it will do."""
    try:
        seconds = parse_duration(typed)
    except ValueError as error:
        return str(error)
    if not _LEAST <= seconds <= most:
        return f"from {spell_duration(_LEAST)} to {spell_duration(most)}, not {typed}"
    return ""


def _refused(view: View) -> str:
    """Why this person may do nothing about alerts now; empty when they may."""
    why = acts.refusal(view)
    if not why and view.person is not None and view.person.role not in MUTE_MOST:
        return f"your role is {view.person.role}: ask one of {', '.join(MUTE_MOST)}"
    return why


def _there(row: AlertRow, view: View) -> str:
    """Why an alert cannot be taken any more: it is over, or changed hands."""
    rows = view.snapshot.alerts if view.snapshot else ()
    now = next((alert for alert in rows if alert.id == row.id), None)
    if now is None:
        return ENDED
    if now.acked_by != row.acked_by:
        return f"{now.acked_by or 'nobody'} has it now: close and look again"
    return ""


_Verb = Literal["ack", "release", "mute", "unmute", "note"]


def _question(
    title: str,
    entry: Entry,
    verb: _Verb,
    view: View,
    act: Callable[[str], Act],
    changed: Callable[[View], str],
    more: More | None = None,
    label: str = "Reason",
) -> Question:
    return Question(
        title=title,
        word=view.person.name if view.person else "",
        facts=lambda now, width, glyphs: alert_facts(entry, verb, now, width, glyphs),
        refusal=lambda now: _refused(now) or changed(now),
        act=act,
        reason_needed=verb in ("mute", "note"),
        reason_label=label,
        more=more,
    )
