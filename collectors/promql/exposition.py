"""An exporter's page, in the text format of Prometheus or in OpenMetrics: which of its samples are wanted. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.samples import Sample

from collectors.promql.answer import UnreadableError
from collectors.promql.known import Reading
from collectors.promql.mapping import Mapped
from monitor.text import clean


class Pick(Mapped, frozen=True, kw_only=True):
    """Samples of a page that become one of our metrics."""

    name: str
    """Name of the sample as the page writes it, `_total`, `_sum` and `_count` included."""
    match: dict[str, str] = {}
    """Label -> value that a sample must have."""


def readings(page: bytes, content_type: str, picks: Sequence[Pick], received: float) -> list[list[Reading]]:
    """What each pick finds on a page, in the order of the page.

    A sample with a time stamp of its own keeps it, the others are as of `received` (unix seconds).

    Raises:
        UnreadableError: the page cannot be read; nothing of it is used, since a half-read page would look like silence.
    """
    read = read_openmetrics if "openmetrics" in content_type else read_text
    found: list[list[Reading]] = [[] for _ in picks]
    wanted: dict[str, list[tuple[Pick, list[Reading]]]] = {}
    for pick, into in zip(picks, found, strict=True):
        wanted.setdefault(pick.name, []).append((pick, into))
    try:
        for sample in _samples(read(page.decode("utf-8"))):
            for pick, into in wanted.get(sample.name, ()):
                if _fits(sample.labels, pick.match):
                    value = float(sample.value) if math.isfinite(sample.value) else None
                    at = float(sample.timestamp) if sample.timestamp is not None else received
                    into.append(Reading(pick.named(sample.labels), value, at))
    except Exception as error:
        # The parser is a library's: on hostile pages it fails in more ways than it says.
        raise UnreadableError(f"no page of an exporter: {type(error).__name__}: {clean(str(error), 200)}") from error
    return found


def _samples(families: Iterable[object]) -> Iterator[Sample]:
    for family in families:
        yield from getattr(family, "samples", ())


def _fits(labels: Mapping[str, str], match: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in match.items())
