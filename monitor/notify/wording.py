"""What people read: the line for a lock screen, and the lines for chat and mail. Pure.

Order of the line: severity and environment; where and what in words; value against limit; since when; impact; what
waits; T+. What does not fit into 140 characters is left out from the end of that order, never the beginning.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from monitor.notify.fault import Fault, Scene
from monitor.notify.incidents import Incident, Kind
from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.text import clean
from monitor.units import format_duration, format_value, spell_duration

WORDS = {"critical": "CRIT", "warning": "WARN", "info": "INFO"}
_SHORT = 40
"""Characters of a name within a line."""
_SHOWN = 8
"""Names of a list that are spelled out."""
_SIDES = {"target": "the new platform", "legacy": "the old platform"}
_OTHER = {"target": "old", "legacy": "new"}
BODY_LENGTH = 2000
"""What chats and mails take without a cut of their own."""


def incident_message(
    kind: Kind, incident: Incident, fault: Fault, scene: Scene, number: int, links: dict[str, str]
) -> Message:
    """The message on what became of an incident. number: makes its id differ from all others of this process."""
    resolved = kind == "resolved"
    severity = "info" if resolved or (kind == "owned" and incident.owner) else incident.severity
    return Message(
        id=f"{scene.cutover}-{int(scene.now * 1000)}-{number}",
        dedupe_key=incident.key,
        at=scene.now,
        environment=scene.environment,
        cutover=scene.cutover,
        severity=severity,
        loudest=incident.loudest,
        summary=summary(kind, incident, fault, scene),
        event="alert",
        object=f"alert/{alert_id(incident.alert, incident.scope)}",
        state=kind,
        status="resolved" if resolved else "firing",
        starts_at=incident.opened,
        alert=incident.alert,
        labels=fault.labels,
        body=body(kind, incident, fault, scene),
        links=filled(links, incident),
        urgent=kind == "escalated",
        details={"text": facts(kind, incident, fault, scene), "owner": incident.owner},
    )


def alert_id(alert: str, scope: str) -> str:
    """The alert's id on the board and on the command line."""
    return f"{alert}:{scope}" if scope else alert


def summary(kind: Kind, incident: Incident, fault: Fault, scene: Scene) -> str:
    """At most 140 characters."""
    word = ending(incident) if kind == "resolved" else "INFO" if kind == "owned" else WORDS[incident.severity]
    head = f"{word} {clean(scene.environment, 16)}"
    if kind == "escalated":
        head += " UNANSWERED"
    elif kind == "owned":
        head += f" {clean(incident.owner, 24)} has it:" if incident.owner else " nobody has it any more:"
    last = "is no longer judged, last" if kind == "resolved" and not incident.measured else ""
    required = [head, subject(incident, fault), last, figure(fault)]
    optional = [lasting(kind, incident, fault, scene)]
    if kind != "resolved":
        optional += [fault.impact and f", {fault.impact}", scene.waiting and f". {scene.waiting}"]
    return fitted(required, [*optional, clock(scene)])


def ending(incident: Incident) -> str:
    """OK only for what was seen to be good."""
    return "OK" if incident.measured else "ENDED"


def fitted(required: Iterable[str], optional: Iterable[str]) -> str:
    """The required words, and of the optional ones, each with its own separator, those that fit in their order."""
    line = clean(" ".join(part for part in required if part), SUMMARY_LENGTH)
    for part in optional:
        if part and len(line) + len(part) <= SUMMARY_LENGTH:
            line = clean(line + part, SUMMARY_LENGTH)
    return line


def subject(incident: Incident, fault: Fault) -> str:
    """Where and what, in words: the place, how many more, and the rule's title."""
    more = len(incident.places) - 1
    place: str = clean(fault.place, _SHORT)
    if more > 0:
        place = f"{place or 'one place'} and {more} more"
    return f"{place} {clean(fault.title, _SHORT)}".strip()


def figure(fault: Fault) -> str:
    """Value against limit and the other platform's value; or since when nothing is known and what was last."""
    value = format_value(fault.value, fault.unit)
    if fault.limit is None:
        last = f", last {value} at {moment(fault.last_at)}" if fault.last_at is not None else ", never heard"
        return f"{clean(fault.why, _SHORT) or 'no data'}{last}"
    sides = f"limit {format_value(fault.limit, fault.unit)}"
    if fault.other is not None:
        sides += f", {_OTHER.get(fault.platform, 'other')} {format_value(fault.other, fault.unit)}"
    return f"{value} ({sides})"


