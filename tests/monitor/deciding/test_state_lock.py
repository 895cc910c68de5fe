"""One daemon a state directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.deciding.state_lock import AlreadyRunning, StateLock

HOLD = """
import sys, time
from pathlib import Path
from monitor.deciding.state_lock import StateLock
lock = StateLock.acquire(Path(sys.argv[1]), 1234.5)
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_daemon_is_refused_and_told_of_the_first_until_it_is_killed(tmp_path: Path) -> None:
    """The refusal names host, process and since when; kill -9 frees the lock at once."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=rf"process {first.pid} on \S+ since 1970-01-01 00:20:34Z") as refused:
            StateLock.acquire(tmp_path, 2000.0)
        assert refused.value.holder is not None
        assert refused.value.holder.since == 1234.5
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
    StateLock.acquire(tmp_path, 2000.0).release()
    StateLock.acquire(tmp_path, 2001.0).release()


def test_a_lock_file_that_says_nothing_still_refuses(tmp_path: Path) -> None:
    """What the file holds is words; the lock itself is the kernel's."""
    lock = StateLock.acquire(tmp_path, 1.0)
    (tmp_path / "lock").write_text("{")
    with pytest.raises(AlreadyRunning, match="another process"):
        StateLock.acquire(tmp_path, 2.0)
    lock.release()
