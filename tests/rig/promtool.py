"""The real promtool as a calculator: what Prometheus makes of rules and series at given instants."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from tests.rig.programs import program

Series: TypeAlias = Mapping[str, Sequence["float | None"]]
"""Selectors like `m{a="b"}`, and their values at 0, `step`, 2 `step`, ...; None where there is no sample."""
Vector: TypeAlias = dict[frozenset[tuple[str, str]], float]
"""Labels with the name under `__name__`, and the value."""

_FAILED = re.compile(r'^    expr: "((?:[^"\\]|\\.)*)", time: (\S+),\n {8}exp: nil\n {8}got: (.*)$', re.MULTILINE)
_SAMPLE = re.compile(r"\{([^{}]*)\} (\S+?)(?:, |$)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def check_rules(path: Path) -> str:
    """What `promtool check rules` says of a file; AssertionError when it is not content."""
    run = subprocess.run(
        [program("promtool"), "check", "rules", str(path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def answers(
    folder: Path, rules: str, series: Series, step: float, queries: Iterable[tuple[str, int]], every: int
) -> dict[tuple[str, int], Vector]:
    """What each expression is at each instant (seconds), the rules being evaluated every `every` seconds from 0 on.

    promtool only compares, and shows what it got where it is not what was expected. Nothing is expected here, so
    it shows everything; an expression without a result is not in the answer.
    """
    asked = list(queries)
    (folder / "rules.yaml").write_text(rules)
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{every}s",
        "tests": [
            {
                "interval": f"{round(step * 1000)}ms",
                "input_series": [
                    {"series": name, "values": " ".join("_" if v is None else repr(v) for v in values)}
                    for name, values in series.items()
                ],
                "promql_expr_test": [{"expr": expr, "eval_time": f"{at}s"} for expr, at in asked],
            }
        ],
    }
    (folder / "test.yaml").write_text(json.dumps(document))  # JSON is YAML, and quick to write
    run = subprocess.run(
        [program("promtool"), "test", "rules", str(folder / "test.yaml")],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    told = run.stderr + run.stdout
    shown = list(_FAILED.finditer(told))
    assert run.returncode == 0 or shown, told
    assert len(shown) == told.count("got: "), told
    found = {}
    for match in shown:
        expression, at, got = json.loads(f'"{match[1]}"'), match[2], match[3]
        assert not got.startswith("error"), got
        found[expression, _seconds(at)] = {
            frozenset(_LABEL.findall(labels)): float(value) for labels, value in _SAMPLE.findall(got)
        }
    return found


def _seconds(text: str) -> int:
    """Seconds of a duration as Prometheus writes it: 1h2m3s."""
    scale = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * scale[unit] for number, unit in re.findall(r"(\d+)([hms])", text))
