"""TLS contexts of the listener, and whether a client's certificate is one of those that are let in."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.serving.web.toolkit import CIPHERS, CURVES, TlsServer, Version

_VERSIONS: dict[Version, ssl.TLSVersion] = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class CertificateError(Exception):
    """Files of a web.config.file that cannot be used: which, why, what to do."""


def context_of(config: TlsServer, base: Path) -> ssl.SSLContext:
    """The context to serve with; CertificateError when a file cannot be used. Reads files: call it in a thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    context.set_alpn_protocols(["http/1.1"])
    if config.prefer_server_cipher_suites:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    chosen = [CIPHERS[name] for name in config.cipher_suites if name in CIPHERS]
    try:
        if chosen:
            context.set_ciphers(":".join(chosen))
        if config.curve_preferences:
            # One curve is all that can be set; the first is the one preferred.
            context.set_ecdh_curve(CURVES[config.curve_preferences[0]])
        context.load_cert_chain(base / config.cert_file, base / config.key_file)
        if config.client_ca_file:
            context.load_verify_locations(base / config.client_ca_file)
            required = config.client_auth_type == "RequireAndVerifyClientCert"
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    except (OSError, ValueError, ssl.SSLError) as error:
        files = ", ".join(str(base / f) for f in (config.cert_file, config.key_file, config.client_ca_file) if f)
        reason = getattr(error, "strerror", None) or error
        raise CertificateError(f"{files}: {reason}; next: check paths, PEM and rights") from error
    return context


def files_of(config: TlsServer | None, base: Path) -> list[Path]:
    """The files that a change of may mean a new context."""
    if config is None:
        return []
    return [base / name for name in (config.cert_file, config.key_file, config.client_ca_file) if name]


def named(certificate: Mapping[str, Any] | None, allowed: Sequence[str]) -> bool:
    """Whether a verified certificate (as `getpeercert` gives it) carries one of the names, spelled alike."""
    names = {value for _, value in (certificate or {}).get("subjectAltName", ())}
    return bool(names & set(allowed))
