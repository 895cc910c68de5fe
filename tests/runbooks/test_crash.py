"""Killed with -9 at every edge of the journal, under every effect class: nothing twice that may not be, nothing skipped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.deciding.ledger import verify
from tests.runbooks.target import Target, served

POINTS = ("step.before_intent", "step.after_intent", "step.after_send", "step.after_reply", "step.before_done")
LINE = """
name: line
title: Three steps in a row
allow_hosts: ["{host}"]
steps:
  - {{name: first, action: http, effect: keyed, request: {{method: PUT, url: "{base}/apply/first", json: {{to: legacy}}}}}}
  - {middle}
  - {{name: last, action: http, effect: keyed, request: {{method: PUT, url: "{base}/apply/last", json: {{to: legacy}}}}}}
verify: [legacy_share >= 0.95]
verify_hold: 0s
verify_within: 5s
"""
HTTP = (
    '{{name: middle, action: http, effect: {effect}, request: {{method: {method}, url: "{base}/apply/middle"}},'
    ' expect: {{json: {{to: legacy}}}}, probe: {{url: "{base}/state/middle", expect: {{json: {{to: legacy}}}}}}}}'
)
OTHERS = {
    "manual": "{{name: middle, action: manual, effect: {effect}, instructions: ask the floor"
    ", probe: {{signal: legacy_ready >= 0.6}}}}",
    "wait": "{{name: middle, action: wait, effect: read, span: 50ms}}",
    "verify": "{{name: middle, action: verify, effect: read, that: [legacy_share >= 0.95], within: 5s}}",
}


async def child(state: Path, text: Path, points: str = "", answers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Run the rollback in a process of its own; its exit code and what it printed last."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.runbooks.rollback", str(state), str(text), json.dumps(answers or {})),
        env={**os.environ, "GOLIVE_FAILPOINTS": points},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 30)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode in (0, -signal.SIGKILL), err.decode()
    return process.returncode, json.loads(out) if out.strip() else None


def written(tmp_path: Path, target: Target, middle: str) -> Path:
    path = tmp_path / "line.yaml"
    path.write_text(LINE.format(host=target.host, base=target.base, middle=middle))
    return path


def middle_of(answer: Any) -> Any:
    return answer["run"]["steps"][1]


@pytest.mark.parametrize("effect", ["keyed", "once", "checked", "read"])
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_an_edge_and_resumed(tmp_path: Path, effect: str, point: str) -> None:
    """keyed: applied once by its key; once: sent at most once, then parked; checked: the probe decides; read: repeated."""
    async with served() as target:
        method = "GET" if effect == "read" else "PUT"
        path = written(tmp_path, target, HTTP.format(effect=effect, method=method, base=target.base))
        code, _ = await child(tmp_path, path, f"{point}=kill@2")
        assert code == -signal.SIGKILL, "the fault did happen"
        sent = target.requests.count("middle")
        assert sent == (0 if point in POINTS[:2] else 1)
        code, answer = await child(tmp_path, path)
        assert code == 0
        if effect == "once" and point != "step.before_intent":
            assert (answer["decision"], middle_of(answer)["state"]) == ("paused", "parked")
            assert "did it take effect?" in middle_of(answer)["question"]
            assert target.requests.count("middle") == sent
            assert target.requests.count("last") == 0, "nothing goes on by itself behind a parked step"
            code, answer = await child(tmp_path, path, answers={"middle": "done"})
            assert target.requests.count("middle") == sent
        assert answer["decision"] == "rolled_back", json.dumps(answer["run"]["steps"][1])
        assert [step["state"] for step in answer["run"]["steps"]] == ["done", "done", "done"]
        assert (len(target.keys["first"]), len(target.keys["last"])) == (1, 1)
        assert (target.applied["first"], target.applied["last"]) == (1, 1)
        assert target.requests[0] == "first"
        assert target.requests[-1] == "last"
        if effect in ("keyed", "checked"):
            assert target.applied["middle"] == 1
        if effect == "keyed":
            assert len(target.keys["middle"]) == 1
    assert (await asyncio.to_thread(verify, tmp_path / "journal.db")).ok


@pytest.mark.parametrize("kind", ["manual", "wait", "verify"])
@pytest.mark.parametrize("point", POINTS)
async def test_steps_that_send_nothing_are_begun_again(tmp_path: Path, kind: str, point: str) -> None:
    """Asking, waiting and looking are repeated after a crash, whatever the effect class says; no step is skipped."""
    async with served() as target:
        path = written(tmp_path, target, OTHERS[kind].format(effect="checked"))
        code, _ = await child(tmp_path, path, f"{point}=kill@2", {"middle": "done"})
        assert code == -signal.SIGKILL
        code, answer = await child(tmp_path, path, answers={"middle": "done"})
        assert (code, answer["decision"]) == (0, "rolled_back")
        assert target.requests == ["first", "last"]


@pytest.mark.parametrize(
    "point", ["audit.before_fsync=kill@3", "audit.before_fsync=kill@5", "audit.before_fsync=kill@7"]
)
async def test_killed_between_the_lines(tmp_path: Path, point: str) -> None:
    """Dying with a line half written leaves a journal that verifies and a rollback that goes on or parks."""
    async with served() as target:
        path = written(tmp_path, target, HTTP.format(effect="once", method="PUT", base=target.base))
        code, _ = await child(tmp_path, path, point)
        assert code == -signal.SIGKILL
        assert (await asyncio.to_thread(verify, tmp_path / "journal.db")).ok
        _, answer = await child(tmp_path, path)
        assert answer["decision"] in ("rolled_back", "paused")
        assert target.requests.count("middle") <= 1
        assert target.applied["first"] <= 1
