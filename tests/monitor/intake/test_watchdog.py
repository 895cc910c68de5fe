"""Who holds up the event loop is named while he does it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from monitor.intake.watchdog import Stall, Watchdog
from tests.rig.waiting import until

PROGRAM = """
import asyncio, json, logging, math, re, sys, time
from monitor.intake.intake import Intake
from monitor.intake.supervise import Supervisor
from monitor.intake.watchdog import Watchdog
from monitor.judging.store import Store

def endless(length):
    text = "a" * length + "b"
    begun = time.process_time()
    if length == 20:
        re.match(r"(a+)+$", text)
    return text, time.process_time() - begun

# Each letter more doubles the time: as many as take some seconds on this machine.
TEXT, _ = endless(20 + math.ceil(math.log2(3.6 / endless(20)[1])))

logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(created).3f %(message)s")

class Plug:
    name, stale_after = "sleepy", 10.0
    async def run(self, inlet):
        inlet.connected()
        await asyncio.sleep(0.3)
        await asyncio.create_task(self.deeper())
        await asyncio.Event().wait()
    async def deeper(self):
        print(json.dumps({"begun": time.time(), "cpu": time.process_time()}), flush=True)
        BLOCK
        print(json.dumps({"ended": time.time(), "cpu": time.process_time()}), flush=True)

async def main():
    stalls = asyncio.Queue()
    watchdog = Watchdog(stalls.put_nowait)
    supervisor = Supervisor([Plug()], Intake(Store({})), time.time, lambda *_: None)
    watchdog.start()
    supervisor.start()
    stall = await stalls.get()
    print(json.dumps({"seconds": stall.seconds, "owner": stall.owner, "words": stall.words}), flush=True)
    await supervisor.close()
    await watchdog.close()

runner = sys.argv[1]
if runner == "uvloop":
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""
SLEEP = "time.sleep(4)"
REGEX = "re.match(r'(a+)+$', TEXT)"
"""Takes seconds, in which no other thread gets its turn."""


@pytest.mark.parametrize("runner", ["asyncio", "uvloop"])
@pytest.mark.parametrize("block", [SLEEP, REGEX], ids=["sleep", "regex"])
async def test_the_culprit_is_named_within_two_seconds(tmp_path: Path, block: str, runner: str) -> None:
    """A collector that sleeps, or whose pattern never ends: task, file and line are in the log while it still does (P2)."""
    script = tmp_path / "plug.py"
    script.write_text(PROGRAM.replace("BLOCK", block))
    line = next(n for n, text in enumerate(script.read_text().splitlines(), 1) if block in text)
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(script), runner],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stderr
    begun, ended, told = (json.loads(text) for text in run.stdout.splitlines())
    assert ended["ended"] - begun["begun"] > 1.5
    said = [text for text in run.stderr.splitlines() if "held up" in text]
    assert len(said) == 1
    # A machine that is busy with other things gives a busy process a share of its time only.
    share = min((ended["cpu"] - begun["cpu"]) / (ended["ended"] - begun["begun"]), 1.0) if block is REGEX else 1.0
    assert (float(said[0].split()[0]) - begun["begun"]) * share < 2.0
    assert "of collector sleepy (Plug.deeper)" in said[0]
    assert f"plug.py:{line}" in said[0]
    assert "Plug.deeper" in told["words"]
    assert told["seconds"] == pytest.approx(ended["ended"] - begun["begun"], abs=0.5)
    assert told["owner"] == "sleepy"


async def test_it_is_counted_once_and_a_steady_loop_never() -> None:
    """One stall is one count, whatever its length; a loop that runs is left in peace."""
    stalls: list[Stall] = []
    watchdog = Watchdog(stalls.append, late=0.3)
    watchdog.start()
    await asyncio.sleep(0.7)
    assert stalls == []
    time.sleep(0.9)  # noqa: ASYNC251 - this is the fault
    await until(lambda: stalls, 2)
    await asyncio.sleep(0.5)
    assert len(stalls) == 1
    assert 0.8 < stalls[0].seconds < 2
    assert "test_watchdog.py" in stalls[0].words
    await watchdog.close()


PAUSED = """
import asyncio, json
from monitor.intake.watchdog import Watchdog

async def main():
    stalls = asyncio.Queue()
    watchdog = Watchdog(stalls.put_nowait)
    watchdog.start()
    await asyncio.sleep(0.5)
    print("here", flush=True)
    stall = await stalls.get()
    print(json.dumps({"owner": stall.owner, "words": stall.words}), flush=True)
    await watchdog.close()

RUN
"""


@pytest.mark.parametrize("run", ["asyncio.run(main())", "import uvloop; uvloop.run(main())"])
async def test_a_process_that_stood_still_blames_nobody(run: str) -> None:
    """A laptop that slept, a virtual machine that was stopped: the pause is counted, and no line of code is accused."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PAUSED.replace("RUN", run),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    async with asyncio.timeout(40):
        assert await process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        out, err = await process.communicate()
    told = json.loads(out)
    assert told["owner"] == "unseen"
    assert "the machine had no time for golive or slept" in told["words"]
    assert err.decode() == "" or "nobody could see by whom" in err.decode()


async def test_it_leaves_the_process_as_it_was() -> None:
    """After it is closed no timer, no handler and no thread of it is left."""
    watchdog = Watchdog(lambda _: None)
    watchdog.start()
    await watchdog.close()
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
    await until(lambda: "watchdog" not in {thread.name for thread in threading.enumerate()}, 2)
