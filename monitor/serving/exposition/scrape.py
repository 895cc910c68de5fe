"""One scrape: store, snapshot and process as one page, rendered in slices that never hold up the event loop."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping

from monitor.model import Kind, Metric
from monitor.serving.exposition.condition import CONDITIONS
from monitor.serving.exposition.lines import Style, family
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.exposition.signals import Columns, Signals
from monitor.serving.snapshot import Snapshot

_LOG = logging.getLogger(__name__)
_HOLD = 0.001
"""Seconds of work after which the event loop gets its turn."""
_GZIP_WINDOW = 31
"""zlib's window bits for a gzip wrapper around the largest window."""


class Exposition:
    """Renders pages. Scrapes that arrive while one of their kind is being rendered share its page."""

    def __init__(
        self,
        tables: Callable[[], Mapping[str, Columns]],
        snapshot: Callable[[], Snapshot | None],
        own: OwnMetrics,
        catalogue: Mapping[str, Metric],
        *,
        max_age: float = 300.0,
    ) -> None:
        """Serve from these sources.

        max_age: seconds after which a series that was not heard again is left out.
        """
        self._tables = tables
        self._snapshot = snapshot
        self._catalogue = catalogue
        self._max_age = max_age
        self._signals = Signals()
        self._rendering: dict[tuple[Style, bool], asyncio.Task[bytes]] = {}
        self._turn = asyncio.Lock()
        self._reported: set[str] = set()
        self.own = own

    async def page(self, style: Style, now: float, *, gzip: bool = False) -> bytes:
        """The whole page as bytes; `now` is unix seconds."""
        key = (style, gzip)
        task = self._rendering.get(key)
        if task is None:
            task = self._rendering[key] = asyncio.create_task(self._render(style, now, gzip=gzip))
            task.add_done_callback(lambda _: self._rendering.pop(key, None))
        return await asyncio.shield(task)

    def slices(self, style: Style, now: float) -> Iterator[bytes]:
        """Signal and condition families in pieces of at most about 1,000 lines; an empty piece is a pause."""
        oldest = now - self._max_age
        tables = dict(self._tables())
        for name, table in sorted(tables.items()):
            yield from self._guarded(name, self._signals.family(table, style, oldest))
            if self._signals.unwritable(table):
                self._failed(name, "labels that Prometheus cannot read")
        counts = [((("metric", name),), float(table.size)) for name, table in sorted(tables.items())]
        series = family("golive_series", Kind.GAUGE, "Series in memory, by metric.", counts, style)
        yield from self._guarded("golive_series", series)
        snapshot = self._snapshot()
        if snapshot is not None:
            for condition in CONDITIONS:
                known = self._catalogue.get(condition.name)
                text = known.help if known else condition.help
                rows = condition.rows(snapshot, self._catalogue)
                lines = family(condition.name, condition.kind, text, rows, style)
                yield from self._guarded(condition.name, lines)

    async def _render(self, style: Style, now: float, *, gzip: bool) -> bytes:
        async with self._turn:
            squeeze = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW) if gzip else None
            pieces = []
            clock = asyncio.get_running_loop().time
            begun = clock()
            for piece in self.slices(style, now):
                pieces.append(squeeze.compress(piece) if squeeze else piece)
                if clock() - begun > _HOLD:
                    await asyncio.sleep(0)
                    begun = clock()
            # Reading /proc is a system call that may wait.
            end = await asyncio.to_thread(self._own_text, style)
            if style is Style.OPENMETRICS:
                end += b"# EOF\n"
            pieces.append(squeeze.compress(end) + squeeze.flush() if squeeze else end)
            return b"".join(pieces)

    def _own_text(self, style: Style) -> bytes:
        return b"".join(self._guarded("process", iter([self.own.text(style)])))

    def _guarded(self, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """A family's pieces once all of them are there, so that one that fails is dropped alone and whole."""
        held = []
        try:
            for piece in pieces:
                held.append(piece)
                yield b""
        except Exception as error:  # noqa: BLE001 - whatever ails one family must not take the others with it
            self._failed(name, f"{type(error).__name__}: {error}")
        else:
            yield from held

    def _failed(self, name: str, why: str) -> None:
        self.own.failed(name)
        if name not in self._reported:
            self._reported.add(name)
            _LOG.error(
                "/metrics: family %s is left out, wholly or in part: %s; the cutover's verdict is not touched, "
                "dashboards on this metric are; next: report it with this line",
                name,
                why,
            )
