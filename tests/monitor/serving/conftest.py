"""Golden files with the extension of what they hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from monitor.serving.web_config import WebConfig
from tests.monitor.serving.desk import House, opened


def pytest_asyncio_loop_factories(config, item):
    """Clients that hold on are met on both kinds of loop: the daemon runs on the faster one where it can be had."""
    del config
    plain = {"asyncio": asyncio.new_event_loop}
    return {**plain, "uvloop": uvloop.new_event_loop} if item.path.stem == "test_web_guard" else plain


class _Prom(SingleFileSnapshotExtension):
    """One file a test, in the text format of Prometheus."""

    _write_mode = WriteMode.TEXT
    file_extension = "prom"


@pytest.fixture
def golden_page(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares with a `.prom` file beside the test."""
    return snapshot.use_extension(_Prom)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A web server on a free port, with a desk that notes what it is asked."""
    async with opened(tmp_path, WebConfig(listen="127.0.0.1:0", enable_lifecycle=True)) as running:
        yield running
