"""Every test's environment: a home of its own, no colour settings, blocking calls in our own code found out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

KEEP = {"PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT"}


def pytest_configure() -> None:
    """Say that the main thread has no loop, else pytest-asyncio has one made that nobody closes: a ResourceWarning."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No variable of the developer's shell reaches a test."""
    for name in set(os.environ) - KEEP:
        if name.startswith(("GOLIVE", "NO_COLOR", "CLICOLOR", "XDG_", "COLUMNS", "LINES", "TERM", "FORCE_COLOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[None]:
    """A call that would stop the event loop fails the test that made it."""
    with blockbuster_ctx(["monitor", "collectors", "runbooks", "dashboards"]):
        yield


@pytest.fixture(autouse=True)
def no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test called a secret is not masked in this one."""
    monkeypatch.setattr("monitor.redaction._known", {})


@pytest.fixture
def cases() -> Path:
    """The folder of the tests."""
    return Path(__file__).parent
