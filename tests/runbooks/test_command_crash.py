"""golive killed with -9 in the middle of a command: the command dies with it, and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from monitor.deciding.ledger import verify
from tests.runbooks.target import served
from tests.runbooks.test_crash import LINE, POINTS, child, middle_of

SLOW = """#!/bin/sh
echo $$ >>{folder}/pids
sleep 0.6
echo "$GOLIVE_KEY" >>{folder}/applied
"""
LOOK = """#!/bin/sh
test -s {folder}/applied
"""
STEP = (
    '{{name: middle, action: command, effect: {effect}, argv: ["{folder}/slow"], timeout: 20s,'
    ' check: {{argv: ["{folder}/look"]}}}}'
)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("effect", ["keyed", "once", "checked", "read"])
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_an_edge_with_a_program_in_flight(tmp_path: Path, effect: str, point: str) -> None:
    """once: started at most once, then parked; checked: the check decides; keyed, read: again; never two at a time."""
    for name, text in (("slow", SLOW), ("look", LOOK)):
        (tmp_path / name).write_text(text.format(folder=tmp_path))
        (tmp_path / name).chmod(0o755)
    async with served() as target:
        middle = STEP.format(effect=effect, folder=tmp_path)
        path = tmp_path / "line.yaml"
        path.write_text(LINE.format(host=target.host, base=target.base, middle=middle))
        code, _ = await child(tmp_path, path, f"{point}=kill@2")
        assert code == -signal.SIGKILL, "the fault did happen"
        before = len(lines(tmp_path / "applied"))
        assert before == (1 if point in POINTS[3:] else 0), "cut off after the start, it did not go on behind our back"
        code, answer = await child(tmp_path, path)
        assert code == 0
        if effect == "once" and point != "step.before_intent":
            assert middle_of(answer)["state"] == "parked"
            assert len(lines(tmp_path / "applied")) == before
            code, answer = await child(tmp_path, path, answers={"middle": "done"})
        assert answer["decision"] == "rolled_back", answer["run"]["steps"][1]
        applied = lines(tmp_path / "applied")
        if effect == "once":
            assert len(applied) <= 1
        elif effect == "checked":
            assert len(applied) == 1
        elif effect == "keyed":
            assert len(set(applied)) == 1
            assert applied[0].endswith("/middle"), "the same key each time"
        assert target.requests == ["first", "last"]
    assert (await asyncio.to_thread(verify, tmp_path / "journal.db")).ok
