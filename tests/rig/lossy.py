"""A network namespace of the test's own whose loopback loses packets; the test and what it starts move into it."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.rig.programs import program

_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of unshare(2)."""
_RULES = """
table inet golive {
  chain out {
    type filter hook output priority 0; policy accept;
    meta l4proto tcp numgen random mod 100 < %d counter drop
  }
}
"""


class Loss:
    """What the namespace has lost so far."""

    def packets(self) -> int:
        """TCP packets, either way."""
        words = subprocess.run([program("nft"), "list", "ruleset"], capture_output=True, text=True, check=True).stdout
        return int(words.split("counter packets ")[1].split()[0])


@contextmanager
def lossy_loopback(percent: int) -> Iterator[Loss]:
    """Inside, this thread and its children have a network of their own that loses so many of a hundred TCP packets."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEW_NETWORK) != 0:
            pytest.skip(
                f"the kernel refuses a network namespace ({os.strerror(ctypes.get_errno())}): this needs CAP_SYS_ADMIN; "
                "nothing was proved here"
            )
        try:
            subprocess.run([program("ip"), "link", "set", "lo", "up"], check=True)
            subprocess.run([program("nft"), "-f", "-"], input=_RULES % percent, text=True, check=True)
            yield Loss()
        finally:
            if libc.setns(home, _NEW_NETWORK) != 0:
                raise OSError(ctypes.get_errno(), "this thread cannot return to its network")
    finally:
        os.close(home)
