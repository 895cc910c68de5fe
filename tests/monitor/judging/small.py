"""Work in the smallest pieces there are, for tests that it makes no difference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from monitor.judging import counts, derived_series, groups, store, windows


@contextmanager
def tiny() -> Iterator[None]:
    """Every bound on a piece as small as it can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "AT_ONCE", 0)
        for module, name in (
            (windows, "VALUES"),
            (windows, "ROWS"),
            (store, "SAMPLES"),
            (groups, "LOOKED_AT"),
            (counts, "_EVENTS"),
            (counts, "_VALUES"),
            (counts, "_LOOKED_AT"),
            (derived_series, "_BOUND"),
        ):
            patch.setattr(module, name, 1)
        yield
