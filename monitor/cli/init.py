"""`golive init`: a commented configuration to start from, which is valid as it is."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias

from monitor.config_file import DEFAULT

Strategy: TypeAlias = Literal["parallel", "phased", "big_bang"]


def init(*, strategy: Strategy = "phased") -> int:
    """Write a commented golive.yaml into the current folder; never overwrites one.

    Args:
        strategy: How calls move: parallel (both platforms, then one), phased (share by share), big_bang (all at once).
    """
    path = Path.cwd() / DEFAULT
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starting_point(strategy))
    except FileExistsError:
        sys.stderr.write(
            f"{path} is there already and stays as it is; next: move it away, or change to another folder\n"
        )
        return 1
    except OSError as error:
        sys.stderr.write(
            f"{path} cannot be written: {error.strerror}; next: change to a folder that you may write to\n"
        )
        return 1
    sys.stdout.write(f"{path} written; next: make it yours, then `golive check`\n")
    return 0


def starting_point(strategy: Strategy) -> str:
    """The text of a configuration for one strategy."""
    folder = resources.files("monitor.cli") / "template"
    text = (folder / "golive.yaml").read_text(encoding="utf-8")
    stages = (folder / f"stages_{strategy}.yaml").read_text(encoding="utf-8").rstrip("\n")
    moved = ", ".join(_MOVED[strategy])
    return text.replace("@strategy@", strategy).replace("@stages@", stages).replace("@moved@", moved)


_MOVED: dict[Strategy, tuple[str, ...]] = {
    "parallel": ("both", "target"),
    "phased": ("pilot", "half", "full"),
    "big_bang": ("full",),
}
"""Stages in which calls are on the target platform."""
