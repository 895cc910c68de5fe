"""One line an event on standard output: a JSON object, or a sentence."""

from __future__ import annotations

import sys
import time
from typing import Any

import msgspec

from monitor.demo.receiver import Page
from monitor.serving.snapshot import EventRow
from monitor.text import clean


class Printer:
    """Prints what happens, in the order in which it was told."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, event: str, words: str, **more: Any) -> None:  # noqa: ANN401 - JSON values
        """Something of the demo's own: where it listens, how it ended."""
        self._put({"at": time.time(), "event": event, **more, "what": words}, f"{event}: {words}")

    def event(self, row: EventRow) -> None:
        """A line of the journal's public part."""
        record = {"at": row.at, "event": row.kind, "seq": row.seq, "who": row.who, "what": row.what}
        record |= {"object": row.object, "state": row.state}
        self._put(record, f"{row.kind}: {row.who}: {row.what}")

    def page(self, page: Page) -> None:
        """The pager got something."""
        what = clean(str(page.get("summary") or page.get("what") or page.get("title") or "a page"))
        self._put({"at": time.time(), "event": "notify", "what": what, "page": page}, f"page: {what}")

    def _put(self, record: dict[str, Any], sentence: str) -> None:
        if self._as_json:
            line = msgspec.json.encode(record).decode()
        else:
            moment = time.strftime("%H:%M:%S", time.gmtime(record["at"]))
            line = f"{moment} {clean(sentence)}"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
