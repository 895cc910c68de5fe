"""A disk that is small and can be filled: a tmpfs over one folder."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.rig.programs import program


class Disk:
    """One small disk; `fill` takes what is left of it, `free` gives that back."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Take every byte that is left."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(b"\0" * size)

    def free(self) -> None:
        """Give it back."""
        self._filler.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Disk | None]:
    """Make `folder` a disk of `size` bytes; None where the kernel refuses a mount (CAP_SYS_ADMIN)."""
    mount = (program("mount"), "-t", "tmpfs", "-o", f"size={size}", "golive-test", str(folder))
    refused = subprocess.run(mount, capture_output=True, check=False).returncode
    try:
        yield None if refused else Disk(folder)
    finally:
        if not refused:
            subprocess.run((program("umount"), "-l", str(folder)), check=True)
