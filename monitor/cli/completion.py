"""`golive completion`: what a shell needs to finish words."""

from __future__ import annotations

import sys
from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print the completion script of a shell.

    bash: golive completion bash > ~/.local/share/bash-completion/completions/golive
    zsh: golive completion zsh > a file named _golive in a folder of $fpath
    fish: golive completion fish > ~/.config/fish/completions/golive.fish

    Parameters
    ----------
    shell:
        Which one.
    """
    from monitor.cli.main import build  # the whole command line is read here, which no other command needs

    sys.stdout.write(build("").generate_completion(shell=shell))
    return 0
