"""`golive runbook` as a script sees it, against a daemon that remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from monitor.serving.snapshot import DecisionRow, Snapshot
from tests.dashboards.terminal import recorded

MAIN = "from monitor.cli.main import main; main()"


class Daemon:
    """Answers with one snapshot and takes acts."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.acts: list[tuple[str, dict[str, Any], str]] = []
        self.refuses = False
        self.url = ""

    async def show(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.snapshot))

    async def act(self, request: web.Request) -> web.Response:
        self.acts.append((request.path, await request.json(), request.headers.get("Authorization", "")))
        if self.refuses:
            error = {"what": "anna asked for it and cannot sign it too", "hint": "another person signs"}
            return web.json_response({"error": error}, status=403)
        return web.json_response({})


def asking(snapshot: Snapshot) -> DecisionRow:
    return next(row for row in snapshot.decisions if row.state in ("awaiting", "escalated"))


@asynccontextmanager
async def daemon() -> AsyncIterator[Daemon]:
    here = Daemon(recorded.FAILING)
    app = web.Application()
    app.router.add_get("/api/v1/snapshot", here.show)
    app.router.add_post("/{path:.*}", here.act)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield here
    finally:
        await runner.cleanup()


async def golive(*words: str, token: str = "t-anna", cwd: Path | None = None) -> tuple[int, str, str]:  # noqa: S107 - a test's token
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MAIN, "runbook", *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "GOLIVE_TOKEN": token},
        cwd=cwd,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_approve_prints_what_is_signed_and_signs_exactly_that() -> None:
    """A script must name the environment; then digest and nonce go out as they were shown."""
    async with daemon() as here:
        row, environment = asking(here.snapshot), here.snapshot.cutover.environment
        code, out, err = await golive("approve", row.id, "--url", here.url)
        assert (code, here.acts) == (8, [])
        assert f"--yes-env {environment}" in err
        for shown in (row.digest, row.runbook, row.steps[0].request, row.evidence[0].rule, environment):
            assert shown in out
        code, _, _ = await golive(
            "approve", row.id, "--yes-env", environment, "--reason", "as shown", "--url", here.url
        )
        assert code == 0
        assert here.acts == [
            (
                f"/api/v1/decisions/{row.id}/approve",
                {"digest": row.digest, "nonce": row.nonce, "reason": "as shown"},
                "Bearer t-anna",
            )
        ]
        here.refuses = True
        code, _, err = await golive("approve", row.id, "--yes-env", environment, "--url", here.url)
        assert (code, "cannot sign it too; next: another person signs" in err) == (8, True)


async def test_each_act_goes_where_it_belongs() -> None:
    """start, reject, rearm, abort and resolve are one request each."""
    async with daemon() as here:
        row, environment = asking(here.snapshot), here.snapshot.cutover.environment
        calls = (
            ("start", row.runbook, "queue=sales", "--yes-env", environment, "--reason", "now"),
            ("reject", row.id, "--reason", "false alarm"),
            ("rearm", row.id, "--reason", "carrier has mended it"),
            ("abort", "run-1", "--reason", "stop"),
            ("resolve", "run-1/agents", "done", "--reason", "seen"),
        )
        for words in calls:
            code, _, err = await golive(*words, "--url", here.url)
            assert code == 0, err
        assert [(path, body) for path, body, _ in here.acts] == [
            ("/api/v1/runs", {"runbook": row.runbook, "parameters": {"queue": "sales"}, "reason": "now"}),
            (f"/api/v1/decisions/{row.id}/reject", {"reason": "false alarm"}),
            (f"/api/v1/decisions/{row.id}/rearm", {"reason": "carrier has mended it"}),
            ("/api/v1/runs/run-1/abort", {"reason": "stop"}),
            ("/api/v1/runs/run-1/steps/agents/resolve", {"outcome": "done", "reason": "seen"}),
        ]


async def test_arming_again_needs_a_reason() -> None:
    """Without one nothing is sent."""
    async with daemon() as here:
        code, _, err = await golive("rearm", "d1", "--url", here.url)
        assert (code != 0, here.acts, "reason" in err.lower()) == (True, [], True)


async def test_show_lists_every_scope_and_every_target() -> None:
    """What is asked for in three queues names all three, and in which order they are dealt with."""
    async with daemon() as here:
        row = msgspec.structs.replace(
            asking(here.snapshot),
            scopes=("queue=sales", "queue=claims"),
            targets=({"queue": "sales"}, {"queue": "claims"}),
        )
        here.snapshot = msgspec.structs.replace(here.snapshot, decisions=(row,))
        code, out, _ = await golive("show", row.id, "--url", here.url)
        assert code == 0
        lines = [" ".join(line.split()) for line in out.splitlines()]
        for line in ("scope queue=sales", "scope queue=claims", "target 1 queue = sales", "target 2 queue = claims"):
            assert line in lines


