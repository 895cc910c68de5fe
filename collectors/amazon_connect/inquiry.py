"""One question that is asked again and again: on its beat while it is answered, with growing patience while it is not."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol

from collectors.amazon_connect.wire import Cause, Unanswered
from monitor.intake.inlet import Inlet
from monitor.intake.source import Misconfigured
from monitor.text import clean

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


class Question(Protocol):
    """Something to ask."""

    @property
    def name(self) -> str:
        """What it is called at the collector's row."""
        ...

    async def ask(self) -> None:
        """Ask, and hand over the answer. Unanswered says why there is none."""
        ...

    def failed(self, now: float) -> None:
        """Say that nobody answered: blank (error) is all that it would have fed."""
        ...


def patience(failures: int, asked: float, chance: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from 1 s to 60 s, less up to a half by chance.

    asked: the seconds that Amazon asked for, which are always waited and to which chance only adds.
    """
    longest = min(FIRST_WAIT * 2.0 ** min(failures - 1, 10), LONGEST_WAIT)
    return max(asked * (1.0 + 0.1 * chance), longest * (0.5 + 0.5 * chance))


class Standing:
    """How all questions of a collector stand, told at its row in one sentence."""

    def __init__(self, inlet: Inlet, count: int) -> None:
        self._inlet = inlet
        self._count = count
        self._troubles: dict[Question, tuple[str, Cause]] = {}
        self._asked: set[Question] = set()

    def answered(self, question: Question) -> None:
        """A question was answered."""
        self._asked.add(question)
        self._troubles.pop(question, None)
        self._tell()

    def unanswered(self, question: Question, words: str, cause: Cause) -> None:
        """A question was not answered.

        Raises:
            Misconfigured: none is, and a person must act first.
        """
        self._asked.add(question)
        self._troubles[question] = words, cause
        self._tell()

    def _tell(self) -> None:
        words = next((f"{question.name}: {words}" for question, (words, _) in self._troubles.items()), "")
        if len(self._troubles) < len(self._asked):
            well = len(self._asked) - len(self._troubles)
            self._inlet.connected(f"{well} of {self._count} answered" + (f"; {words}" if words else ""))
        elif len(self._asked) == self._count and all(cause == "refused" for _, cause in self._troubles.values()):
            raise Misconfigured(f"{words}; next: see `credentials` and `instance` of this collector")
        else:
            self._inlet.lost(words)


async def keep_asking(
    question: Question,
    every: float,
    inlet: Inlet,
    standing: Standing,
    chance: Callable[[], float] = random.random,
) -> None:
    """Ask every `every` seconds until cancelled; turns that were missed are not made up for.

    While Amazon throttles, what is known stays as it is and turns stale by its age; any other failure makes it blank.
    """
    loop = asyncio.get_running_loop()
    begun, turn, failures = loop.time(), 0, 0
    while True:
        try:
            await question.ask()
        except Unanswered as error:
            failures += 1
            now = time.time()
            if error.cause == "malformed":
                inlet.refuse("malformed", error.raw, now)
            if error.cause != "throttled":
                question.failed(now)
            standing.unanswered(question, str(clean(str(error), 300)), error.cause)
            await asyncio.sleep(patience(failures, error.retry_after, chance()))
            continue
        failures = 0
        standing.answered(question)
        turn = max(turn + 1, int((loop.time() - begun) / every) + 1)
        await asyncio.sleep(max(begun + turn * every - loop.time(), 0.0))
