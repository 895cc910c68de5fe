"""`golive run` with a push collector: fifty curls at once, and a sender that stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.rig.daemon import RunningDaemon
from tests.rig.programs import program

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CLIENTS = 50
TOKEN = "p" * 40
CONFIG = """
schema: 1
cutover: {name: night one, environment: TEST}
stages: [{name: legacy}, {name: full}]
collectors:
  - name: wallboard
    kind: push
    every: 1s
    max_age: 3s
    token: {file: push.token}
    fixed: {platform: legacy}
gates: [{name: waiting, rules: [waiting]}]
rules:
  - name: waiting
    metric: golive_queue_contacts_waiting
    by: [queue]
    estimator: last
    window: 3s
    operator: ">"
    warn: 50
    breach: 100
    clear: 50
    missing: {no_data: unknown, null: unknown, error: unknown, stale: unknown}
journal: {record: true}
"""


async def curl(url: str, token: str, body: bytes) -> tuple[int, bytes]:
    """Post as a script would."""
    command = [program("curl"), "-sSf", "--retry", "8", "--max-time", "20", "-w", "\n%{http_code}"]
    command += ["-H", f"Authorization: Bearer {token}", "--data-binary", "@-", f"{url}/api/v1/samples"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    answer, _ = await process.communicate(body)
    text, _, status = answer.rpartition(b"\n")
    return int(status), text


def body(client: int, value: float) -> bytes:
    """Ten samples of one client."""
    samples = [
        {
            "metric": "golive_queue_contacts_waiting",
            "value": value,
            "at": time.time(),
            "labels": {"queue": f"q{client}"},
            "source": f"client-{client}",
            "seq": seq,
        }
        for seq in range(10)
    ]
    return msgspec.json.encode(samples)


async def test_fifty_clients_at_once_are_all_heard_and_silence_is_noticed(
    tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Every sample of fifty curls is counted once, judged and on disk; when they stop the gate turns UNKNOWN."""
    token = tmp_path / "push.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    running = daemon(CONFIG)
    await running.start()
    assert (await curl(running.url, "wrong" * 8, body(0, 1)))[0] == 401
    bodies = [body(n, n) for n in range(CLIENTS)]
    answers = await asyncio.gather(*(curl(running.url, TOKEN, sent) for sent in bodies))
    assert [status for status, _ in answers] == [200] * CLIENTS
    assert sum(msgspec.json.decode(text)["taken"] for _, text in answers) == CLIENTS * 10
    await asyncio.gather(*(curl(running.url, TOKEN, sent) for sent in bodies[:10]))
    deadline = time.monotonic() + 20
    while (await running.snapshot()).verdict.verdict != "GO":
        assert time.monotonic() < deadline, running.words()
        await asyncio.gather(*(curl(running.url, TOKEN, fresh(n)) for n in range(CLIENTS)))
    seen = await running.snapshot()
    assert seen.sources[0].state == "ok"
    assert seen.sources[0].duplicates == 100
    page = await running.text("/metrics")
    assert 'golive_queue_contacts_waiting{platform="legacy",queue="q49"} 49' in page
    await running.until(lambda seen: seen.verdict.verdict == "UNKNOWN", within=20)
    assert running.stop() == 0


def fresh(client: int) -> bytes:
    """One new sample of a client."""
    sample = {"metric": "golive_queue_contacts_waiting", "value": client, "at": time.time()}
    return msgspec.json.encode({**sample, "labels": {"queue": f"q{client}"}})
