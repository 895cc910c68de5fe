"""Packet loss of one leg from two counters and a clock, since no field of rtpengine says it truly.

Expected packets are time over packet time; what did not come is lost. Three things would read as loss that are
none, and are kept out: the interval in which a party began or stopped to send, an interval without any packet
(a pause, or one-way audio, which is counted as such), and the one packet by which two counts can differ.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW = 5.0
"""Seconds below which one packet more or less is a percent."""
_CARRY = -3.0
"""Packets that may have come early, from the jitter of counting, and are set against later losses."""


class Loss(NamedTuple):
    """What one window of one leg showed."""

    expected: float
    lost: float

    @property
    def ratio(self) -> float:
        """Share of the expected packets that did not come, 0 to 1."""
        return min(1.0, self.lost / self.expected)


class LossMeter:
    """Fed with a leg's packet counter at each message; gives a window's loss once it is certain.

    An interval counts when media flowed before and after it, so it is certain one message later.
    """

    __slots__ = ("_at", "_carry", "_flowing", "_packets", "_pending", "_received", "_span")

    def __init__(self, at: float, packets: int) -> None:
        self._carry = 0.0
        self.restart(at, packets)

    def restart(self, at: float, packets: int) -> None:
        """Begin again: a new stream, or one that was not meant to flow. The first message is only a base."""
        self._at = at
        self._packets = packets
        self._flowing = packets > 0
        self._pending: tuple[float, int] | None = None
        self._span = 0.0
        self._received = 0

    def advance(self, at: float, packets: int, packet_time: float | None) -> Loss | None:
        """Take the counter at a later time; the loss of a window that is complete, or nothing yet."""
        span, received = at - self._at, packets - self._packets
        if received < 0 or packet_time is None:
            self.restart(at, packets)
            return None
        self._at, self._packets = at, packets
        if received == 0:
            self._pending, self._flowing = None, False
            return None
        if not self._flowing:
            self._flowing = True
            return None
        if self._pending is not None:
            self._span += self._pending[0]
            self._received += self._pending[1]
        self._pending = (span, received)
        if self._span < WINDOW:
            return None
        expected = self._span / packet_time
        short = expected - self._received + self._carry
        self._carry = max(_CARRY, min(0.0, short))
        self._span, self._received = 0.0, 0
        return Loss(expected, max(0.0, short))
