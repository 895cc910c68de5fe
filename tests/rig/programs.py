"""Real programs that tests start: where they are, or how to install them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_PACKAGES = Path(__file__).with_name("packages.txt")
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def program(name: str) -> str:
    """Path of a program; the test fails with the command that installs it when it is not there."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        lines = (line.split() for line in _PACKAGES.read_text(encoding="utf-8").splitlines())
        package = next((words[1] for words in lines if words[:1] == [name]), name)
        pytest.fail(f"{name} is not installed; next: sudo apt-get install -y --no-install-recommends {package}")
    return found
