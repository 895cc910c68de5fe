"""What became of a reload of the configuration, for whoever asked for it."""

from __future__ import annotations

from monitor.serving.row import Row


class ReloadRow(Row, frozen=True, kw_only=True):
    """The configuration that runs after a reload that was not refused."""

    at: float
    digest: str
    """SHA-256 over the bytes of its files."""
    before: str
    """The same of the one that ran until then."""
    changed: tuple[str, ...] = ()
    """What is different now, in words; empty when it is what ran already."""
    fresh: tuple[str, ...] = ()
    """Rules that warm up since they are new or say something else, and rules that are gone."""
