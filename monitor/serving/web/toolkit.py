"""A `web.config.file` as Prometheus and its exporters read it: TLS, basic auth, headers, rate limit.

Format of the exporter-toolkit (docs/web-configuration.md there). What Python's TLS cannot do is refused when the file is
read, never silently weaker than it says.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from monitor.plan import Section
from monitor.units import Duration

Version: TypeAlias = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
ClientAuth: TypeAlias = Literal[
    "",
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
]
_RANK: dict[Version, int] = {"TLS10": 0, "TLS11": 1, "TLS12": 2, "TLS13": 3}
_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert")
_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_COSTLIEST = 14
"""bcrypt's cost doubles with each step: 14 is already most of a second for each password that is tried."""
CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
"""Go's names of curves -> OpenSSL's."""
CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
}
"""Names of cipher suites (IANA) -> OpenSSL's. Those of TLS 1.3 cannot be chosen, there as here."""
_OF_13 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})


class TlsServer(Section, frozen=True, kw_only=True):
    """`tls_server_config`."""

    cert_file: str = ""
    key_file: str = ""
    client_auth_type: ClientAuth = ""
    client_ca_file: str = ""
    client_allowed_sans: tuple[str, ...] = ()
    """A client's certificate must name one of these: DNS name, address, e-mail or URI."""
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for why in self._mistakes():
            raise ValueError(why)

    def _mistakes(self) -> list[str]:
        verifies = self.client_auth_type in ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
        unknown = [name for name in self.cipher_suites if name not in CIPHERS and name not in _OF_13]
        odd = [name for name in self.curve_preferences if name not in CURVES]
        checks = {
            "cert_file and key_file are both needed": not (self.cert_file and self.key_file),
            f"client_auth_type {self.client_auth_type} takes a certificate that nobody verified, which is as good as none; "
            "write RequireAndVerifyClientCert": self.client_auth_type in _UNVERIFIED,
            "client_auth_type needs client_ca_file, to verify against": verifies and not self.client_ca_file,
            "client_ca_file is never used without client_auth_type": bool(self.client_ca_file) and not verifies,
            "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert": bool(self.client_allowed_sans)
            and self.client_auth_type != "RequireAndVerifyClientCert",
            "min_version is above max_version": _RANK[self.min_version] > _RANK[self.max_version],
            f"cipher_suites: unknown {', '.join(unknown)}": bool(unknown),
            f"curve_preferences: unknown {', '.join(odd)}": bool(odd),
        }
        return [what for what, wrong in checks.items() if wrong]


class HttpServer(Section, frozen=True, kw_only=True):
    """`http_server_config`."""

    http2: bool = True
    """Taken and without effect: golive speaks HTTP/1.1, which every client of HTTP/2 does as well."""
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if name not in HEADERS:
                msg = f"header {name} cannot be set; {', '.join(HEADERS)} can"
                raise ValueError(msg)
            if not value.isprintable():
                msg = f"header {name} holds a control character"
                raise ValueError(msg)


HEADERS = (
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
)


class RateLimit(Section, frozen=True, kw_only=True):
    """`rate_limit`."""

    interval: Duration = 0.0
    """Seconds between two requests; 0 is no limit."""
    burst: int = 0
    """Requests at once after a pause."""

    def __post_init__(self) -> None:
        if self.interval > 0 and self.burst < 1:
            raise ValueError("burst 0 lets no request through; write how many may come at once, such as 20")


class Toolkit(Section, frozen=True, kw_only=True):
    """The whole file. An empty one is plain HTTP for everybody."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer | None = None
    rate_limit: RateLimit | None = None
    basic_auth_users: dict[str, str] | None = None
    """User -> bcrypt hash, as `htpasswd -nBC 10 ''` makes it."""

    def __post_init__(self) -> None:
        for user, hashed in (self.basic_auth_users or {}).items():
            found = _HASH.fullmatch(hashed)
            if found is None or not 4 <= int(found[1]) <= _COSTLIEST:  # noqa: PLR2004 - the cheapest cost of bcrypt
                msg = f"basic_auth_users: {user!r} has no bcrypt hash of cost 4 to {_COSTLIEST}; next: htpasswd -nBC 10 {user}"
                raise ValueError(msg)
            if not user or ":" in user:
                msg = "basic_auth_users: a user's name is not empty and holds no colon"
                raise ValueError(msg)
