"""Samples of one group commit as bytes: three columns, shuffled and compressed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_LEVEL = 1
"""Higher levels cost more time than the disk that they save."""


class Columns(NamedTuple):
    """Samples: series numbers, values, unix seconds."""

    series: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    times: npt.NDArray[np.float64]


def joined(
    parts: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]],
) -> Columns:
    """Columns of several emits, one after the other."""
    return Columns(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def pack(columns: Columns) -> bytes:
    """Compress. Bytes of equal weight lie together, which halves what numbers that resemble each other need."""
    series = columns.series.astype("<i4").view(np.uint8).reshape(-1, 4).T.tobytes()
    values = columns.values.astype("<f8").view(np.uint8).reshape(-1, 8).T.tobytes()
    times = columns.times.astype("<f8").view(np.uint8).reshape(-1, 8).T.tobytes()
    return zlib.compress(series + values + times, _LEVEL)


def unpack(block: bytes) -> Columns:
    """The columns of a block; ValueError when it is damaged."""
    try:
        raw = np.frombuffer(zlib.decompress(block), np.uint8)
    except zlib.error as error:
        msg = f"a damaged block: {error}"
        raise ValueError(msg) from error
    if len(raw) % 20:
        msg = f"a damaged block: {len(raw)} bytes"
        raise ValueError(msg)
    count = len(raw) // 20
    series = raw[: 4 * count].reshape(4, count).T.copy().view("<i4").ravel()
    values = raw[4 * count : 12 * count].reshape(8, count).T.copy().view("<f8").ravel()
    times = raw[12 * count :].reshape(8, count).T.copy().view("<f8").ravel()
    return Columns(series.astype(np.int64), values.astype(np.float64), times.astype(np.float64))
