"""`golive alert` as a script sees it, against a daemon that remembers what it was asked."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import msgspec
import pytest

from monitor.serving.alert_rows import AlertList
from tests.dashboards.terminal import recorded_alerts
from tests.monitor.cli.test_runbook import MAIN, Daemon, daemon


async def golive(*words: str, token: str = "t-anna") -> tuple[int, str, str]:  # noqa: S107 - a test's token
    """The command, with its exit code and both outputs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MAIN, "alert", *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "GOLIVE_TOKEN": token, "PYTHONIOENCODING": "utf-8"},
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def firing(here: Daemon) -> None:
    """Alerts of every kind."""
    here.snapshot = recorded_alerts.FIRING


async def test_the_list_says_who_has_what_and_what_is_muted() -> None:
    """Code and id to act on, value against limit, owner and mute with what is left of them, what was sent."""
    async with daemon() as here:
        firing(here)
        code, out, _ = await golive("list", "--url", here.url, token="")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "7Q2MKP  BREACH   abandon:queue=sales-en  11.8% (limit ≤8.0%) for 4m12s, critical"
    assert lines[1] == "        Abandon rate; runbook rollback-voice; sent pager✓ slack✓"
    assert "        ben has it for 3m00s, 27m more: adding 6 agents" in lines
    assert "        muted by cara for 10m, 1h00m more: load test" in lines
    assert "-       MUTED    cert_days" in lines
    assert lines[-1] == "5 fire, 2 muted, 6 closed today"


async def test_the_json_is_the_snapshots_own_rows() -> None:
    """One object, with a schema, that a script can rely on."""
    async with daemon() as here:
        firing(here)
        code, out, _ = await golive("list", "--json", "--url", here.url, token="")
    assert code == 0
    told = msgspec.json.decode(out, type=AlertList)
    assert told.alerts == recorded_alerts.ALERTS
    assert told.mutes == recorded_alerts.MUTES
    assert (told.schema, told.closed) == (1, 6)


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (
            ("ack", "abandon:queue=sales-en", "--reason", "adding agents"),
            "abandon:queue=sales-en/ack",
            {"seconds": 1800.0, "reason": "adding agents"},
        ),
        (("ack", "7Q2MKP", "--for", "2h"), "7Q2MKP/ack", {"seconds": 7200.0, "reason": ""}),
        (("release", "7Q2MKP"), "7Q2MKP/release", {"reason": ""}),
        (
            ("mute", "loss", "--for", "30m", "--reason", "lab", "--whole"),
            "loss/mute",
            {"seconds": 1800.0, "reason": "lab", "whole": True},
        ),
        (("unmute", "loss", "--whole"), "loss/unmute", {"reason": "", "whole": True}),
        (("note", "7Q2MKP", "bridge is red"), "7Q2MKP/note", {"text": "bridge is red"}),
    ],
)
async def test_each_command_sends_one_request(words, path, body) -> None:
    """Exactly what the terminal would send, with the token."""
    async with daemon() as here:
        firing(here)
        code, out, err = await golive(*words, "--url", here.url)
        assert (code, err) == (0, "")
        assert here.acts == [(f"/api/v1/alerts/{path}", body, "Bearer t-anna")]
        assert out


async def test_what_the_daemon_refuses_is_exit_code_8() -> None:
    """In its words, with what to do next."""
    async with daemon() as here:
        firing(here)
        here.refuses = True
        code, _, err = await golive("ack", "7Q2MKP", "--url", here.url)
    assert code == 8
    assert "refused: anna asked for it" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ack", "7Q2MKP", "--for", "soon"), 2, "--for: 'soon' is not a duration"),
        (("mute", "loss", "--for", "30m"), 2, "reason"),
        (("list", "--url", "http://127.0.0.1:9"), 1, "no answer from http://127.0.0.1:9"),
    ],
)
async def test_wrong_calls_and_no_daemon_have_codes_of_their_own(words, code, said) -> None:
    """2 for a span that is none, as others; a missing option is named; 1 when nobody answers."""
    found, out, err = await golive(*words)
    assert found == code
    assert said in out + err


async def test_without_a_token_nothing_is_asked() -> None:
    """Exit code 2, and where a token comes from."""
    async with daemon() as here:
        firing(here)
        code, _, err = await golive("ack", "7Q2MKP", "--url", here.url, token="")
        assert (code, here.acts) == (2, [])
        assert "golive token new" in err
