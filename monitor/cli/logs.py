"""How a daemon logs: plain lines for a journal, logfmt or JSON for a log store. Known secrets are masked in each."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from monitor.cli.quiet import Quiet
from monitor.redaction import Masking, masked
from monitor.text import clean

Level: TypeAlias = Literal["debug", "info", "warn", "error"]
Format: TypeAlias = Literal["plain", "logfmt", "json"]

_LINE = 4000
_BARE = re.compile(r"[A-Za-z0-9_.:/@+-]+", re.ASCII)
_WORDS = {logging.WARNING: "warn", logging.CRITICAL: "error"}
"""Levels that Prometheus' programs call otherwise."""


class Fields(logging.Formatter):
    """One line a record with named fields, whatever the message holds."""

    def __init__(self, form: Literal["logfmt", "json"]) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        fields = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": _WORDS.get(record.levelno, record.levelname.lower()),
            "component": record.name,
            "msg": clean(masked(record.getMessage()), _LINE),
        }
        if record.exc_info:
            fields["err"] = clean(masked(self.formatException(record.exc_info)), _LINE)
        if self._json:
            return json.dumps(fields, ensure_ascii=False)
        return " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())


def _quoted(value: str) -> str:
    return value if _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def begin(level: Level, form: Format) -> None:
    """Log to standard error from here on."""
    handler = logging.StreamHandler(sys.stderr)
    plain = Masking("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(plain if form == "plain" else Fields(form))
    handler.addFilter(Quiet())
    logging.basicConfig(level={"warn": "WARNING"}.get(level, level.upper()), handlers=[handler])
