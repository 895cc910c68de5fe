"""Brokers for the tests of the MQTT collector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.mosquitto import Mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker with the shipped configuration."""
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()
