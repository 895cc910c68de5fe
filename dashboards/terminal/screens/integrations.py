"""Screen 4, integrations: what is probed and who collects, the newest 40 results of each, worst first."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.terminal.drawing.integrations import TABLE, below, counted, title, worst_first
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Subject, of_integration
from monitor.serving.integration_rows import IntegrationRow
from monitor.serving.snapshot import Snapshot


class Integrations(TableScreen[IntegrationRow]):
    """The strip tells at a glance whether it just broke, never worked or flaps."""

    EMPTY = "nothing is probed, and no collector is configured"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, TABLE)

    def rows(self, snapshot: Snapshot) -> Sequence[IntegrationRow]:
        """All of them."""
        return worst_first(snapshot.integrations)

    def heading(self) -> str:
        """How many are in which state."""
        snapshot = self.now.snapshot
        return counted(snapshot.integrations if snapshot else (), self.glyphs)

    def about(self, row: IntegrationRow) -> Subject:
        """The integration, or the collector."""
        return of_integration(row)

    def row_title(self, row: IntegrationRow) -> str:
        """Its name and platform."""
        return title(row)

    def below(self, row: IntegrationRow, width: int) -> Sequence[Line]:
        """What is wrong with it, and where its time goes."""
        return below(row, self.now, width, self.glyphs)