def lasting(kind: Kind, incident: Incident, fault: Fault, scene: Scene) -> str:
    """How long it has been bad; for what is over, how long it was, its peak, and who had it."""
    if kind != "resolved":
        lasted = scene.now - fault.since
        return f" for {format_duration(lasted)}" if lasted >= 1 else " just now"
    words = f" after {format_duration(max(scene.now - min(incident.opened, fault.since), 0.0))}"
    if incident.peak is not None:
        words += f", peak {format_value(incident.peak, fault.unit)}"
    return words + (f", {clean(incident.owner, 24)} had it" if incident.owner else ", nobody acknowledged")


def facts(kind: Kind, incident: Incident, fault: Fault, scene: Scene) -> str:
    """The first sentence of a body."""
    side = f" on {_SIDES[fault.platform]}" if fault.platform in _SIDES else ""
    taken = ""
    if fault.limit is not None and fault.window:
        taken = f" ({fault.samples} samples in {spell_duration(fault.window)})"
    impact = f"; {fault.impact}" if fault.impact and kind != "resolved" else ""
    state = ""
    if kind == "resolved":
        state = "is over: " if incident.measured else "is no longer judged, last: "
    return (
        f"{subject(incident, fault)}{side} {state}{figure(fault)}{lasting(kind, incident, fault, scene)}{taken}{impact}"
    )


def body(kind: Kind, incident: Incident, fault: Fault, scene: Scene) -> str:
    """Lines for chat and mail."""
    return clean_lines(_lines(kind, incident, fault, scene))


def _lines(kind: Kind, incident: Incident, fault: Fault, scene: Scene) -> Iterator[str]:
    word = ending(incident) if kind == "resolved" else WORDS[incident.severity]
    yield " · ".join(part for part in (word, scene.environment, scene.cutover, scene.stage, incident.alert) if part)
    if kind == "escalated":
        yield "Nobody has acknowledged this."
    elif kind == "owned":
        yield f"{incident.owner} has it." if incident.owner else "Nobody has it any more."
    yield facts(kind, incident, fault, scene) + "."
    if len(incident.places) > 1:
        yield "Where: " + listed(place_of(scope) for scope in incident.places)
    yield from around(scene)
    if kind == "resolved":
        at_most = f"At most {incident.most} places. " if incident.most > 1 else ""
        yield f"{at_most}It began at {moment(incident.opened)}."
    else:
        yield f"Ack: golive alert ack {shlex.quote(alert_id(incident.alert, incident.scope))}"
    yield f"{moment(scene.now)}{clock(scene).lstrip('.')}"


def around(scene: Scene) -> Iterator[str]:
    """What is seen, what else is bad, what is not wrong, the verdict, and what waits."""
    if scene.sources:
        yield "Seen by: " + listed(
            f"{name} ({format_duration(age)} old)" if age is not None else f"{name} (never heard)"
            for name, age in scene.sources
        )
    if scene.bad:
        yield "Also: " + listed(scene.bad)
    if scene.good:
        yield "Not: " + listed(scene.good)
    if scene.verdict:
        since = f" since {moment(scene.verdict_since)}" if scene.verdict_since else ""
        yield f"Verdict {scene.verdict}{since}" + (f" · {scene.waiting}" if scene.waiting else "")


def place_of(scope: str) -> str:
    """A scope as people say it."""
    return ", ".join(part.partition("=")[2] for part in scope.split(" ") if "=" in part) or "everywhere"


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more."""
    every = list(names)
    shown = ", ".join(every[:_SHOWN])
    return shown + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")


def clean_lines(lines: Iterable[str]) -> str:
    """Lines of clean text within the length of a body."""
    text = ""
    for line in lines:
        more = ("\n" if text else "") + clean(line)
        if len(text) + len(more) > BODY_LENGTH:
            break
        text += more
    return text


def moment(seconds: float | None) -> str:
    """An instant as 02:11:02 UTC."""
    if seconds is None:
        return "an unknown time"
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")


def clock(scene: Scene) -> str:
    """Time since the cutover began, as `. T+1:42`."""
    if not scene.started_at or scene.now < scene.started_at:
        return ""
    minutes = int(scene.now - scene.started_at) // 60
    return f". T+{minutes // 60}:{minutes % 60:02d}"


def filled(links: dict[str, str], incident: Incident) -> dict[str, str]:
    """The configured addresses with rule, scope and key in the places that ask for them, percent-encoded."""
    values = {"{rule}": incident.alert, "{scope}": incident.scope, "{key}": incident.key}
    made = {}
    for name, link in links.items():
        address = link
        for mark, value in values.items():
            address = address.replace(mark, quote(value, safe=""))
        made[name] = address
    return made
