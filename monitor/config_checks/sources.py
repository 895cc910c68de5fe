"""Collectors: how often each is expected to speak, and what it may keep to itself."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding
from monitor.documents.positions import Path
from monitor.units import spell_duration

MOST_COLLECTORS = 64
"""The owners of a series are the bits of a 64-bit number."""
_MAX_PORT = 65535


def source_problems(subject: Subject) -> Iterator[Finding]:
    """Collectors that could never be called fresh, and a listen address that is none."""
    count = len(subject.config.collectors)
    if count > MOST_COLLECTORS:
        what = f"there are {count} collectors, golive tells {MOST_COLLECTORS} apart"
        yield subject.finding(("collectors", MOST_COLLECTORS), what, "let one collector read several sources")
    for index, collector in enumerate(subject.config.collectors):
        path: Path = ("collectors", index)
        if collector.every <= 0:
            hint = "write how often samples are expected, such as 5s"
            yield subject.finding((*path, "every"), "without it silence cannot be told from health", hint)
        elif collector.max_age is not None and collector.max_age < collector.every + collector.delay:
            due = spell_duration(collector.every + collector.delay)
            hint = f"write at least every + delay, {due}"
            yield subject.finding((*path, "max_age"), "every sample would be stale before the next is due", hint)
    yield from _listen(subject)


def _listen(subject: Subject) -> Iterator[Finding]:
    web = subject.config.web
    places: list[tuple[Path, str]] = [(("web", "listen"), web.listen)]
    places += [(("web", "also", index), address) for index, address in enumerate(web.also)]
    for path, address in places:
        host, colon, port = address.rpartition(":")
        if not (host and colon and port.isascii() and port.isdecimal() and len(port) < 6 and int(port) <= _MAX_PORT):  # noqa: PLR2004 - digits of a port
            yield subject.finding(path, "is not an address", "write HOST:PORT, such as 127.0.0.1:8930")
