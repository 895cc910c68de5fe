"""What a queue should look like with the agents it has: Erlang C (all wait) and Erlang A (some give up).

Expected abandonment for the agents who are logged in tells "understaffed" from "broken". Arrivals are Poisson,
handling times exponential, in both models.
"""

from __future__ import annotations

import math
from typing import NamedTuple

_NEGLIGIBLE = 1e-15
"""Weight of a state, as a part of all, below which the states that follow no longer change the sums."""
_MOST_STATES = 1_000_000
"""Contacts in the system beyond which Erlang A is not computed."""
_LARGE = 1e250
"""Weights are scaled back once they pass it, so that thousands of agents do not overflow."""


class ErlangC(NamedTuple):
    """A queue whose callers all wait."""

    waiting: float
    """Probability that a contact has to wait."""
    service_level: float
    """Share answered within the threshold."""
    asa: float
    """Mean seconds until the answer, over all contacts."""
    occupancy: float
    """Share of the agents' time with contacts."""


class ErlangA(NamedTuple):
    """A queue whose callers give up after an exponential patience."""

    waiting: float
    """Probability that a contact has to wait."""
    abandonment: float
    """Share of contacts that give up."""
    wait: float
    """Mean seconds in the queue, over all contacts, those who give up too."""
    occupancy: float
    """Share of the agents' time with contacts."""


def traffic(rate: float, handle: float) -> float:
    """Offered load in Erlang: contacts a second times seconds of handling each."""
    return rate * handle


def erlang_c(rate: float, handle: float, agents: int, threshold: float) -> ErlangC | None:
    """M/M/N: rate in contacts a second, handle (AHT) and threshold in seconds.

    B(0) = 1, B(k) = A B(k-1) / (k + A B(k-1)); C = N B / (N - A (1 - B)); service level = 1 - C exp(-(N - A) T / AHT);
    ASA = C AHT / (N - A). None when the queue has no steady state (agents do not exceed the load, so it grows without
    end) and for a rate or handling time that is not positive and finite.
    """
    load = traffic(rate, handle)
    if not (rate > 0 and handle > 0 and threshold >= 0 and math.isfinite(load) and agents > load):
        return None
    blocking = 1.0
    for agent in range(1, agents + 1):
        blocking = load * blocking / (agent + load * blocking)
    waiting = agents * blocking / (agents - load * (1.0 - blocking))
    return ErlangC(
        waiting=waiting,
        service_level=1.0 - waiting * math.exp(-(agents - load) * threshold / handle),
        asa=waiting * handle / (agents - load),
        occupancy=load / agents,
    )


def erlang_a(rate: float, handle: float, agents: int, patience: float) -> ErlangA | None:
    """M/M/N+M: rate in contacts a second, handle (AHT) and mean patience in seconds.

    Births at `rate`; deaths at k/handle up to N contacts and N/handle + (k - N)/patience beyond; the weights of the
    states are found by recursion and normalised. Lq = sum (k - N) P_k; abandonment = Lq / (patience rate); mean wait
    = Lq / rate. It has a steady state for any load. None for a rate, handling time or patience that is not positive
    and finite, for less than one agent, and where a million contacts or more would be in the system.
    """
    if not all(value > 0 and math.isfinite(value) for value in (rate, handle, patience, agents)):
        return None
    if agents + max(rate - agents / handle, 0.0) * patience >= _MOST_STATES:
        return None
    weight, total, late, queue, busy = 1.0, 1.0, 0.0, 0.0, 0.0
    state = 0
    while True:
        state += 1
        beyond = max(state - agents, 0)
        weight *= rate / (min(state, agents) / handle + beyond / patience)
        total += weight
        busy += weight * min(state, agents)
        if state >= agents:
            late += weight
            queue += weight * beyond
        if weight > _LARGE:
            weight, total, late, queue, busy = (x / _LARGE for x in (weight, total, late, queue, busy))
        falling = rate < min(state, agents) / handle + beyond / patience
        if falling and state > agents and weight * (beyond + 1) < _NEGLIGIBLE * total:
            break
    length = queue / total
    return ErlangA(
        waiting=late / total,
        abandonment=min(length / (patience * rate), 1.0),
        wait=length / rate,
        occupancy=min(busy / total / agents, 1.0),
    )
