"""The numbers of a quality report: keys, units, ranges, and how a device says that it has none (RFC 6035, RFC 3611 4.7)."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_KEPT = 4096
"""Texts whose numbers are remembered: devices round, so that few texts say nearly all."""
_SHORT = 12


class Quantity(dict[str, tuple[float | None, bool]]):
    """One number of one line. By its text: the number in base units, None where there is none, and whether it is sound."""

    __slots__ = ("_absent", "_high", "_low", "_scale")

    def __init__(self, scale: float, low: float, high: float, *absent: float) -> None:
        """scale: from the unit of the report to the base unit.

        low, high: range in the report's unit; what lies outside is a mistake of the device.
        absent: values that stand for "not known".
        """
        super().__init__()
        self._scale = scale
        self._low = low
        self._high = high
        self._absent = absent

    def __missing__(self, text: str) -> tuple[float | None, bool]:
        found = self._read(text)
        if len(self) >= _KEPT:
            self.clear()
        if len(text) <= _SHORT:
            self[text] = found
        return found

    def _read(self, text: str) -> tuple[float | None, bool]:
        if not _NUMBER.fullmatch(text):
            return None, False
        value = float(text)
        if value in self._absent:
            return None, True
        if not self._low <= value <= self._high:
            return None, False
        return value * self._scale, True


_PERCENT = Quantity(0.01, 0.0, 100.0)
_SPAN = Quantity(0.001, 0.0, 65535.0, 65535.0)
_JITTER = Quantity(0.001, 0.0, 10_000.0, 65535.0)
_ONE_WAY = Quantity(0.001, 0.0, 30_000.0, 0.0, 65535.0)
"""A delay of nothing is one that nobody measured; half a minute is beyond any call."""
_ROUND_TRIP = Quantity(0.001, 0.0, 60_000.0, 0.0, 65535.0)
_RATING = Quantity(1.0, 0.0, 100.0, 127.0)
"""RFC 6035 goes to 120 for wideband codecs; golive's R is the narrowband scale of ITU-T G.107, so above 100 is refused."""
_OPINION = Quantity(1.0, 1.0, 5.0, 0.0, 12.7, 127.0)
"""127 is the octet for "unavailable"; 12.7 is the same octet read as tenths."""
_BUFFER = Quantity(0.001, 0.0, 30_000.0, 0.0, 65535.0)
_PLAIN = Quantity(1.0, 0.0, 1e6)

LINES: dict[str, dict[str, Quantity]] = {
    "SessionDesc": {"PPS": _PLAIN, "FD": _SPAN, "FPP": _PLAIN},
    "JitterBuffer": {"JBN": _BUFFER},
    "PacketLoss": {"NLR": _PERCENT, "JDR": _PERCENT},
    "BurstGapLoss": {"BLD": _PERCENT},
    "Delay": {"RTD": _ROUND_TRIP, "ESD": _ONE_WAY, "OWD": _ONE_WAY, "SOWD": _ONE_WAY, "IAJ": _JITTER},
    "QualityEst": {"RLQ": _RATING, "RCQ": _RATING, "MOSLQ": _OPINION, "MOSCQ": _OPINION},
}
"""What is read, by line and key. Other lines and keys are passed over."""

MEASURED = ("NLR", "JDR", "BLD", "RTD", "ESD", "OWD", "SOWD", "IAJ", "RLQ", "RCQ", "MOSLQ", "MOSCQ")
"""Keys that say something of what was heard, not of how the call was set up."""
