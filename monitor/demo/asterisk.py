"""What an Asterisk says of its queues and calls over its Manager Interface, out of the simulated centre. Pure.

Fields and spellings are those of Asterisk 18 and later (app_queue.c, rtp_engine.c, res_rtp_asterisk.c) with `timestampevents`
in manager.conf; durations are whole seconds of its clock, as there.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.demo.calls import Call, Line, Moment
from monitor.demo.centre import Report
from monitor.quality.emodel import mos, mouth_to_ear, rating

CLOCK_RATE = 8000
"""Ticks a second of the RTP clock of G.711."""
MES = 20
"""Asterisk writes an opinion score times this."""
NOT_IN_USE, IN_USE, RINGING = 1, 2, 6
"""Device states of a telephone (devicestate.h)."""


def message(**fields: object) -> bytes:
    """A message as it goes over the wire."""
    return "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"


def listed(number: str, name: str, items: list[dict[str, object]]) -> bytes:
    """The whole answer to a question for a list; number: the question's ActionID."""
    head = message(Response="Success", ActionID=number, EventList="start", Message=f"{name} will follow")
    body = b"".join(message(**{"Event": item["Event"], "ActionID": number, **item}) for item in items)
    end = message(Event=f"{name}Complete", ActionID=number, EventList="Complete", ListItems=len(items))
    return head + body + end


def summary(line: Line, now: float) -> dict[str, object]:
    """A queue as QueueSummary tells of it."""
    return {
        "Event": "QueueSummary",
        "Queue": line.queue,
        "LoggedIn": line.seated,
        "Available": line.seated - line.busy,
        "Callers": line.queued,
        "HoldTime": 0,
        "TalkTime": 0,
        "LongestHoldTime": int(line.oldest(now)),
    }


def status(line: Line, now: float) -> Iterator[dict[str, object]]:
    """A queue as QueueStatus tells of it: its counts, its agents, its callers."""
    yield {
        "Event": "QueueParams",
        "Queue": line.queue,
        "Max": 0,
        "Strategy": "rrmemory",
        "Calls": line.queued,
        "Holdtime": 0,
        "TalkTime": 0,
        "Completed": line.handled,
        "Abandoned": line.abandoned,
        "ServiceLevel": 0,
        "ServicelevelPerf": "0.0",
        "Weight": 0,
    }
    for seat in range(line.seated):
        agent = f"PJSIP/{line.queue}-{seat + 1:02d}"
        state = RINGING if seat < line.ringing else IN_USE if seat < line.busy else NOT_IN_USE
        yield {
            "Event": "QueueMember",
            "Queue": line.queue,
            "Name": agent,
            "Location": agent,
            "StateInterface": agent,
            "Membership": "dynamic",
            "CallsTaken": 0,
            "LastCall": 0,
            "InCall": int(line.ringing <= seat < line.busy),
            "Status": state,
            "Paused": 0,
            "Wrapuptime": 0,
        }
    for place, call in enumerate((*line.rung, *line.waiting), 1):
        waited = _held(call.arrived, now)
        entry: dict[str, object] = {"Event": "QueueEntry", "Queue": line.queue, "Position": place}
        yield {**entry, **_channel(call), "Wait": waited}


def event(moment: Moment) -> bytes:
    """What happens to a caller, as it is told to everybody who listens; who is answered or gives up also leaves."""
    call = moment.call
    head: dict[str, object] = {"Timestamp": f"{moment.at:.6f}", **_channel(call), "Queue": call.line.queue}
    held = _held(call.arrived, call.answered if moment.kind == "complete" else moment.at)
    leave = message(Event="QueueCallerLeave", Privilege="agent,all", **head, Count=call.line.queued)
    match moment.kind:
        case "join":
            count = call.line.queued
            return message(Event="QueueCallerJoin", Privilege="agent,all", **head, Position=count, Count=count)
        case "answer":
            return leave + message(Event="AgentConnect", Privilege="agent,all", **head, HoldTime=held, RingTime=0)
        case "abandon":
            gone = message(Event="QueueCallerAbandon", Privilege="agent,all", **head, Position=1, HoldTime=held)
            return gone + leave
    talked = _held(call.answered, moment.at)
    return message(
        Event="AgentComplete", Privilege="agent,all", **head, HoldTime=held, TalkTime=talked, Reason="caller"
    )


class Listener:
    """RTCP of one PBX's trunk calls. Losses that are no whole 256th are owed to the next report, so that none is lost."""

    def __init__(self) -> None:
        self._owed = 0.0

    def rtcp(self, report: Report) -> bytes:
        """What the trunk's end says it hears of us, as Asterisk tells it."""
        whole = self._owed + report.loss * 256
        fraction = min(int(whole), 255)
        self._owed = whole - fraction
        score = mos(rating(mouth_to_ear(report.round_trip, report.jitter), report.loss))
        return message(
            Event="RTCPReceived",
            Privilege="reporting,all",
            Timestamp=f"{report.at:.6f}",
            Channel=f"PJSIP/{report.trunk}-{report.call:08x}",
            Uniqueid=f"demo-{report.call}",
            SSRC=f"0x{report.call:08x}",
            PT="201(Receiver Report)",
            RTT=f"{report.round_trip:.4f}",
            ReportCount=1,
            MES=f"{score * MES:.1f}",
            Report0SourceSSRC=f"0x{report.call:08x}",
            Report0FractionLost=fraction,
            Report0IAJitter=round(report.jitter * CLOCK_RATE),
        )


def _channel(call: Call) -> dict[str, object]:
    return {
        "Channel": f"PJSIP/{call.trunk}-{call.number:08x}",
        "Uniqueid": f"demo-{call.number}",
        # Numbers of Ofcom's range for drama: nobody has them.
        "CallerIDNum": f"+441632960{call.number % 1000:03d}",
    }


def _held(since: float, now: float) -> int:
    """Whole seconds between two readings of a clock that has no others."""
    return int(now) - int(since)
