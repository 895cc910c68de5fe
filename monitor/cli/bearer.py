"""The token of whoever types a command."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.secrets import Secret, SecretRef


def read_token(file: Path | None) -> Secret | None:
    """The person's token; None when none was given. SecretError when the file cannot be used."""
    if file is not None:
        return SecretRef(file=str(file.expanduser().absolute())).read(Path("/"))
    return Secret(os.environ["GOLIVE_TOKEN"]) if os.environ.get("GOLIVE_TOKEN") else None
