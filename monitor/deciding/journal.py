"""The journal's configuration."""

from __future__ import annotations

from monitor.plan import Section
from monitor.units import Duration


class JournalConfig(Section, frozen=True, kw_only=True):
    """What is written to disk beside decisions, which always are."""

    record: bool = False
    """Also append every sample to disk before its message is acknowledged."""
    record_for: Duration = 172800.0
    """How long recorded samples are kept."""
