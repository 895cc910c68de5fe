"""Secrets that the simulated world and its golive share: which there are, and where each lies in the state directory."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

SECRETS = {"workforce": "workforce.token", "pbx": "pbx.secret", "connect": "connect.secret"}
"""What the planner posts with, and golive's accounts at the PBXs and at the cloud."""


def write_secrets(directory: Path) -> None:
    """Make all of them anew, each for its owner alone (0600)."""
    for name in SECRETS.values():
        keep(directory / name, secrets.token_urlsafe(24))


def keep(path: Path, secret: str) -> None:
    """Write a file that only its owner can read; FileExistsError when there is one."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
