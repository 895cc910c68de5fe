"""Who holds up the event loop: a thread of its own looks in when the loop is late, and names task, file and line.

While the loop is held up nothing is judged, no step is steered and no screen is answered. Code that lets other threads run
(a sleep, a read from disk) is seen by the thread. Code that does not (a regular expression without end) is seen by a
signal that the kernel sends after so much processor time: Python's pattern matcher stops for signals, though for nothing else.
What lets neither in is known only afterwards, by how late the loop was.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from monitor.intake.brood import owner_of
from monitor.intake.repeats import Repeats, more
from monitor.text import OutsideText, clean

log = logging.getLogger("golive.watchdog")

BEAT = 0.2
LATE = 1.0
"""Seconds without a beat after which somebody looks who is at work."""
_ROOT = Path(__file__).parents[2]
_OWN = tuple(f"{_ROOT / package}/" for package in ("monitor", "collectors", "runbooks", "dashboards"))
_OTHERS = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), "<")
_LOOP = ("/asyncio/base_events.py", "/asyncio/runners.py")
_UNSEEN = (
    "and nobody could see by whom: the machine had no time for golive or slept, or code that lets nobody look; "
    "next: see the machine's load, and py-spy dump when it happens again"
)


class Stall(NamedTuple):
    """One time that the loop was held up."""

    at: float
    """Unix seconds at which it was over."""
    seconds: float
    task: OutsideText
    """The task's name, with the collector's where it is one's; empty when nobody could look."""
    place: OutsideText
    """File, line and function, in words."""
    owner: OutsideText
    """The collector, or else the task, in one word, for counting; `unseen` when nobody could look."""

    @property
    def words(self) -> OutsideText:
        """The whole of it, for a screen."""
        whom = f"by {self.task} " if self.task else ""
        return clean(f"the event loop was held up for {self.seconds:.1f} s {whom}{self.place}")


class Watchdog:
    """Watches one loop, which runs in the thread that starts it. on_stall is called in the loop when it is over."""

    def __init__(self, on_stall: Callable[[Stall], None], *, late: float = LATE) -> None:
        self._on_stall = on_stall
        self._late = late
        self._repeats = Repeats()
        self._ending = threading.Event()
        self._beaten = self._worked = 0.0
        self._seen: tuple[OutsideText, OutsideText, OutsideText] | None = None
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._ident = 0
        self._timer: asyncio.TimerHandle | None = None
        self._signalled = False
        self.newest: Stall | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._loop = asyncio.get_running_loop()
        self._ident = threading.get_ident()
        self._beaten, self._worked = time.monotonic(), time.process_time()
        self._beat()
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGVTALRM) in (
            signal.SIG_DFL,
            signal.SIG_IGN,
        ):
            signal.signal(signal.SIGVTALRM, self._interrupted)
            signal.siginterrupt(signal.SIGVTALRM, False)  # noqa: FBT003 - a call that is under way in a thread goes on
            signal.setitimer(signal.ITIMER_VIRTUAL, self._late / 8, self._late / 8)
            self._signalled = True
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Stop watching."""
        self._ending.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._signalled:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
            self._signalled = False

    def _beat(self) -> None:
        now = time.monotonic()
        late = now - self._beaten - BEAT
        self._beaten, self._worked = now, time.process_time()
        if late > self._late:
            task, place, owner = self._seen or (clean(""), clean(_UNSEEN), clean("unseen"))
            if self._seen is None:
                self._say(task, place, late)
            self.newest = Stall(time.time(), late + BEAT, task, place, owner)
            self._on_stall(self.newest)
        self._seen = None
        self._timer = self._loop.call_later(BEAT, self._beat)

    def _watch(self) -> None:
        begun = time.monotonic()
        while not self._ending.wait(BEAT):
            before, begun = begun, time.monotonic()
            if begun - before > BEAT + self._late / 2:
                continue  # this thread stood still as well: whatever the other is doing now, it did not do it so long
            if self._is_late():
                frame = sys._current_frames().get(self._ident)  # noqa: SLF001 - the one way to look into another thread
                if frame is not None and frame.f_code.co_filename != __file__:
                    self._look(frame)

    def _interrupted(self, _number: int, frame: FrameType | None) -> None:
        if self._is_late() and time.process_time() - self._worked > self._late / 4:
            self._look(frame)

    def _is_late(self) -> bool:
        return self._seen is None and time.monotonic() - self._beaten > self._late

    def _look(self, frame: FrameType | None) -> None:
        place = _place(frame)
        if place is None:
            return
        task = asyncio.current_task(self._loop)
        owner = owner_of(task) if task is not None else ""
        self._seen = _named(task, owner), place, _owner(task, owner)
        self._say(*self._seen[:2], time.monotonic() - self._beaten)

    def _say(self, task: OutsideText, place: OutsideText, seconds: float) -> None:
        left_out = self._repeats.due(place, time.monotonic())
        if left_out is not None:
            whom = f" by {task}" if task else ""
            words = f"the event loop is held up, for {seconds:.1f} s by now{whom} {place}{more(left_out)}"
            log.error("%s; nothing is judged meanwhile", words)


def _named(task: asyncio.Task[object] | None, owner: str) -> OutsideText:
    if task is None:
        return clean("a callback")
    work = getattr(task.get_coro(), "__qualname__", "")
    whose = f" of collector {owner}" if owner and owner not in task.get_name() else ""
    return clean(f"task {task.get_name()!r}{whose} ({work})", 200)


def _owner(task: asyncio.Task[object] | None, owner: str) -> OutsideText:
    name = task.get_name() if task is not None else "callback"
    if owner or name.startswith("collector "):
        return clean(owner or name.removeprefix("collector "), 80)
    numbered = name.startswith("Task-") and task is not None
    return clean(getattr(task.get_coro(), "__qualname__", "task") if numbered and task is not None else name, 80)


def _place(frame: FrameType | None) -> OutsideText | None:
    """Where a thread is: the innermost line of golive's own code, and the innermost of all where that is another.

    None when it is in the event loop itself: then nobody holds it up, the whole process stood still.
    """
    innermost = frame
    while frame is not None and not frame.f_code.co_filename.endswith(_LOOP):
        code = frame.f_code
        if _is_own(code.co_filename):
            inside = "" if frame is innermost or innermost is None else f", inside {innermost.f_code.co_qualname}"
            return clean(f"at {_shown(code.co_filename)}:{frame.f_lineno} in {code.co_qualname}{inside}", 300)
        frame = frame.f_back
    if innermost is None or innermost is frame or innermost.f_code.co_filename.endswith("/selectors.py"):
        return None
    code = innermost.f_code
    return clean(f"at {_shown(code.co_filename)}:{innermost.f_lineno} in {code.co_qualname}", 300)


def _is_own(file: str) -> bool:
    """Golive's code, or a collector that somebody added; not Python's and not a library's."""
    return file.startswith(_OWN) or not file.startswith(_OTHERS)


def _shown(file: str) -> str:
    return file.removeprefix(f"{_ROOT}/")
