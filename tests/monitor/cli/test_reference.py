"""`golive completion` and `golive metrics`: references that are made from the program itself."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path

import pytest

from monitor.catalogue.inventory import CATALOGUE
from monitor.cli.completion import completion
from monitor.cli.main import COMMANDS
from monitor.cli.metrics import metrics, reference
from tests.dashboards.inventory import exported
from tests.monitor.cli.test_schema import holds
from tests.rig.daemon import GOLIVE, RunningDaemon


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_can_be_completed(shell, capsys) -> None:
    """Each shell's script knows each command."""
    assert completion(shell) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)


def test_bash_finishes_words(capsys) -> None:
    """In a real bash: a started command, an option of it, and a command of a command."""
    completion("bash")
    script = capsys.readouterr().out
    for words, wanted in (
        (["golive", "sta"], "status"),
        (["golive", "status", "--onel"], "--oneline"),
        (["golive", "audit", "ver"], "verify"),
    ):
        line = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _golive; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(
            ["bash", "--norc", "-c", f"{script}\n{line}"], capture_output=True, text=True, check=True, timeout=20
        )
        assert wanted in done.stdout.split()


def test_every_metric_stands_in_the_reference(capsys) -> None:
    """Whatever a scrape can hold or a collector can send is listed with its meaning, as text and as JSON."""
    assert metrics(json=True) == 0
    out = capsys.readouterr().out
    holds("metrics", out)
    lines = {line["name"]: line for line in json.loads(out)["metrics"]}
    assert set(CATALOGUE) <= set(lines)
    named = {name + end for name in lines for end in ("", "_bucket", "_sum", "_count", "_created", "_total")}
    named |= {name.removesuffix("_total") for name in lines}
    assert {name for name in exported() if name.startswith("golive_")} - named == set()
    assert all(line["help"] and line["kind"] for line in lines.values())
    assert metrics() == 0
    text = capsys.readouterr().out
    assert all(name in text for name in lines)
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.e2e
async def test_a_running_daemon_exports_nothing_that_is_not_in_the_reference(tmp_path) -> None:
    """What /metrics of a real daemon says is in `golive metrics`; a new family is added there."""
    await asyncio.to_thread(init, tmp_path)
    daemon = RunningDaemon(tmp_path, (tmp_path / "golive.yaml").read_text())
    await daemon.start()
    try:
        page = await daemon.text("/metrics")
    finally:
        daemon.stop()
    told = set(re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE))
    assert len(told) > 40
    listed = {line.name for line in await asyncio.to_thread(reference)}
    assert told - listed == set()


def init(folder: Path) -> None:
    """The configuration that `golive init` writes."""
    subprocess.run([*GOLIVE, "init"], cwd=folder, check=True, capture_output=True, timeout=30)


def test_a_word_narrows_the_reference_and_none_is_said(capsys) -> None:
    """`golive metrics queue` lists what concerns queues; a word that no metric has is exit code 1."""
    assert metrics("mos") == 0
    assert "golive_media_mos (" in capsys.readouterr().out
    assert metrics("\x1b[31mnothing") == 1
    assert "\x1b" not in capsys.readouterr().err


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    """`golive metrics | head`: whoever reads goes away, and there is no trace, only the exit code of a broken pipe."""
    words = " ".join(f"'{word}'" for word in GOLIVE)
    script = f"{words} metrics | exec <&-; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 141)
