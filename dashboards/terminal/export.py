"""What is shown, as a file: CSV, JSON, SVG or text. Contents are made here from rows; one function writes."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from dashboards.terminal.drawing.spans import Glyphs, visible
from dashboards.terminal.drawing.table import Field
from dashboards.terminal.query import Value
from monitor.serving.snapshot import Snapshot

T = TypeVar("T")

KINDS = {
    "csv": "CSV: the rows with numbers in base units",
    "json": "JSON: the same with cutover, time and filter",
    "svg": "SVG: a picture of this screen",
    "txt": "text: the table as it is drawn, all rows",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take the wide ones too
_REMOTE_FONT = re.compile(r",?\s*url\(\"https?://[^\"]*\"\)\s*format\(\"[^\"]*\"\)")
_SAME_SECOND = 100
"""Most files of one name in one second."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What a JSON file says beside its rows."""

    schema: int = 1
    screen: str
    cutover: str
    environment: str
    at: str
    """Time of the snapshot, RFC 3339, UTC."""
    filter: str
    rows: list[dict[str, Value]]


def moment(at: float) -> str:
    """Unix seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def column_name(field: Field[T]) -> str:
    """A field's name with its unit at the end: `oldest_new_seconds`."""
    unit = field.unit
    return field.name if not unit or unit == "count" or field.name.endswith(unit) else f"{field.name}_{unit}"


def records(fields: Sequence[Field[T]], rows: Iterable[T]) -> list[dict[str, Value]]:
    """One record a row; a number that is none is None."""
    names = [(column_name(field), field.value) for field in fields]
    return [{name: _value(get(row)) for name, get in names} for row in rows]


def records_of(rows: Iterable[msgspec.Struct]) -> list[dict[str, Value]]:
    """Rows of a snapshot as records; what is a list or a record itself is JSON in one text."""
    return [{name: _simple(getattr(row, name)) for name in row.__struct_fields__} for row in rows]


def _simple(value: object) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str | int | float):
        return _value(value)
    return _value(msgspec.json.encode(value).decode())


def _value(value: Value) -> Value:
    if isinstance(value, str):
        return visible(value, Glyphs())
    return None if value is None or not math.isfinite(value) else value


def as_csv(fields: Sequence[Field[T]], rows: Iterable[T]) -> str:
    """A heading and one line a row; a text that a spreadsheet would take for a formula gets a quote before it."""
    return csv_of([column_name(field) for field in fields], records(fields, rows))


def csv_of(names: Sequence[str], rows: Iterable[dict[str, Value]]) -> str:
    """The same for records."""
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in record.items()} for record in rows)
    return out.getvalue()


def _harmless(value: Value) -> Value:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def as_json(screen: str, query: str, snapshot: Snapshot, fields: Sequence[Field[T]], rows: Iterable[T]) -> str:
    """One object."""
    return json_of(screen, query, snapshot, records(fields, rows))


def json_of(screen: str, query: str, snapshot: Snapshot, rows: list[dict[str, Value]]) -> str:
    """The same for records."""
    whole = Export(
        screen=screen,
        cutover=snapshot.cutover.name,
        environment=snapshot.cutover.environment,
        at=moment(snapshot.at),
        filter=visible(query, Glyphs()),
        rows=rows,
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=1).decode() + "\n"


def self_contained(svg: str) -> str:
    """A picture that asks no other host for a font."""
    return _REMOTE_FONT.sub("", svg)


def write(folder: Path, name: str, kind: str, content: str, now: float) -> Path:
    """Write a new file that only its owner may read, named by the time in UTC; OSError when it cannot be."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    for again in range(1, _SAME_SECOND):
        path = folder / f"golive-{name}-{stamp}{f'-{again}' if again > 1 else ''}.{kind}"
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(content)
        return path
    raise FileExistsError(f"{folder} has {_SAME_SECOND - 1} files golive-{name}-{stamp} already: wait a second")
