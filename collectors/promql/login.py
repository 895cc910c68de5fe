"""How to be let in by a Prometheus-compatible server: headers and certificates, read when a collector starts."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path
from typing import NamedTuple

from monitor.intake.source import Misconfigured
from monitor.outbound.tls import Tls, TlsError
from monitor.plan import Section
from monitor.secrets import SecretError, SecretRef


class Login(Section, frozen=True, kw_only=True):
    """At most one of `bearer` and `username` with `password`, and further headers (a tenant, say)."""

    bearer: SecretRef | None = None
    """Token for `Authorization: Bearer`."""
    username: str | None = None
    password: SecretRef | None = None
    headers: dict[str, str | SecretRef] = {}
    """Header -> value, such as X-Scope-OrgID for a server with tenants."""
    tls: Tls | None = None
    """Whom to trust and what to show; default: the system's certificates."""

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            msg = "a login needs both: username and password"
            raise ValueError(msg)
        if self.bearer is not None and self.username is not None:
            msg = "say either bearer or username, not both"
            raise ValueError(msg)

    async def read(self, base: Path) -> Credentials:
        """Read secrets and files, off the event loop.

        Raises:
            Misconfigured: one of them cannot be used.
        """
        return await asyncio.to_thread(self._read, base)

    def _read(self, base: Path) -> Credentials:
        headers = {}
        try:
            for name, value in self.headers.items():
                headers[name] = value if isinstance(value, str) else value.read(base).reveal()
            if self.bearer is not None:
                headers["Authorization"] = f"Bearer {self.bearer.read(base).reveal()}"
            if self.username is not None and self.password is not None:
                pair = f"{self.username}:{self.password.read(base).reveal()}"
                headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            return Credentials(headers, self.tls.context(base) if self.tls is not None else None)
        except (SecretError, TlsError) as error:
            raise Misconfigured(f"login: {error}") from error


class Credentials(NamedTuple):
    """What goes with each request. Never shown."""

    headers: dict[str, str]
    tls: ssl.SSLContext | None
