"""A body of type application/vq-rtcpxr (RFC 6035 4.6): line by line, keeping what is understood.

Pure, and without exceptions. No real device writes what the grammar asks for to the letter, so order, spaces before
and after colons, missing and unknown lines are all taken; `LocalMetrics` and `RemoteMetrics` are kept apart, since they
repeat the same keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from collectors.sip_quality.quantities import LINES, MEASURED

ReportKind: TypeAlias = Literal["session", "interval", "alert"]
LINE_LIMIT = 2048
_LINES = 400
_BAD_LIMIT = 8
_REMEMBERED = 4096
"""Lines whose meaning is remembered."""
_PAIR = re.compile(r'(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{0,31})[ \t]*=[ \t]*("[^"]*"|\S*)')
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_HOST = re.compile(r"sips?:(?:[^@>\s]{0,256}@)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})", re.IGNORECASE)
_KINDS: dict[str, ReportKind] = {
    "VQSessionReport": "session",
    "VQIntervalReport": "interval",
    "VQAlertReport": "alert",
}
_SECTIONS = {"LocalMetrics": "heard", "RemoteMetrics": "sent"}


@dataclass(slots=True)
class Section:
    """The figures of one direction, in base units, by the keys of the report."""

    values: dict[str, float] = field(default_factory=dict)
    codec: str = ""
    start: float | None = None
    stop: float | None = None
    """Unix seconds."""
    stated: bool = False
    """Some figure of what was heard was written, were it to say that it is not known."""

    @property
    def empty(self) -> bool:
        """Nothing was measured: no packets, or every figure is nought or not known. Noughts alone are no perfect call."""
        if self.values.get("PPS") == 0:
            return True
        return not any(self.values.get(key) for key in MEASURED)


class Alert(NamedTuple):
    """What a device was alarmed by."""

    type: str
    severity: str
    direction: str


class Report(NamedTuple):
    """One report of one device on one call."""

    kind: ReportKind
    call: str
    local_id: str
    local_address: str
    local_group: str
    ssrc: str
    times: str
    """The timestamps as they are written, to tell reports of one call apart."""
    heard: Section | None
    """What the device received: LocalMetrics."""
    sent: Section | None
    """What the other end received of it: RemoteMetrics."""
    alert: Alert | None
    bad: tuple[str, ...]
    """Fields that hold no number of their kind, as they are written."""

    @property
    def local_host(self) -> str:
        """Host of the device's address of record, in lower case; nothing where there is none."""
        found = _HOST.search(self.local_id[:512])
        return found[1].strip("[]").lower() if found else ""


