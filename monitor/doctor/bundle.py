"""The support bundle: what somebody else needs to understand what is wrong here, and nothing that they may not see."""

from __future__ import annotations

import io
import os
import platform
import re
import tarfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from monitor.intake.redaction import redacted
from monitor.redaction import MASK, known

LARGEST = 1 << 20
"""Characters of one member; the rest is left out and said so."""
_IN_YAML = re.compile(
    r"(\b[\w-]{0,40}(?:passw|secret|token|api[_-]?key)[\w-]{0,40}[\"']?\s*:[ \t]+)(?![{\[&*|>\s])([^\s,}\]]+)",
    re.IGNORECASE,
)
"""A secret written out where golive takes references only: a comment, a file that is not golive's."""
_FOLDER = "golive-support"
_LIBRARIES = ("golive-monitor", "aiohttp", "botocore", "gmqtt", "msgspec", "numpy", "sqlalchemy", "textual", "uvloop")


def machine() -> str:
    """What golive runs on: versions and system, no name of the machine or of a person."""
    lines = [f"python {platform.python_version()} ({platform.python_implementation()})"]
    lines += [f"system {platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors"]
    lines += [f"{name} {version(name)}" for name in _LIBRARIES]
    return "".join(f"{line}\n" for line in lines)


def version(library: str) -> str:
    """The installed version of a library."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "is not installed"


def texts_of(files: Iterable[Path], folder: Path) -> dict[str, str]:
    """Configuration files by the name they get in the bundle; one that cannot be read is said to be so."""
    found = {}
    for number, path in enumerate(files):
        inside = path.resolve().is_relative_to(folder.resolve())
        name = str(path.resolve().relative_to(folder.resolve())) if inside else f"outside-{number}-{path.name}"
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
            found[f"configuration/{name}"] = _IN_YAML.sub(rf"\1{MASK}", text)
        except OSError as error:
            found[f"configuration/{name}"] = f"cannot be read: {error.strerror}\n"
    return found


def pack(members: Mapping[str, str], at: float) -> bytes:
    """A gzipped tar of these texts, each redacted: known secrets, logins, keys and telephone numbers are masked. at: unix seconds."""
    secrets = known()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in sorted(members.items()):
            shown = redacted(text, secrets)
            if len(shown) > LARGEST:
                shown = f"{shown[:LARGEST]}\n[{len(shown) - LARGEST} more characters left out]\n"
            body = shown.encode("utf-8", "replace")
            member = tarfile.TarInfo(f"{_FOLDER}/{name}")
            member.size, member.mode, member.mtime = len(body), 0o600, int(at)
            archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def save(path: Path, packed: bytes) -> None:
    """Write it for its owner alone; OSError, FileExistsError among them, when it cannot be."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(packed)
