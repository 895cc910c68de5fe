"""Can the targets of runbooks and channels be reached: a connection each, with its TLS handshake, and nothing sent."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.intake.probing import Check, certificate, fail, ok, took, warn
from monitor.outbound.addresses import Forbidden, Target, allowed, cleared, split, target_of
from monitor.outbound.names import Names
from monitor.text import clean
from runbooks.book import Book

WITHIN = 5.0
AT_ONCE = 20


class Place(NamedTuple):
    """Somewhere to connect to."""

    target: Target
    port: int | None
    """None where only the name can be looked up."""
    why: str
    """Who speaks to it."""


def runbook_places(config: Config, book: Book) -> list[Place]:
    """Every host that a runbook of a trigger may speak to."""
    found: dict[tuple[str, int | None], Place] = {}
    for name in sorted({trigger.runbook for trigger in config.triggers}):
        runbook = book.get(name)
        secure = set(_secure(runbook.endpoints.values() if runbook is not None else ()))
        for entry in book.touches(name).hosts:
            try:
                host, port = split(entry)
            except ValueError:
                continue
            scheme = "https" if (host, port) in secure else "http"
            found.setdefault((host, port), Place(Target(scheme, host, port or 0), port, name))
    return list(found.values())


def _secure(urls: Iterable[str]) -> Iterator[tuple[str, int | None]]:
    for url in urls:
        if urlsplit(url).scheme == "https":
            target = target_of(url)
            yield target.host, target.port


async def reach_all(places: Iterable[Place], *, what: str) -> list[Check]:
    """A check for each place."""
    names, turn = Names(), asyncio.Semaphore(AT_ONCE)

    async def one(place: Place) -> list[Check]:
        async with turn:
            return await _reach(place, names, what)

    try:
        return [check for found in await asyncio.gather(*map(one, places)) for check in found]
    finally:
        names.close()


async def _reach(place: Place, names: Names, what: str) -> list[Check]:
    target, where = place.target, place.target.shown if place.port is not None else place.target.host
    begun = time.monotonic()
    try:
        async with asyncio.timeout(WITHIN):
            addresses = await names.addresses(target.host, target.port)
            if place.port is None:
                return [ok(what, f"{where} of {place.why} has an address; its port depends on the step")]
            cleared(target, allowed(target, [where]), addresses)
            ends = await _connect(target, addresses[0])
    except TimeoutError:
        return [_lost(what, place, where, f"no connection within {WITHIN:g} s")]
    except ssl.SSLError as error:
        return [_lost(what, place, where, getattr(error, "verify_message", "") or str(error))]
    except (OSError, Forbidden) as error:
        return [_lost(what, place, where, getattr(error, "strerror", None) or str(error))]
    checks = [ok(what, f"{where} of {place.why} takes a connection in {took(time.monotonic() - begun)}")]
    expiry = certificate(ends, time.time(), where)
    return [*checks, expiry] if expiry is not None else checks


async def _connect(target: Target, address: str) -> float | None:
    """Connect and hang up; when the certificate ends, unix seconds, None without TLS."""
    secure = await asyncio.to_thread(ssl.create_default_context) if target.scheme == "https" else None
    _, writer = await asyncio.open_connection(
        address, target.port, ssl=secure, server_hostname=target.host if secure is not None else None
    )
    shown = writer.get_extra_info("peercert") or {}
    writer.transport.abort()
    return float(ssl.cert_time_to_seconds(shown["notAfter"])) if "notAfter" in shown else None


def _lost(what: str, place: Place, where: str, why: str) -> Check:
    words = f"{where} of {place.why} cannot be reached: {clean(why)}"
    if what == "target":
        return fail(what, f"{words}: the rollback would stop there", "check name, route and firewall from this machine")
    return warn(what, f"{words}: nobody would be paged by it", "check name, route and firewall from this machine")
