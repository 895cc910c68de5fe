"""Catalogue: the people who answer."""

from __future__ import annotations

from monitor.catalogue.shapes import count, ratio, total
from monitor.model import Direction, Metric, Tier

AGENTS: tuple[Metric, ...] = (
    count(
        "golive_agents",
        "Agents signed in, by state: available, on_contact, acw, non_productive, error or offline.",
        "state",
        better=Direction.NEUTRAL,
        hurts=Tier.AGENT,
    ),
    count(
        "golive_agents_planned",
        "Agents that the plan of this wave and hour calls for.",
        better=Direction.NEUTRAL,
        hurts=Tier.AGENT,
    ),
    # A shift can be staffed above its plan.
    ratio(
        "golive_agents_ready_ratio",
        "Agents ready to work as a share of those planned; above 1 when more came than planned.",
        better=Direction.HIGH,
        hurts=Tier.AGENT,
        high=100.0,
    ),
    ratio(
        "golive_agent_login_success_ratio",
        "Share of agents' sign-ins that succeeded.",
        better=Direction.HIGH,
        hurts=Tier.AGENT,
    ),
    ratio(
        "golive_agent_occupancy_ratio",
        "Share of signed-in time spent on contacts and their after-work.",
        "team",
        better=Direction.NEUTRAL,
        hurts=Tier.AGENT,
    ),
    ratio(
        "golive_agent_adherence_ratio",
        "Share of scheduled time that agents spent in the scheduled state.",
        "team",
        better=Direction.HIGH,
        hurts=Tier.AGENT,
    ),
    ratio(
        "golive_agent_shrinkage_ratio",
        "Share of paid time in which agents were not there for contacts.",
        "team",
        better=Direction.LOW,
        hurts=Tier.AGENT,
    ),
    ratio(
        "golive_agent_missed_offers_ratio",
        "Share of contacts offered to agents that nobody took.",
        "team",
        better=Direction.LOW,
        hurts=Tier.AGENT,
    ),
    total(
        "golive_agent_missed_contacts_total",
        "Contacts that were offered to an agent and not taken.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_agent_certified_ratio",
        "Share of a wave's agents who passed their training.",
        better=Direction.HIGH,
        hurts=Tier.AGENT,
    ),
)
