"""A network namespace without a route: the words that start a program in it, or one loud line that names the right."""

from __future__ import annotations

import subprocess

import pytest

from tests.rig.programs import program


def without_network() -> list[str]:
    """The words to put before a command so that it has no network at all, not even loopback."""
    said = ""
    for words in (["-n"], ["-rn"]):
        command = [program("unshare"), *words]
        tried = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=20, check=False)
        if tried.returncode == 0:
            return command
        said = tried.stderr.strip()
    pytest.fail(
        f"the kernel refuses a network namespace ({said}): this needs CAP_SYS_ADMIN, or unprivileged user namespaces "
        "(sysctl kernel.unprivileged_userns_clone=1); nothing was proved here"
    )