def parse_time(text: str) -> float | None:
    """RFC 3339 as unix seconds; None for anything else, `0` above all."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        return None


def parse(body: bytes) -> Report | None:
    """Take a body apart; None where it is no report: no word for its kind, and neither call nor figures."""
    reader = _Reader()
    text = body.decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n", _LINES)[:_LINES]:
        if len(line) <= LINE_LIMIT:
            reader.line(line)
        else:
            reader.refuse(line)
    return reader.report()


def _pairs(value: str) -> list[tuple[str, str]]:
    """The KEY=value pairs of a line; the common form first, which has neither quotes nor spaces around the sign."""
    if '"' not in value and "= " not in value and " =" not in value:
        return [(key, text) for key, sign, text in [part.partition("=") for part in value.split()] if sign]
    return _PAIR.findall(value)


class _Figures(NamedTuple):
    """What one line of figures says."""

    values: tuple[tuple[str, float], ...]
    codec: str
    stated: bool
    bad: tuple[str, ...]


@lru_cache(maxsize=_REMEMBERED)
def _figures(name: str, value: str) -> _Figures:
    """Read a line of figures. Remembered, since the devices of one network say much the same in the same words."""
    wanted = LINES[name]
    values: dict[str, float] = {}
    bad, codec, stated = [], "", False
    for key, text in _pairs(value):
        upper = key
        quantity = wanted.get(key)
        if quantity is None:
            upper = key.upper()
            if upper == "PD" and not codec:
                codec = text.strip('"').lower()
            quantity = wanted.get(upper)
            if quantity is None:
                continue
        number, sound = quantity[text]
        if not sound:
            bad.append(f"{key}={text}"[:80])
        elif number is not None:
            values.setdefault(upper, number)
        stated = stated or upper in _MEASURED
    return _Figures(tuple(values.items()), codec, stated, tuple(bad[:_BAD_LIMIT]))


@lru_cache(maxsize=_REMEMBERED)
def _times(value: str) -> tuple[float | None, float | None, str]:
    """START, STOP and how they are written."""
    said = {key.upper(): text for key, text in reversed(_pairs(value))}
    start, stop = said.get("START", ""), said.get("STOP", "")
    return parse_time(start), parse_time(stop), f"{start} {stop}"


class _Reader:
    """What has been read of one report."""

    def __init__(self) -> None:
        self._kind: ReportKind | None = None
        self._alert: Alert | None = None
        self._info: dict[str, str] = {}
        self._sections: dict[str, Section] = {}
        self._now = "heard"
        self._times: list[str] = []
        self._bad: list[str] = []

    def line(self, line: str) -> None:
        """Read one line; a name is compared as it is before it is compared without case and spaces."""
        name, _, value = line.partition(":")
        if name in LINES:
            self._take(_figures(name, value))
        elif name in _NAMES:
            self._other(name, value)
        elif (spelled := _SPELLED.get(name.strip().lower())) is not None:
            self.line(f"{spelled}:{value}")

    def _other(self, name: str, value: str) -> None:
        """A line that holds no figures."""
        if name == "Timestamps":
            section = self._section()
            start, stop, written = _times(value)
            section.start = start if section.start is None else section.start
            section.stop = stop if section.stop is None else section.stop
            self._times.append(written)
        elif name in _SECTIONS:
            self._now = _SECTIONS[name]
            self._section()
        elif name in _INFO:
            self._info.setdefault(name, value.strip())
        elif self._kind is None:
            self._kind = _KINDS[name]
            if self._kind == "alert":
                self._alert = _alert(value)

    def refuse(self, text: str) -> None:
        """Note what could not be read."""
        if len(self._bad) < _BAD_LIMIT:
            self._bad.append(text[:80])

    def report(self) -> Report | None:
        """All of it."""
        info = self._info
        if self._kind is None and not ("CallID" in info and self._sections):
            return None
        address = dict(_pairs(info.get("LocalAddr", "")))
        return Report(
            self._kind or "interval",
            info.get("CallID", ""),
            info.get("LocalID", ""),
            address.get("IP", ""),
            info.get("LocalGroup", ""),
            address.get("SSRC", ""),
            " ".join(self._times),
            self._sections.get("heard"),
            self._sections.get("sent"),
            self._alert,
            tuple(self._bad),
        )

    def _section(self) -> Section:
        section = self._sections.get(self._now)
        if section is None:
            section = self._sections[self._now] = Section()
        return section

    def _take(self, said: _Figures) -> None:
        section = self._section()
        values = section.values
        for name, number in said.values:
            values.setdefault(name, number)
        section.codec = section.codec or said.codec
        section.stated = section.stated or said.stated
        for text in said.bad:
            self.refuse(text)


_MEASURED = frozenset(MEASURED)
_INFO = frozenset({"CallID", "LocalID", "LocalAddr", "LocalGroup"})
_NAMES = frozenset({*LINES, "Timestamps", *_SECTIONS, *_INFO, *_KINDS})
_SPELLED = {name.lower(): name for name in _NAMES}
_TYPES = frozenset(
    {
        *("RLQ", "RCQ", "EXTR", "MOSLQ", "MOSCQ", "BD", "NLR", "JDR", "RTD", "ESD", "IAJ", "RERL", "SL", "NL"),
        *("OWD", "SOWD", "MAJ", "BLD", "GLD", "GD"),
    }
)
_SEVERITIES = frozenset({"warning", "critical", "clear"})
_DIRECTIONS = {"local": "heard", "remote": "sent"}


def _alert(value: str) -> Alert:
    """Words of a fixed vocabulary only, since they become labels; `other` for what is not in it."""
    said = {key.lower(): text.strip('"') for key, text in reversed(_pairs(value))}
    kind, severity = said.get("type", "").upper(), said.get("severity", "").lower()
    return Alert(
        kind.lower() if kind in _TYPES else "other",
        severity if severity in _SEVERITIES else "other",
        _DIRECTIONS.get(said.get("dir", "").lower(), "unknown"),
    )
