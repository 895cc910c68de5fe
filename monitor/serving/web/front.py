"""What the port asks of whoever comes: certificates, passwords and headers, by a web.config.file that is read again on change."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path

from monitor.documents.loading import load
from monitor.serving.web.bucket import Bucket
from monitor.serving.web.certificates import CertificateError, context_of, files_of
from monitor.serving.web.passwords import Passwords
from monitor.serving.web.toolkit import Toolkit

log = logging.getLogger("golive.web")

_Mark = tuple[int, int, int]


class FrontError(Exception):
    """A web.config.file that cannot be used: every problem, with file and line."""


class Front:
    """The present state of a web.config.file; without one, plain HTTP for everybody."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.toolkit = Toolkit()
        self.tls: ssl.SSLContext | None = None
        self.passwords = Passwords({})
        self.bucket = Bucket()
        """Of the rate limit."""
        self.trouble = ""
        """Why the newest file is not in force; empty when it is."""
        self._marks: dict[Path, _Mark | None] = {}

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of every answer, beside the protective ones."""
        config = self.toolkit.http_server_config
        return config.headers if config is not None else {}

    @property
    def allowed_sans(self) -> tuple[str, ...]:
        """Names one of which a client's certificate must carry; empty: any."""
        config = self.toolkit.tls_server_config
        return config.client_allowed_sans if config is not None else ()

    def load(self) -> None:
        """Read the file and all it names. Blocks on the disk.

        Raises:
            FrontError: it cannot be used; what was in force before stays.
        """
        if self.path is None:
            return
        # Looked at before it is read: a change in between is noticed at the next look.
        marks = self._look(self.toolkit)
        try:
            toolkit = self._read(self.path)
        except FrontError:
            self._marks = marks
            raise
        self._marks = self._look(toolkit)
        try:
            config = toolkit.tls_server_config
            tls = context_of(config, self.path.parent) if config is not None else None
        except CertificateError as error:
            raise FrontError(f"{self.path}: tls_server_config: {error}") from error
        if toolkit.rate_limit != self.toolkit.rate_limit:
            limit = toolkit.rate_limit
            self.bucket = Bucket(limit.interval, limit.burst) if limit is not None else Bucket()
        self.toolkit, self.tls = toolkit, tls
        self.passwords = Passwords(toolkit.basic_auth_users or {})
        self.trouble = ""

    @staticmethod
    def _read(path: Path) -> Toolkit:
        try:
            if path.is_file() and not path.read_bytes().strip():
                return Toolkit()
        except OSError as error:
            raise FrontError(f"{path}: {error.strerror or error}; next: check path and rights") from error
        loaded = load(path, Toolkit)
        if loaded.value is None:
            raise FrontError("\n".join(map(str, loaded.findings)))
        return loaded.value

    def refresh(self) -> bool:
        """Read again what changed; whether TLS is another now. Blocks on the disk.

        A file that cannot be used is logged once; what was in force stays.
        """
        if self.path is None or self._look(self.toolkit) == self._marks:
            return False
        before = self.tls
        try:
            self.load()
        except FrontError as error:
            if str(error) != self.trouble:
                self.trouble = str(error)
                log.error("the web configuration was not changed, what was in force stays: %s", error)  # noqa: TRY400 - the words are enough
            return False
        log.warning("the web configuration was read again from %s", self.path)
        return self.tls is not before

    def _look(self, toolkit: Toolkit) -> dict[Path, _Mark | None]:
        if self.path is None:
            return {}
        return {path: _mark(path) for path in (self.path, *files_of(toolkit.tls_server_config, self.path.parent))}


def _mark(path: Path) -> _Mark | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
