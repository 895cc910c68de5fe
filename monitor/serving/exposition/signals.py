"""The store's series as exposition text: label text rendered once a series, numbers filled in at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.model import Kind, Labels, Metric
from monitor.serving.exposition.lines import LINES_PER_SLICE, Style, encoded, head, label_text, number


class Columns(Protocol):
    """All series of one metric as the store keeps them: row i of every column is one series."""

    @property
    def metric(self) -> Metric:
        """What the numbers are."""
        ...

    @property
    def size(self) -> int:
        """Rows in use; the columns may be longer."""
        ...

    @property
    def labels(self) -> Sequence[Labels]:
        """Labels of each row."""
        ...

    @property
    def latest(self) -> npt.NDArray[np.float64]:
        """Newest value of each row, NaN before the first."""
        ...

    @property
    def latest_at(self) -> npt.NDArray[np.float64]:
        """Source time of the newest value, unix seconds."""
        ...

    @property
    def blank_at(self) -> npt.NDArray[np.float64]:
        """Source time of the newest answer without a number, unix seconds; one newer than the value takes its place."""
        ...

    @property
    def bucket_counts(self) -> npt.NDArray[np.uint64]:
        """Histograms only: samples in each bucket, not cumulative, the last one above all bounds."""
        ...

    @property
    def value_sum(self) -> npt.NDArray[np.float64]:
        """Histograms only: sum of all samples."""
        ...


class _Slice(msgspec.Struct):
    """Rendered text of some rows, good as long as their labels are these."""

    labels: list[Labels]
    text: list[str]
    whole: bool
    """Whether every row could be written."""


class Signals:
    """Renders tables; keeps the label text of what it rendered."""

    def __init__(self) -> None:
        self._slices: dict[tuple[str, int], _Slice] = {}

    def family(self, table: Columns, style: Style, oldest: float) -> Iterator[bytes]:
        """One metric's lines, at most about 1,000 a piece; nothing when no series is fresh.

        oldest: unix seconds; a series whose newest sample is older is left out, so that a source that died goes
        empty instead of showing its last value for ever.
        """
        metric = table.metric
        histogram = metric.kind is Kind.HISTOGRAM
        step = max(1, LINES_PER_SLICE // (len(metric.bounds) + 3)) if histogram else LINES_PER_SLICE
        render = _histogram_lines if histogram else _value_lines
        begun = False
        for start in range(0, table.size, step):
            stop = min(start + step, table.size)
            text = render(table, self._text(table, start, stop), start, stop, oldest)
            if text:
                yield encoded(text if begun else head(metric.name, metric.kind, metric.help, style) + text)
                begun = True
            else:
                yield b""

    def unwritable(self, table: Columns) -> int:
        """Slices of this metric with series that were left out because their labels cannot be written."""
        name = table.metric.name
        return sum(not part.whole for (metric, _), part in self._slices.items() if metric == name)

    def _text(self, table: Columns, start: int, stop: int) -> list[str]:
        labels = list(table.labels[start:stop])
        key = (table.metric.name, start)
        kept = self._slices.get(key)
        if kept is None or kept.labels != labels:
            template = _histogram_template if table.metric.kind is Kind.HISTOGRAM else _value_prefix
            text = [template(table.metric, row) for row in labels]
            kept = self._slices[key] = _Slice(labels=labels, text=text, whole=all(text))
        return kept.text


def _value_prefix(metric: Metric, labels: Labels) -> str:
    text = label_text(labels)
    if text is None:
        return ""
    return f"{metric.name}{{{text}}} " if text else f"{metric.name} "


def _value_lines(table: Columns, prefixes: list[str], start: int, stop: int, oldest: float) -> str:
    latest = table.latest[start:stop]
    at = table.latest_at[start:stop]
    shown = np.isfinite(latest) & (at >= oldest) & (at >= table.blank_at[start:stop])
    values = latest.tolist()
    if shown.all():
        return "".join([f"{prefix}{value!r}\n" for prefix, value in zip(prefixes, values, strict=True) if prefix])
    rows = zip(prefixes, values, shown.tolist(), strict=True)
    return "".join([f"{prefix}{value!r}\n" for prefix, value, show in rows if show and prefix])


def _histogram_template(metric: Metric, labels: Labels) -> str:
    text = label_text(labels, reserved="le")
    if text is None:
        return ""
    name = metric.name
    text = text.replace("%", "%%")
    more = f"{text}," if text else ""
    braced = f"{{{text}}}" if text else ""
    buckets = [f'{name}_bucket{{{more}le="{bound}"}} %d\n' for bound in (*map(number, metric.bounds), "+Inf")]
    return "".join((*buckets, f"{name}_sum{braced} %r\n", f"{name}_count{braced} %d\n"))


def _histogram_lines(table: Columns, templates: list[str], start: int, stop: int, oldest: float) -> str:
    shown = (table.latest_at[start:stop] >= oldest).tolist()
    counts = np.cumsum(table.bucket_counts[start:stop], axis=1).tolist()
    sums = table.value_sum[start:stop].tolist()
    rows = zip(templates, counts, sums, shown, strict=True)
    return "".join(
        [template % (*count, total, count[-1]) for template, count, total, show in rows if show and template]
    )
