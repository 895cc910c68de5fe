"""One PromQL question: what is asked, and when what it tells was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collectors.promql.answer import Point, is_number
from collectors.promql.known import Reading
from collectors.promql.mapping import Mapped

_SELECTOR = re.compile(r"\s*[A-Za-z_:][A-Za-z0-9_:]*\s*(\{[^{}]*\})?\s*|\s*\{[^{}]+\}\s*")
_LONGEST = 4000


class Question(Mapped, frozen=True, kw_only=True):
    """An instant query whose vector becomes samples of one metric."""

    query: str
    """PromQL. It is asked as it stands; rates and ratios are the server's to compute."""
    measured_at: str = ""
    """PromQL that gives, for the same labels, when the newest input was measured (unix seconds). Default: for a plain
    selector `timestamp(...)` of it; for anything else the instant of evaluation, at which the server may still
    count what it last heard five minutes ago."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.query.strip() or len(self.query) > _LONGEST:
            msg = f"query is empty or longer than {_LONGEST} characters"
            raise ValueError(msg)

    @property
    def times(self) -> str:
        """The question that tells when; empty where nothing can."""
        if self.measured_at:
            return self.measured_at
        return f"timestamp({self.query})" if _SELECTOR.fullmatch(self.query) else ""

    def readings(self, values: Sequence[Point], times: Sequence[Point] | None) -> list[Reading]:
        """Our readings of an answer. times: the answer to `times`, None where nothing was asked.

        A point for which no time is told is left out: it ended between the two questions.
        """
        if times is None:
            return [Reading(self.named(p.labels), p.value if is_number(p.value) else None, p.at) for p in values]
        measured = {_key(p): p.value for p in times}
        made = []
        for point in values:
            at = measured.get(_key(point))
            if at is not None and is_number(at):
                made.append(Reading(self.named(point.labels), point.value if is_number(point.value) else None, at))
        return made


def _key(point: Point) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in point.labels.items() if name != "__name__"))
