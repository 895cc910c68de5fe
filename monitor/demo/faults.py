"""What goes wrong, when, where and how badly: one script of faults for each scenario, over seconds since it began."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from monitor.demo.geography import SITES

Trouble: TypeAlias = Literal["media", "flood", "crm", "silence"]
"""media: loss, jitter and one-way audio on the trunks; silence: nobody publishes anything."""


class Fault(NamedTuple):
    """One trouble: it grows from `start` over `ramp` seconds, stays, and is gone at `end` (None: it stays)."""

    trouble: Trouble
    start: float = 0.0
    ramp: float = 0.0
    end: float | None = None
    sites: tuple[str, ...] = SITES


SCRIPTS: dict[str, tuple[Fault, ...]] = {
    "calm": (),
    "trunk-loss": (Fault("media", ramp=2.0, end=14.0, sites=("porto",)),),
    "queue-flood": (Fault("flood", ramp=1.0, end=16.0),),
    "crm-down": (Fault("crm", end=12.0),),
    "blind": (Fault("silence"),),
    "rollback": (Fault("media", ramp=2.0),),
}
"""Media faults strike the target platform only: the legacy trunks are other lines."""


def severity(script: tuple[Fault, ...], trouble: Trouble, elapsed: float, site: str = "") -> float:
    """How bad a trouble is at a site, 0 to 1, `elapsed` seconds into the script; "" asks for any site."""
    worst = 0.0
    for fault in script:
        if fault.trouble != trouble or (site and site not in fault.sites) or elapsed < fault.start:
            continue
        if fault.end is not None and elapsed >= fault.end:
            continue
        grown = 1.0 if fault.ramp <= 0 else min(1.0, (elapsed - fault.start) / fault.ramp)
        worst = max(worst, grown)
    return worst
