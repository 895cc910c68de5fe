"""Screens as text files that a reviewer can read in a diff; `pytest --snapshot-update` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class TextScreen(SingleFileSnapshotExtension):
    """One `.txt` file a screen."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"

    def serialize(self, data, **_kwargs) -> str:
        """The text as it is."""
        return str(data)


@pytest.fixture
def screen(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares a screen's text with its recorded file."""
    return snapshot.use_extension(TextScreen)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a key exports lands in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal of whoever runs the tests must not show in them."""
    for name in ("NO_COLOR", "TEXTUAL", "COLORTERM", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a key exports lands in a folder of the test, not in the project."""
    monkeypatch.chdir(tmp_path)
