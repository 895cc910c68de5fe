"""What only a detail asks for: bodies of GETs, fetched while somebody looks at them, bounded and with their age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import msgspec

from dashboards.terminal.acts import Refused, Unreachable
from monitor.text import clean

T = TypeVar("T")

RENEW = 2.0
"""Seconds after which an answer that is still looked at is asked for again."""
ONCE = float("inf")
"""For what must not change under the reader's eyes, such as a raw message."""
KEPT = 20
"""Answers that are remembered, so that going up and down again shows them at once."""
AWAY = "unreachable"
"""How a reason begins for which the last value is still shown: the banner says how old all of it is."""
_CUT = 200


class Answer(NamedTuple, Generic[T]):
    """What is known: a value, or in words why there is none. Neither while the answer is on its way."""

    value: T | None = None
    why: str = ""

    @property
    def loading(self) -> bool:
        """Whether it was asked for and nothing came yet."""
        return self.value is None and not self.why


class _Known(NamedTuple):
    answer: Answer[object]
    at: float


class Source(Protocol):
    """Where details come from."""

    async def read(self, path: str) -> bytes:
        """The body of a GET. Refused when the daemon says no, Unreachable when there is no answer."""
        ...


class Lookup:
    """Answers by path. `ask` never waits; what it could not answer is fetched by `fetch`. clock: monotonic seconds."""

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._known: dict[tuple[str, type], _Known] = {}
        self._wanted: dict[tuple[str, type], None] = {}
        self._busy = False

    def ask(self, path: str, kind: type[T], renew: float = RENEW) -> Answer[T]:
        """The newest answer to this path, asked for again when it is older than `renew` seconds."""
        known = self._known.get((path, kind))
        if known is None or (self._clock() - known.at > renew and not (renew == ONCE and known.answer.value)):
            self._wanted[path, kind] = None
        if known is None:
            return Answer()
        value = known.answer.value
        return Answer(value if isinstance(value, kind) else None, known.answer.why)

    def forget(self) -> None:
        """Ask anew for everything, such as after another daemon took over."""
        self._known.clear()

    async def fetch(self) -> bool:
        """Fetch what is wanted; whether something came. One at a time: a slow answer does not pile up questions."""
        if self._busy or not self._wanted:
            return False
        self._busy = True
        try:
            while self._wanted:
                key = next(iter(self._wanted))
                del self._wanted[key]
                answer = await self._answer(*key)
                before = self._known.pop(key, None)
                if answer.why.startswith(AWAY) and before is not None:
                    answer = Answer(before.answer.value, answer.why)
                self._known[key] = _Known(answer, self._clock())
                while len(self._known) > KEPT:
                    del self._known[next(iter(self._known))]
        finally:
            self._busy = False
        return True

    async def _answer(self, path: str, kind: type) -> Answer[object]:
        try:
            return Answer(msgspec.json.decode(await self._source.read(path), type=kind))
        except Refused as error:
            return Answer(why=f"{error.what}; {error.hint}" if error.hint else error.what)
        except Unreachable as error:
            return Answer(why=f"{AWAY}: {error}")
        except msgspec.MsgspecError as error:
            return Answer(why=f"the daemon answers in another version: {clean(str(error), _CUT)}")


@runtime_checkable
class Looking(Protocol):
    """A program whose screens can ask."""

    lookup: Lookup
