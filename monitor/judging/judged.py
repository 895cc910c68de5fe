"""What is known of a rule's groups at its newest tick, as columns; written by the judge, read by everybody."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging import nothing, states
from monitor.judging.buckets import Buckets
from monitor.judging.comparing import Comparison, Legacy
from monitor.judging.exclusion import Excluding
from monitor.judging.flapping import Flapping
from monitor.judging.readers import Reader
from monitor.judging.rings import F8, I8, Bools, bucket_of
from monitor.judging.rules import Rule
from monitor.judging.states import States
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL, Table
from monitor.judging.windows import Quality as Freshness
from monitor.judging.windows import Windows
from monitor.model import Labels, Level, Quality, Standing

_QUALITIES = {BLANK_EMPTY: Quality.EMPTY, BLANK_NULL: Quality.NULL, BLANK_ERROR: Quality.ERROR}


class Transition(NamedTuple):
    """One group of one rule changed its standing."""

    rule: str
    scope: Labels
    before: Standing
    after: Standing
    at: float
    value: float
    samples: int
    limit: float = math.nan
    """The limit that matters: the one broken, or the next one ahead."""
    age: float = math.nan
    """Seconds since the newest sample; NaN when there is none."""
    window: float = 0.0
    since: float = math.nan
    """When the standing before began, unix seconds."""
    unit: str = ""
    why: str = ""
    """Why nothing is known, for UNKNOWN and INSUFFICIENT; how the value came about, for the others where it needs words."""
    flapping: Literal["", "begins", "goes on"] = ""
    """Whether the group goes into and out of breach too often to tell each time."""


class Judged:
    """Columns of one rule, one entry a group. Before the first series appears there is a group that nobody heard."""

    def __init__(
        self,
        rule: Rule,
        reader: Reader,
        *,
        patience: float,
        comparison: Comparison | None = None,
        excluding: Excluding | None = None,
        delays: Mapping[int, float] | None = None,
    ) -> None:
        """delays: how late each collector's numbers are by design, seconds by its number."""
        self.rule = rule
        self.reader = reader
        self.patience = patience
        """Seconds of silence after which a rule whose series were never heard is UNKNOWN."""
        self.comparison = comparison
        self.excluding = excluding
        self.control: Judged | None = None
        self.delays = delays or {}
        self.delay = 0.0
        """How late its sources' numbers are: its windows end so many seconds before now."""
        need, n = rule.m_of_n
        self.bucket = rule.bucket or rule.window
        self.buckets = Buckets(need, n) if n > 1 else None
        self.flaps = Flapping(rule.flap_limit)
        self.active = True
        self.broken = ""
        """Why the rule raised at the newest tick; empty when it did not."""
        self.open = True
        self.armed_at = -math.inf
        self.generation = -1
        self.names: list[Labels] = [()]
        self.states = States()
        self.value: F8 = np.full(1, np.nan)
        """What the limits judge: the estimate, or how it compares with the baseline."""
        self.measure: F8 = self.value
        """The estimate itself."""
        self.samples: I8 = np.zeros(1, np.int64)
        self.newest: F8 = np.full(1, -np.inf)
        """Time of each group's newest sample."""
        self.bounds: tuple[F8, F8] | None = None
        """Lower and upper bound of the value, where the estimator has them."""
        self.quality: Freshness | None = None
        self.flags: npt.NDArray[np.int16] = np.zeros(1, np.int16)
        self.measured: Bools = np.zeros(1, np.bool_)
        self.resting: Bools = np.zeros(1, np.bool_)
        self.unknown_for: F8 = np.zeros(1)
        self.states.grow(1, 0.0, states.WARMUP)
        self.standings: npt.NDArray[np.int8] = np.full(1, Standing.INSUFFICIENT, np.int8)
        self.left_out = 0
        """Transitions of the newest tick beyond the most that are handed on."""
        self.at = -math.inf
        self.flapping: Bools | None = None
        self.flapped: Bools | None = None
        """The same at the tick before."""
        self.dark = False
        self.allocate(1)

    def allocate(self, size: int) -> None:
        """Columns of the good case, which are never written to."""
        self.no_flags = np.zeros(size, np.int16)
        self.all, self.none = np.ones(size, np.bool_), np.zeros(size, np.bool_)

    @property
    def table(self) -> Table:
        """The table whose labels make its groups."""
        return self.reader.table

    @property
    def unit(self) -> str:
        """Unit of the value and of the limits."""
        compares = self.comparison is not None and self.comparison.baseline.compare == "ratio"
        return "ratio" if compares else self.reader.unit

    @property
    def platform(self) -> str:
        """The platform whose series it judges; empty where it does not say."""
        return self.reader.platform

    def inside(self, scope: Labels) -> Bools:
        """Which groups carry these labels."""
        return np.array([set(scope) <= set(name) for name in self.names], np.bool_)

    @property
    def proves(self) -> bool:
        """Whether it is known not to be in breach anywhere, as a control must be."""
        return self.active and not self.broken and nothing.proves(self.measured, self.states.levels())

    @property
    def limits(self) -> tuple[float, float]:
        """The limits of warn and breach; the same where there is no warn."""
        breach = self.rule.breach
        return (breach if self.rule.warn is None else self.rule.warn), breach

    def level(self, index: int) -> Level:
        """The measured level of a group."""
        return self.states.level(index)

    def standing(self, index: int) -> Standing:
        """Level and flags of a group in one word."""
        return Standing(int(self.standings[index]))

    def limit(self, index: int) -> float:
        """The limit that matters to a group: the one broken, or the next one ahead."""
        warn, breach = self.limits
        return breach if self.level(index) is Level.BREACH else warn

    def grade(self, index: int) -> Quality:
        """How far a group's newest answer can be trusted."""
        if self.quality is None or math.isinf(self.newest[index]):
            return Quality.EMPTY
        blank = 0 if self.quality.blank is None else int(self.quality.blank[index])
        if self.quality.stale is not None and self.quality.stale[index]:
            return Quality.STALE
        return _QUALITIES.get(blank, Quality.FRESH)

    def prepare(self, windows: Windows, now: float) -> Iterator[None]:
        """Compute in pieces what `judge` will read at `now`; without it `judge` does it all at once, and says the same."""
        yield from self.reader.prepare()
        self.find_groups(now)
        end = now - self.delay
        yield from self.reader.work(windows, end)
        if self.buckets is not None:
            for number in self.buckets.unjudged(bucket_of(end, self.bucket)):
                yield from self.reader.work(windows, (number + 1) * self.bucket, part=True)
        if self.comparison is not None and isinstance(self.comparison.source, Legacy):
            yield from self.comparison.source.reader.work(windows, end)

    def find_groups(self, now: float) -> None:
        """Take in groups that appeared since the last tick, and collectors that feed them."""
        groups = self.reader.groups
        if groups.serial == self.generation:
            return
        self.generation = groups.serial
        mask = self.reader.owners()
        self.delay = max((delay for number, delay in self.delays.items() if mask >> number & 1), default=0.0)
        size = len(groups.starts)
        if not size:
            return
        self.names = groups.names[:size]
        self.states.grow(size, now, states.WARMUP)
        extra = size - len(self.standings)
        self.unknown_for = np.concatenate([self.unknown_for, np.zeros(extra)])
        self.standings = np.concatenate([self.standings, np.full(extra, Standing.INSUFFICIENT, np.int8)])
        self.flags = np.concatenate([self.flags, np.zeros(extra, np.int16)])
        if self.buckets is not None:
            self.buckets.grow(size)
        self.allocate(size)
