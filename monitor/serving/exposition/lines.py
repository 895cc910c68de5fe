"""Lines of the two exposition formats: names, labels and numbers as Prometheus reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TypeAlias

from monitor.model import Kind

Row: TypeAlias = tuple[tuple[tuple[str, str], ...], float]
"""Label pairs and the value of one sample."""

LINES_PER_SLICE = 1000
"""Most lines rendered before the event loop gets its turn: about 1 ms."""

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Style(Enum):
    """The two formats; the value is the Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def head(name: str, kind: Kind, text: str, style: Style) -> str:
    """The HELP and TYPE lines of a family; `name` is that of its samples, `_total` included."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    if style is Style.OPENMETRICS:
        text = text.replace('"', '\\"')
        if kind is Kind.COUNTER:
            name = name.removesuffix("_total")
    return f"# HELP {name} {text}\n# TYPE {name} {kind.value}\n"


def label_text(labels: Iterable[tuple[str, str]], *, reserved: str = "") -> str | None:
    """Label pairs as `a="b",c="d"`, or None when a name is malformed, doubled or `reserved`.

    A line with such a name would make the reader refuse the whole page, so its series is left out alone.
    """
    seen = set()
    parts = []
    for name, value in labels:
        if name in seen or name == reserved or not _LABEL_NAME.fullmatch(name):
            return None
        seen.add(name)
        parts.append(f'{name}="{escape(value)}"')
    return ",".join(parts)


def escape(value: str) -> str:
    """A label value between its quotes."""
    if '"' in value or "\\" in value or "\n" in value:
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return value


def number(value: float) -> str:
    """A number as both formats write it."""
    if math.isfinite(value):
        return repr(float(value))
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def line(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    """One sample; empty when its labels cannot be written."""
    text = label_text(labels)
    if text is None:
        return ""
    return f"{name}{{{text}}} {number(value)}\n" if text else f"{name} {number(value)}\n"


def family(name: str, kind: Kind, text: str, rows: Iterable[Row], style: Style) -> Iterator[bytes]:
    """A whole family in pieces of at most about 1,000 lines; nothing when it has no rows."""
    lines = []
    begun = False
    for labels, value in rows:
        if not begun:
            lines.append(head(name, kind, text, style))
            begun = True
        lines.append(line(name, labels, value))
        if len(lines) >= LINES_PER_SLICE:
            yield encoded("".join(lines))
            lines = []
    if lines:
        yield encoded("".join(lines))


def encoded(text: str) -> bytes:
    """UTF-8; a surrogate, which cannot be written, becomes `?` instead of an exception."""
    return text.encode("utf-8", "replace")
