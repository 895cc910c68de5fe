"""A collector that asks a local Amazon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from collectors.amazon_connect.collector import AmazonConnect
from tests.collectors.amazon_connect.service import ARN, CARE, CREDENTIALS, SALES, Amazon
from tests.rig.inlet import RecordingInlet


def collector(here: Amazon | None = None, **more: Any) -> AmazonConnect:
    """A collector from what a person would write."""
    os.environ["CONNECT_SECRET"] = "s" * 40
    config = {
        "kind": "amazon_connect",
        "name": "connect",
        "every": 0.2,
        "instance": ARN,
        "credentials": CREDENTIALS,
        "labels": {"platform": "target"},
        "queues": {SALES: "sales-en", CARE: "care"},
        "timeout": 2,
        **({"endpoint_url": here.url, "cloudwatch_endpoint_url": here.url} if here is not None else {}),
        **more,
    }
    return msgspec.convert(config, AmazonConnect)


@asynccontextmanager
async def running(source: AmazonConnect, inlet: RecordingInlet) -> AsyncIterator[asyncio.Task[None]]:
    """It runs; whatever ended it is raised at the end."""
    task = asyncio.create_task(source.run(inlet))
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled():
        task.result()
