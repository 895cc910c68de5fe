"""TLS: which certificates to trust, and which to show; as a client, and the files of either end."""

from __future__ import annotations

import ssl
from pathlib import Path

from monitor.plan import Section


class TlsError(Exception):
    """Files of a TLS connection that cannot be used: says which and what to do; trying again cannot help."""


class TlsFiles(Section, frozen=True, kw_only=True):
    """Files of either end of a TLS connection, PEM; relative paths start at the configuration file."""

    ca: str | None = None
    """Certificates to trust."""
    cert: str | None = None
    """Our own certificate."""
    key: str | None = None
    """Its private key."""


class Tls(TlsFiles, frozen=True, kw_only=True):
    """TLS towards a server: without `ca` those of the system are trusted; `cert` and `key` where it asks for them."""

    insecure: bool = False
    """Take any certificate: a rehearsal with a throw-away server, never a cutover."""

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            msg = "a client certificate needs both files: cert and key"
            raise ValueError(msg)

    def context(self, base: Path) -> ssl.SSLContext:
        """Read the files; TlsError names the one that cannot be used."""
        try:
            context = ssl.create_default_context(cafile=str(base / self.ca) if self.ca else None)
            if self.cert and self.key:
                context.load_cert_chain(base / self.cert, base / self.key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(base / name) for name in (self.ca, self.cert, self.key) if name)
            msg = f"TLS files cannot be used ({files}): {error.strerror or error}; next: check paths, PEM and rights"
            raise TlsError(msg) from error
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
