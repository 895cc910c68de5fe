"""One call by sipp: its command line, and what its statistics say of it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.text import clean

STATISTICS, ERRORS, SCENARIO, MEDIA = "statistics.csv", "errors.log", "call.xml", "media.wav"
"""Files in the folder that the call runs in."""
PLAY = '<nop><action><exec rtp_stream="media.wav,-1,8,PCMA/8000"/></action></nop>'
PLACE = "<!-- media -->"
TEARDOWN = 5.0
"""Seconds that a call gets to end after its answer, or after there was none."""
_REPLY = re.compile(r"received 'SIP/2\.0 ([3-6][0-9]{2}) ([^\r\n']{0,100})")
_CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2}):(\d{6})")


class Line(NamedTuple):
    """Who is called, by whom, over which way."""

    address: str
    """The address that was checked, as text."""
    port: int
    transport: str
    local: str
    """The address on this machine that leads there."""
    user: str
    caller: str
    domain: str
    answer_within: float
    hold: float


class Call(NamedTuple):
    """How a call went. Times in seconds, None where it did not get so far."""

    placed: bool
    ringing: float | None
    answered: float | None
    refused: str
    """The reply that ended it, such as `486 Busy Here`."""
    ended: bool
    """Whether it was taken down in order."""


def arguments(program: str, line: Line) -> tuple[str, ...]:
    """The command: each value is an argument of its own, and none begins with a dash."""
    wait = int(line.answer_within * 1000)
    there = f"[{line.address}]:{line.port}" if ":" in line.address else f"{line.address}:{line.port}"
    return (
        program,
        there,
        *("-sf", SCENARIO, "-m", "1", "-l", "1", "-r", "1", "-nostdin"),
        *("-t", "u1" if line.transport == "udp" else "t1"),
        *("-i", line.local, "-mi", line.local, "-ci", "127.0.0.1"),
        *("-s", line.user, "-key", "caller", line.caller, "-key", "domain", line.domain),
        *("-d", str(int(line.hold * 1000)), "-recv_timeout", str(wait)),
        *("-timeout", f"{span(line.answer_within, line.hold):.0f}s", "-timeout_error"),
        *("-trace_stat", "-stf", STATISTICS, "-fd", "1", "-trace_counts", "-trace_err", "-error_file", ERRORS),
    )


def span(answer_within: float, hold: float) -> float:
    """Seconds that a whole call may take, an end in order included."""
    return answer_within + hold + TEARDOWN


def scenario(template: str, *, media: bool) -> str:
    """The scenario, with a recording played to the other side where there is one."""
    return template.replace(PLACE, PLAY) if media else template


def read(statistics: str, counts: str, errors: str) -> Call:
    """What sipp wrote down of its one call. Anything that is missing reads as not having happened."""
    numbers, times = _last(counts), _last(statistics)
    got = {
        status: sum(_count(value) for name, value in numbers.items() if re.fullmatch(rf"\d+_{status}_Recv", name))
        for status in ("180", "183", "200")
    }
    placed = any(_count(value) for name, value in numbers.items() if name.endswith("_INVITE_Sent"))
    reply = _REPLY.search(errors)
    return Call(
        placed=placed,
        ringing=_seconds(times.get("ResponseTime1(C)", "")) if got["180"] + got["183"] else None,
        answered=_seconds(times.get("ResponseTime2(C)", "")) if got["200"] else None,
        refused=clean(f"{reply[1]} {reply[2]}", 100) if reply else "",
        ended=_count(times.get("SuccessfulCall(C)", "")) == 1,
    )


def _last(table: str) -> dict[str, str]:
    lines = [line for line in table.splitlines() if line.strip()]
    return dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False)) if len(lines) > 1 else {}


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _seconds(text: str) -> float | None:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, micro = map(int, match.groups())
    return hours * 3600 + minutes * 60 + seconds + micro / 1e6
