"""The last raw exchanges of a collector, failures kept longest: what a person reads when a number looks wrong.

Kept as it came, cut, and redacted when it is read: keeping costs next to nothing, and a secret that is renewed is masked
in old exchanges as well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from monitor.intake.redaction import cut, redacted
from monitor.redaction import known
from monitor.text import OutsideText, clean, escaped

KEPT = 20
"""Exchanges of each sort: the newest, and the newest of those that failed."""
LIMIT = 4096
"""Bytes kept of each direction of an exchange. With all rings full a collector keeps 320 KiB at most."""
_SHOWN = 4 * LIMIT
_GLIMPSE = 300


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, redacted."""

    at: float
    """When it was over, unix seconds."""
    fault: str
    """Why it failed; empty when it did not."""
    sent: str
    """What golive asked; empty where the source speaks by itself."""
    got: str
    got_bytes: int
    """How long it was before it was cut."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A collector's transcripts, newest last."""

    collector: str
    recent: tuple[Exchange, ...]
    failures: tuple[Exchange, ...]
    seen: int
    """Exchanges that were handed over since the start; of several in a second that went well only the newest is kept."""
    failed: int
    """Those of them that failed."""


class _Raw(NamedTuple):
    at: float
    fault: str
    sent: bytes
    got: bytes
    length: int
    hidden: Sequence[str]


class Transcripts:
    """Two rings of one collector."""

    def __init__(self) -> None:
        self.seen = 0
        self.failed = 0
        self._recent: deque[_Raw] = deque(maxlen=KEPT)
        self._failures: deque[_Raw] = deque(maxlen=KEPT)
        self._second = -1

    def add(self, got: bytes, at: float, *, sent: bytes = b"", fault: str = "", hidden: Sequence[str] = ()) -> None:
        """Keep one. at: unix seconds. hidden: values of this exchange that may not be shown, beside all secrets."""
        self.seen += 1
        kept = _Raw(at, fault, bytes(sent[:LIMIT]), bytes(got[:LIMIT]), len(got), hidden)
        if fault:
            self.failed += 1
            self._failures.append(kept)
            return
        second = int(at)
        if second == self._second and self._recent:
            self._recent[-1] = kept
        else:
            self._recent.append(kept)
        self._second = second

    def __len__(self) -> int:
        return len(self._recent) + len(self._failures)

    def raw(self) -> tuple[tuple[_Raw, ...], tuple[_Raw, ...]]:
        """What is kept, as it is now, for `shown` in another thread."""
        return tuple(self._recent), tuple(self._failures)


def shown(collector: str, transcripts: Transcripts, kept: tuple[tuple[_Raw, ...], tuple[_Raw, ...]]) -> Kept:
    """What may be shown. Takes tens of milliseconds when the rings are full: for a thread."""
    recent, failures = kept
    secrets = known()
    both = (*recent, *failures)
    hidden = {value for raw in both for value in raw.hidden}
    every = (*secrets, *hidden)
    return Kept(
        collector=collector,
        recent=tuple(_readable(recent, every)),
        failures=tuple(_readable(failures, every)),
        seen=transcripts.seen,
        failed=transcripts.failed,
    )


def glimpse(raw: bytes) -> OutsideText:
    """The beginning of a message on one line, escaped and redacted, for a screen that everybody sees."""
    secrets = known()
    text = raw[:_GLIMPSE].decode(errors="surrogateescape")
    text = redacted(text if len(raw) <= _GLIMPSE else cut(text, secrets), secrets)
    return escaped(text.encode(errors="surrogateescape"))


async def look(transcripts: Mapping[str, Transcripts], collector: str) -> Kept | None:
    """What may be shown of a collector; None when there is none of that name."""
    found = transcripts.get(collector)
    return await asyncio.to_thread(shown, collector, found, found.raw()) if found is not None else None


def _readable(raws: Iterable[_Raw], secrets: Sequence[str]) -> Iterable[Exchange]:
    for raw in raws:
        yield Exchange(
            at=raw.at,
            fault=clean(redacted(raw.fault, secrets)),
            sent=_text(raw.sent, secrets, whole=len(raw.sent) < LIMIT),
            got=_text(raw.got, secrets, whole=len(raw.got) == raw.length),
            got_bytes=raw.length,
        )


def _text(raw: bytes, secrets: Sequence[str], *, whole: bool) -> OutsideText:
    """One piece as lines: text stays text, line by line, anything else is escaped."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        # A character that the cut went through is no sign of binary data.
        text = raw.decode(errors="replace")
        if text.count("\ufffd") > len(text) // 10:
            text = escaped(raw, LIMIT)
        elif not whole:
            text = text.rstrip("\ufffd")
    text = redacted(text if whole else cut(text, secrets), secrets)
    return OutsideText("\n".join(clean(line.rstrip("\r"), _SHOWN) for line in text.split("\n")))
