"""Numbers out of Amazon's answers, and the four kinds of nothing kept apart. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

Pairs: TypeAlias = tuple[tuple[str, str], ...]
Nothing: TypeAlias = Literal["empty", "null", "error"]
LARGEST_BATCH = 100
"""Queues of one request."""


class Figure(NamedTuple):
    """One of Amazon's metrics and what it is here."""

    name: str
    """Amazon's name."""
    metric: str
    unit: str = "COUNT"
    labels: Pairs = ()
    scale: float = 1.0
    """Amazon's number times this is ours."""
    idle: float | None = None
    """What it is where Amazon found nothing at all: 0 for counts, no number for anything that is taken over contacts."""
    threshold: int | None = None
    """Seconds, for metrics that are asked with one."""


class Reading(NamedTuple):
    """One number of one series, or why there is none."""

    metric: str
    labels: Pairs
    value: float | None
    nothing: Nothing = "null"
    """Means something only without a value."""


class WrongTypeError(ValueError):
    """A number that is none."""


def number(value: object) -> float | None:
    """A finite number; None for null. WrongTypeError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTypeError(repr(value)[:80])
    try:
        made = float(value)
    except OverflowError:
        made = math.inf
    if not math.isfinite(made):
        raise WrongTypeError(repr(value)[:80])
    return made


def moment(value: object) -> float | None:
    """A time as unix seconds, whether it is a date, an ISO 8601 text or a number; None when it is neither."""
    if isinstance(value, datetime):
        try:
            return value.timestamp()
        except (OverflowError, ValueError, OSError):
            return None
    if isinstance(value, str):
        made = instant(value)
        return None if math.isnan(made) else made
    try:
        return number(value)
    except WrongTypeError:
        return None


def instant(text: object) -> float:
    """An ISO 8601 time with its offset as unix seconds; NaN when it is none."""
    if not isinstance(text, str) or len(text) > 40:  # noqa: PLR2004 - longer is no time
        return math.nan
    try:
        made = datetime.fromisoformat(text)
        return made.timestamp() if made.tzinfo is not None else math.nan
    except (ValueError, OverflowError, OSError):
        return math.nan


def batches(queues: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The queues in groups that one request may name."""
    for start in range(0, len(queues), LARGEST_BATCH):
        yield tuple(queues[start : start + LARGEST_BATCH])


def tail(name: object) -> str:
    """The id at the end of an ARN, or the id itself; empty for anything that is no text."""
    return name.rpartition("/")[2] if isinstance(name, str) else ""


def dig(value: object, *path: str) -> Any:  # noqa: ANN401 - JSON is any of its types
    """What lies at a place of nested objects; None when it is not there."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def row(figures: Iterable[Figure], item: object, labels: Pairs, wrong: list[str]) -> Iterator[Reading]:
    """The readings of one row of MetricResults. Fields that are no number are named in `wrong` and read as errors.

    A metric that the row does not have, or has without a value, could not be computed.
    """
    found = {}
    rows = dig(item, "Collections")
    for entry in rows if isinstance(rows, list) else ():
        name, threshold = dig(entry, "Metric", "Name"), dig(entry, "Metric", "Threshold")
        limit = dig(threshold[0], "ThresholdValue") if isinstance(threshold, list) and threshold else None
        if isinstance(name, str) and (limit is None or isinstance(limit, int | float)):
            found[name, limit] = dig(entry, "Value")
    for figure in figures:
        ours = (*labels, *figure.labels)
        value = found.get(
            (figure.name, figure.threshold), found.get((figure.name, None)) if not figure.threshold else None
        )
        try:
            plain = number(value)
        except WrongTypeError as error:
            wrong.append(f"{figure.name}: {error}")
            yield Reading(figure.metric, ours, None, "error")
            continue
        yield Reading(figure.metric, ours, None if plain is None else plain * figure.scale)


def absent(figures: Iterable[Figure], labels: Pairs, *, whole: bool) -> Iterator[Reading]:
    """The readings of a row that is not there. whole: the answer is, so that nothing was found and not merely not read."""
    for figure in figures:
        ours = (*labels, *figure.labels)
        if not whole:
            yield Reading(figure.metric, ours, None, "error")
        else:
            yield Reading(figure.metric, ours, figure.idle, "empty")
