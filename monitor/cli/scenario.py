"""`golive scenario`: scripts of series and expectations, played against the real engine and desk in simulated time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from monitor.cli.check import INVALID
from monitor.config_file import LoadedConfig, read
from monitor.scenarios.report import play_files
from monitor.text import clean

NOT_AS_WRITTEN, MALFORMED = 1, 2
"""Exit codes: something went otherwise than a script says; a script cannot be played."""
_LINE = 2000


def scenario(
    file: Path,
    /,
    *files: Path,
    rules: Path | None = None,
    coverage: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Play scenario scripts: what would your thresholds, triggers and people do with these series?

    Nothing waits and nothing is sent: an hour passes in a moment. Every sentence that does not hold is told as
    `file:line: what should be, what is, and why`. The language is in monitor/scenarios/README.md.

    Exit code 0 when everything goes as written, 1 when something does not, 2 when a script cannot be played,
    3 when the configuration of --rules is invalid.

    Args:
        file: A script.
        files: More scripts.
        rules: Configuration for the scenarios that have none of their own.
        coverage: List the rules, triggers and gates that no scenario has put to the test.
    """
    loaded: LoadedConfig | None = None
    if rules is not None:
        loaded = read(rules)
        if loaded.findings:
            sys.stderr.writelines(f"{clean(str(finding), _LINE)}\n" for finding in loaded.findings)
            return INVALID
    report = play_files([file, *files], loaded, str(rules or ""), covered=coverage)
    sys.stdout.writelines(f"{clean(line, _LINE)}\n" for line in report.lines)
    if coverage:
        sys.stdout.writelines(f"{clean(line, _LINE)}\n" for line in report.uncovered())
    sys.stdout.write(f"{report.summary()}\n")
    if report.malformed:
        return MALFORMED
    return NOT_AS_WRITTEN if report.failed else 0
