"""Are the business systems there: name, connection, certificate and clock of each host, and the secrets of the requests."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.http.rounds import Keys
from monitor.intake.probing import Check, certificate, clock, fail, ok, sentence, took
from monitor.outbound.addresses import target_of
from monitor.outbound.exchange import Exchange, exchange
from monitor.outbound.names import Names
from monitor.outbound.tls import Tls, TlsError
from monitor.secrets import SecretError

if TYPE_CHECKING:
    from collectors.http.collector import Http

AT_ONCE = 20


async def probe(source: Http, base: Path) -> list[Check]:
    """One harmless request (HEAD /) for each host; no transaction is done. `golive collector test` does them."""
    try:
        tls = await asyncio.to_thread((source.tls or Tls()).context, base)
    except TlsError as error:
        return [sentence("tls", error)]
    checks = [check for check in await asyncio.to_thread(_secrets, source, base) if check is not None]
    names, turn = Names(), asyncio.Semaphore(AT_ONCE)

    async def one(origin: str) -> list[Check]:
        async with turn:
            made = await exchange("HEAD", f"{origin}/", names=names, headers={}, tls=tls, timeout=source.timeout)
        return _told(origin, made)

    try:
        for found in await asyncio.gather(*map(one, _origins(source))):
            checks += found
    finally:
        names.close()
    return checks


def _origins(source: Http) -> list[str]:
    """Scheme, host and port of every request, each once."""
    targets = [
        target_of(request.url.replace("{", "").replace("}", ""))
        for transaction in source.transactions
        for request in (*transaction.requests, *transaction.cleanup)
    ]
    return list(dict.fromkeys(f"{target.scheme}://{target.shown}" for target in targets))


def _secrets(source: Http, base: Path) -> list[Check | None]:
    return [_readable(Keys(transaction), transaction.integration, base) for transaction in source.transactions]


def _readable(keys: Keys, integration: str, base: Path) -> Check | None:
    if not keys.any:
        return None
    try:
        keys.read(lambda reference: reference.read(base).reveal(), 0.0)
    except SecretError as error:
        return sentence("secret", error)
    return ok("secret", f"the secrets of {integration} can be read")


def _told(origin: str, made: Exchange) -> list[Check]:
    if made.trouble is not None:
        words = f"{origin}: {made.trouble}: {made.words}"
        return [fail("target", f"{words}; its integrations would be shown as down", "curl -v from this machine")]
    checks = [ok("target", f"{origin} answers ({made.status}) in {took(made.seconds)} {made.tls_version}".rstrip())]
    expiry = certificate(made.certificate_ends, time.time(), origin)
    if expiry is not None:
        checks.append(expiry)
    date = next((value for name, value in made.headers if name.lower() == "date"), "")
    with suppress(TypeError, ValueError, OverflowError):  # a server need not tell its time
        checks.append(clock(parsedate_to_datetime(date).timestamp(), time.time(), origin, precision=1.5))
    return checks