async def test_list_and_show_need_no_daemon(tmp_path: Path) -> None:
    """What is on this machine is shown with all it would send; a broken file is named and is exit 1."""
    code, out, _ = await golive("list", cwd=tmp_path)
    assert (code, "voice-back-to-legacy" in out) == (0, True)
    code, out, _ = await golive("show", "voice-back-to-legacy", cwd=tmp_path)
    assert (code, "PUT https://routing.example.com/routes/all" in out, "may reach" in out) == (0, True, True)
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "bad.yaml").write_text("name: bad\nsteps: 7\n")
    code, _, err = await golive("list", cwd=tmp_path)
    assert (code, "runbooks/bad.yaml:2" in err) == (1, True)


async def test_wrong_calls_and_a_missing_daemon_are_told_apart() -> None:
    """No token is 2, a parameter that is none is 2, a daemon that is not there is 1 and says that nothing is known."""
    code, _, err = await golive("reject", "d1", token="")
    assert (code, "GOLIVE_TOKEN" in err) == (2, True)
    assert (await golive("start", "x", "queue"))[0] == 2
    assert (await golive("resolve", "no-slash", "done"))[0] == 2
    code, _, err = await golive("abort", "run-1", "--url", "http://127.0.0.1:9")
    assert (code, "cannot be known from here" in err) == (1, True)


def test_the_answer_is_json_that_a_daemon_reads() -> None:
    """The recorded snapshot has a decision that asks, or these tests would prove nothing."""
    assert json.loads(msgspec.json.encode(recorded.FAILING))["decisions"]


async def test_every_act_on_a_run_is_one_request_with_its_reason() -> None:
    """pause, resume, takeover, retry, skip, undo and rearm go where the terminal's keys go."""
    async with daemon() as here:
        row, environment = asking(here.snapshot), here.snapshot.cutover.environment
        calls = (
            ("pause", "run-1"),
            ("resume", "run-1"),
            ("takeover", "run-1"),
            ("retry", "run-1/agents"),
            ("skip", "run-1/agents"),
            ("undo", "run-1/agents"),
            ("rearm", row.id),
        )
        for words in calls:
            code, _, err = await golive(*words, "--reason", "why", "--url", here.url)
            assert code == 0, err
        code, _, err = await golive(
            "point", "did-port", "not_passed", "--reason", "test entry", "--yes-env", environment, "--url", here.url
        )
        assert code == 0, err
        step = "/api/v1/runs/run-1/steps/agents"
        assert [(path, body) for path, body, _ in here.acts] == [
            ("/api/v1/runs/run-1/pause", {"reason": "why"}),
            ("/api/v1/runs/run-1/resume", {"reason": "why"}),
            ("/api/v1/runs/run-1/takeover", {"reason": "why"}),
            (f"{step}/retry", {"outcome": "", "reason": "why"}),
            (f"{step}/skip", {"outcome": "", "reason": "why"}),
            (f"{step}/undo", {"outcome": "", "reason": "why"}),
            (f"/api/v1/decisions/{row.id}/rearm", {"reason": "why"}),
            ("/api/v1/points/did-port/declare", {"passed": False, "reason": "test entry"}),
        ]


async def test_an_attestation_names_the_condition_and_what_was_seen() -> None:
    """What is vouched for is printed first; without the environment nothing is sent."""
    async with daemon() as here:
        row, environment = asking(here.snapshot), here.snapshot.cutover.environment
        words = ("attest", row.id, "legacy_up >= 1", "--evidence", "saw it", "--url", here.url)
        code, out, _ = await golive(*words)
        assert (code, here.acts, row.digest in out) == (8, [], True)
        code, _, err = await golive(*words, "--yes-env", environment)
        assert code == 0, err
        assert [(path, body) for path, body, _ in here.acts] == [
            (
                f"/api/v1/decisions/{row.id}/attest",
                {"item": "legacy_up >= 1", "digest": row.digest, "evidence": "saw it"},
            )
        ]


async def test_the_glass_is_broken_only_with_the_typed_words() -> None:
    """--break-glass sends what was confirmed, as it was typed; a script without a word sends an empty one to be refused."""
    async with daemon() as here:
        confirm = f"voice-back {here.snapshot.cutover.environment}"
        words = ("start", "voice-back", "--break-glass", "--reason", "nobody answers", "--url", here.url)
        for more, said in ((("--confirm", confirm), confirm), ((), "")):
            code, _, err = await golive(*words, *more)
            assert code == 0, err
            path, body, _ = here.acts[-1]
            assert path == "/api/v1/runs/break-glass"
            assert body == {"runbook": "voice-back", "parameters": {}, "reason": "nobody answers", "confirm": said}


async def test_a_signature_after_decide_by_says_so() -> None:
    """--after-decide-by puts the word into the request; without it the request is as ever."""
    async with daemon() as here:
        row, environment = asking(here.snapshot), here.snapshot.cutover.environment
        code, _, err = await golive(
            *("approve", row.id, "--yes-env", environment, "--after-decide-by"),
            *("--reason", "forward is worse", "--url", here.url),
        )
        assert code == 0, err
        assert here.acts[0][1]["late"] is True
