"""The simulated contact centre: two platforms, three sites, six queues. Pure: the seed and the steps decide everything."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from monitor.demo.calls import Call, Line, Moment, Phase
from monitor.demo.faults import SCRIPTS, Trouble, severity
from monitor.demo.geography import AGENTS, HOME, PACE, PLATFORMS, QUEUES, SITES, TRUNKS, Platform

STAYING = 4
"""Agents of a queue who serve those who still wait when everybody else has moved to the other platform."""


UNTOLD = 10_000
"""Moments kept until somebody asks what happened; of more the oldest are forgotten."""


class Report(NamedTuple):
    """What the edge measured on one call in one interval; seconds and ratios."""

    at: float
    platform: Platform
    site: str
    queue: str
    trunk: str
    jitter: float
    loss: float
    round_trip: float
    call: int
    """Its number."""


class Centre:
    """Calls arrive, wait, are answered or lost, and are measured; people move routes and agents; faults strike.

    All events happen in order of time, whatever the steps; two centres with one seed and the same commands at
    the same instants are the same to the last digit.
    """

    def __init__(self, seed: int, start: float) -> None:
        self._random = random.Random(seed)
        self._now = start
        self._order = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._script = SCRIPTS["calm"]
        self._began = start
        self._reports: list[Report] = []
        self._moments: deque[Moment] = deque(maxlen=UNTOLD)
        self.routes = dict.fromkeys(QUEUES, 0.0)
        """Percent of each queue's calls that go to the target platform."""
        self.desks = dict.fromkeys(SITES, 0.0)
        """Percent of each site's agents who are logged in on the target platform."""
        self.rostered = dict.fromkeys(SITES, AGENTS)
        self.carried = 0
        """Calls that the carrier handed over, by its own count."""
        self.one_way = dict.fromkeys(TRUNKS.values(), 0)
        """Calls with audio in one direction only, by trunk."""
        self.lines = {
            (platform, queue): Line(platform, HOME[queue], queue) for platform in PLATFORMS for queue in QUEUES
        }
        self._seat()
        for queue in QUEUES:
            self._expect(queue, start)

    @property
    def now(self) -> float:
        """The instant up to which everything has happened."""
        return self._now

    def step(self, now: float) -> tuple[Report, ...]:
        """Let everything happen up to `now` (unix seconds); returns the quality reports of the time between."""
        while self._events and self._events[0][0] <= now:
            at, _, happen = heapq.heappop(self._events)
            self._now = at
            happen(at)
        self._now = max(self._now, now)
        reports, self._reports = tuple(self._reports), []
        return reports

    def happened(self) -> tuple[Moment, ...]:
        """What happened to calls since this was last asked, in order."""
        moments = tuple(self._moments)
        self._moments.clear()
        return moments

    def route(self, queue: str, percent: float) -> None:
        """Send this share of a queue's new calls to the target platform."""
        self.routes[queue] = percent

    def staff(self, site: str, *, target: float | None = None, rostered: int | None = None) -> None:
        """Move a site's agents between the platforms, or call in more of them; a call in progress ends first."""
        if target is not None:
            self.desks[site] = target
        if rostered is not None:
            self.rostered[site] = rostered
        self._seat()

    def begin(self, script: str) -> None:
        """Start a script of faults now."""
        self._script, self._began = SCRIPTS[script], self._now

    def trouble(self, kind: Trouble, site: str = "") -> float:
        """How bad a trouble is now, 0 to 1."""
        return severity(self._script, kind, self._now - self._began, site)

    def _later(self, at: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._order), happen))

    def _media(self, line: Line) -> float:
        return self.trouble("media", line.site) if line.platform == "target" else 0.0

    def _seat(self) -> None:
        for line in self.lines.values():
            queues = sum(1 for site in HOME.values() if site == line.site)
            on_target = round(self.rostered[line.site] * self.desks[line.site] / 100.0 / queues)
            total = self.rostered[line.site] // queues
            before, line.agents = line.agents, on_target if line.platform == "target" else total - on_target
            if before and not line.agents:
                line.staying = min(before, STAYING)
            self._serve(line, self._now)

    def _expect(self, queue: str, at: float) -> None:
        rate = PACE.arrivals * (1.0 + 4.0 * self.trouble("flood", HOME[queue]))
        self._later(at + self._random.expovariate(rate), lambda when: self._arrive(queue, when))

    def _arrive(self, queue: str, at: float) -> None:
        self.carried += 1
        platform: Platform = "target" if self._random.random() * 100.0 < self.routes[queue] else "legacy"
        line = self.lines[platform, queue]
        call = Call(line, TRUNKS[platform, line.site], at, number=self.carried)
        bad = self._media(line)
        call.one_way = self._random.random() < 0.3 * bad
        self.one_way[call.trunk] += call.one_way
        line.offered += 1
        line.waiting.append(call)
        self._moments.append(Moment("join", at, call, line.offered))
        patience = PACE.patience * (1.0 - 0.75 * bad)
        self._later(at + self._random.expovariate(1.0 / patience), lambda when: self._give_up(call, when))
        self._serve(line, at)
        self._expect(queue, at)

    def _serve(self, line: Line, at: float) -> None:
        while line.waiting and line.free:
            call = line.waiting.popleft()
            call.phase = Phase.RINGING
            line.busy += 1
            line.rung[call] = None
            self._later(at + PACE.ring, lambda when, call=call: self._answer(call, when))  # type: ignore[misc] # binds this call
        if line.staying and not line.queued and not self._gets_calls(line):
            line.staying = 0

    def _gets_calls(self, line: Line) -> bool:
        share = self.routes[line.queue]
        return share > 0 if line.platform == "target" else share < 100  # noqa: PLR2004 - percent

    def _give_up(self, call: Call, at: float) -> None:
        line = call.line
        if call.phase is Phase.WAITING:
            line.waiting.remove(call)
        elif call.phase is Phase.RINGING and self._media(line):
            # Who hears a clean ring stays for the answer; who hears broken audio, or none, does not.
            line.busy -= 1
            del line.rung[call]
        else:
            return
        call.phase = Phase.ENDED
        waited = at - call.arrived
        line.abandoned += 1
        line.short += waited <= PACE.short
        line.left(at, "lost")
        count = line.short if waited <= PACE.short else line.abandoned - line.short
        self._moments.append(Moment("abandon", at, call, count, waited))
        self._serve(line, at)

    def _answer(self, call: Call, at: float) -> None:
        if call.phase is not Phase.RINGING:
            return
        line = call.line
        call.phase, call.answered = Phase.TALKING, at
        del line.rung[call]
        line.answered += 1
        waited = at - call.arrived
        self._moments.append(Moment("answer", at, call, line.answered, waited))
        line.left(at, "quick" if waited <= PACE.in_time else "late")
        # People who do not understand each other say everything twice.
        mean = PACE.handle * (1.0 + 1.5 * self._media(line))
        talk = self._random.lognormvariate(math.log(mean) - PACE.spread**2 / 2, PACE.spread)
        call.ends = at + talk
        self._later(call.ends, lambda when: self._hang_up(call, talk, when))
        self._later(at + PACE.report, lambda when: self._measure(call, when))

    def _measure(self, call: Call, at: float) -> None:
        if call.phase is not Phase.TALKING:
            return
        line = call.line
        bad, draw = self._media(line), self._random
        jitter = draw.lognormvariate(math.log(0.008), 0.25) + 0.045 * bad * draw.uniform(0.8, 1.2)
        loss = min(1.0, 0.0015 * draw.uniform(0.3, 1.7) + 0.07 * bad * draw.uniform(0.7, 1.3))
        round_trip = 0.04 * draw.uniform(0.8, 1.3) + 0.06 * bad
        call.audio.add(jitter, loss, round_trip)
        where = line.platform, line.site, line.queue, call.trunk
        self._reports.append(Report(at, *where, jitter, loss, round_trip, call.number))
        self._later(at + PACE.report, lambda when: self._measure(call, when))

    def _hang_up(self, call: Call, talk: float, at: float) -> None:
        line = call.line
        call.phase = Phase.ENDED
        line.busy -= 1
        line.handled += 1
        self._moments.append(Moment("complete", at, call, line.handled, talk))
        self._serve(line, at)
