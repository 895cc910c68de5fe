"""`make bench`: measures speed and memory against named references in the same run. Prints; asserts nothing."""

from __future__ import annotations

import importlib
import sys

BENCHES = (
    "engine",
    "stall",
    "opening",
    "judging",
    "ingest",
    "sip",
    "scrape",
    "alert",
    "paging",
    "acting",
    "terminal",
    "past",
    "probes",
    "sizing",
)


def main(names: list[str]) -> None:
    """Run all benches, or those named."""
    for name in names or BENCHES:
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main(5.0)


if __name__ == "__main__":
    main(sys.argv[1:])
