"""The simulated contact centre as it was built: platforms, sites, queues, trunks, integrations, and its pace."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Platform: TypeAlias = Literal["legacy", "target"]
PLATFORMS: tuple[Platform, ...] = ("legacy", "target")

SITES = ("porto", "berlin", "dublin")
"""Where agents sit."""

HOME = {
    "sales-en": "porto",
    "support-en": "porto",
    "sales-de": "berlin",
    "support-de": "berlin",
    "billing": "dublin",
    "claims": "dublin",
}
"""The site whose agents serve a queue."""

QUEUES = tuple(HOME)

TRUNKS: dict[tuple[Platform, str], str] = {
    **{("legacy", site): f"pstn-{site}" for site in SITES},
    **{("target", site): f"sbc-{site}" for site in SITES},
}
"""The trunk that carries a site's calls on each platform."""

INTEGRATIONS = ("crm", "erp", "ticketing", "kb")

AGENTS = 28
"""Agents rostered at each site, shared evenly by its queues."""


class Pace(NamedTuple):
    """How fast the simulated day goes by: a call lasts seconds, so that a whole cutover fits into one minute."""

    arrivals: float = 0.9
    """Calls a second that each queue is offered (Poisson)."""
    handle: float = 6.0
    """Mean seconds of talk (log-normal)."""
    spread: float = 0.45
    """Standard deviation of the logarithm of the talk time."""
    patience: float = 8.0
    """Mean seconds after which a waiting caller hangs up (exponential)."""
    ring: float = 0.3
    """Seconds between the free agent and the answer."""
    report: float = 1.0
    """Seconds between two quality reports of a call."""
    in_time: float = 2.0
    """Seconds within which an answer counts for the service level."""
    short: float = 1.0
    """Seconds within which somebody who gives up never meant to wait."""
    window: float = 8.0
    """Seconds over which the platforms compute their own ratios."""


PACE = Pace()

GROUPS: dict[str, tuple[str, ...]] = {
    "all": QUEUES,
    "sales": ("sales-en", "sales-de"),
    "support": ("support-en", "support-de"),
    "back-office": ("billing", "claims"),
}
"""Queues that are moved together."""
