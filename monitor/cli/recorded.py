"""What a configuration says of recorded weeks, in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.judging.rules import Rule
from monitor.plan import Cutover


def weeks_sentence(cutover: Cutover, rules: Sequence[Rule]) -> list[str]:
    """Say by which clock recorded weeks are compared, and which days do not count; nothing where no rule asks for them."""
    asking = [rule.name for rule in rules if rule.baseline is not None and rule.baseline.source == "history"]
    if not asking:
        return []
    days = sorted((*cutover.holidays, *cutover.incident_days))
    without = f"without {', '.join(days)}" if days else "without leaving out a day (cutover.holidays, incident_days)"
    compared = f"recorded weeks are compared by the clock of {cutover.timezone} (cutover.timezone), {without}"
    ways = "`golive history import` brings in earlier weeks, `golive history show` tells whether there are enough"
    return [f"{', '.join(asking)}: {compared}. golive records each quarter hour while it runs; {ways}."]
