"""A reserve file that is given back to the disk when it is full, so that the record of a running rollback fits."""

from __future__ import annotations

import os
from pathlib import Path

RESERVE_BYTES = 16 * 1024 * 1024


class Reserve:
    """Space kept beside the journal. All calls block; they belong on the writer's thread."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size = size
        self.held = path.is_file() and path.stat().st_size >= size
        """Whether the space is there to be given back; an earlier life may have left it."""

    def take(self) -> bool:
        """Take the space when it can be had; False when the disk has not got it."""
        if self.held:
            return True
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._size)
            finally:
                os.close(handle)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        self.held = True
        return True

    def give(self) -> bool:
        """Give the space back to the disk; False when it was given before."""
        if not self.held:
            return False
        self._path.unlink(missing_ok=True)
        self.held = False
        return True
