"""Scenarios in tests: a loop of their own in which nothing waits, so that blocking it blocks nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.scenarios.parser import parse
from monitor.scenarios.play import Outcome, play


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """The journal of a scenario is written in its loop, on purpose."""


@pytest.fixture
def played() -> Callable[[str], list[Outcome]]:
    """Plays a script that must be well formed."""

    def run(text: str) -> list[Outcome]:
        scenarios, findings = parse(text, "s")
        assert findings == ()
        return [play(scenario) for scenario in scenarios]

    return run
