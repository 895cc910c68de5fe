"""A broker and a daemon for each test, ended whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.daemon import RunningDaemon
from tests.rig.mosquitto import Mosquitto

TOKENS = {"anna": "a" * 40, "ben": "b" * 40}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that is not started yet."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Mosquitto(folder)
    yield made
    made.stop()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[str], RunningDaemon]]:
    """Make daemons of a configuration; their people are anna and ben."""
    made: list[RunningDaemon] = []

    def make(configuration: str) -> RunningDaemon:
        for name, token in TOKENS.items():
            path = tmp_path / f"{name}.token"
            path.write_text(token)
            path.chmod(0o600)
        made.append(RunningDaemon(tmp_path, configuration))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.kill()
