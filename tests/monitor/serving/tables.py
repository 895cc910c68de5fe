"""A table as the store offers it to the exposition, filled by hand."""

from __future__ import annotations

import numpy as np

from monitor.model import Labels, Metric


class FakeTable:
    """Columns over the series of one metric, longer than they are filled."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.size = 0
        self.labels: list[Labels] = []
        self.latest = np.full(4, np.nan)
        self.latest_at = np.full(4, -np.inf)
        self.blank_at = np.full(4, -np.inf)
        self.bucket_counts = np.zeros((4, len(metric.bounds) + 1), np.uint64)
        self.value_sum = np.zeros(4)
        self._rows: dict[Labels, int] = {}

    def put(self, labels: Labels, value: float, at: float) -> None:
        """Take one sample."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = self.size
            self.labels.append(labels)
            self.size += 1
            if row == len(self.latest):
                self._grow()
        self.latest[row] = value
        self.latest_at[row] = at
        self.bucket_counts[row, np.searchsorted(self.metric.bounds, value, side="left")] += np.uint64(1)
        self.value_sum[row] += value

    def _grow(self) -> None:
        more = len(self.latest)
        self.latest = np.concatenate([self.latest, np.full(more, np.nan)])
        self.latest_at = np.concatenate([self.latest_at, np.full(more, -np.inf)])
        self.blank_at = np.concatenate([self.blank_at, np.full(more, -np.inf)])
        self.bucket_counts = np.concatenate([self.bucket_counts, np.zeros_like(self.bucket_counts)])
        self.value_sum = np.concatenate([self.value_sum, np.zeros(more)])
