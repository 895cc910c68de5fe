"""What a codec costs before the network costs anything: impairment, robustness, look-ahead, packet time."""

from __future__ import annotations

from typing import NamedTuple

_RTP_HEADER = 12
"""Bytes of an RTP header without extensions (RFC 3550 5.1)."""
_STEP = 0.010
"""Packet times are multiples of 10 ms in telephony; rounding to it hides SRTP tags and header extensions."""
_LONGEST = 0.120


class Codec(NamedTuple):
    """A codec in the E-model's terms (ITU-T G.113 Appendix I, narrowband scale)."""

    impairment: float
    """Ie: what the codec itself costs, in points of R."""
    robustness: float
    """Bpl: the packet loss in percent at which half of the remaining quality is gone."""
    look_ahead: float = 0.0
    """Seconds of speech the encoder waits for beyond its frame."""
    rate: float | None = None
    """Payload bytes a second where it is constant; None where it varies."""


G711 = Codec(0.0, 25.1, 0.0, 8000.0)
"""G.711 with packet loss concealment (G.711 Appendix I), which every softphone and gateway of today has."""
G711_BARE = Codec(0.0, 4.3, 0.0, 8000.0)
"""G.711 without packet loss concealment."""
G729 = Codec(11.0, 19.0, 0.005)
"""G.729A with voice activity detection."""
G723 = Codec(15.0, 16.1, 0.0075)
"""G.723.1 at 6.3 kbit/s with voice activity detection."""
GSM_EFR = Codec(5.0, 10.0)
WIDEBAND = Codec(0.0, 25.1, 0.0065)
"""Opus: ITU-T has no value for it on the narrowband scale; assumed as good as G.711 with concealment."""
G722 = Codec(0.0, 25.1, 0.0015, 8000.0)
"""G.722 at 64 kbit/s; assumed as good as G.711 with concealment on the narrowband scale."""

_BY_NAME = {
    "pcmu": G711,
    "pcma": G711,
    "g722": G722,
    "g729": G729,
    "g729a": G729,
    "g723": G723,
    "gsm-efr": GSM_EFR,
    "opus": WIDEBAND,
}


def codec_named(name: str) -> Codec:
    """The codec of an SDP encoding name (`PCMU`, `opus`), G.711 with concealment when it is not known."""
    return _BY_NAME.get(name.lower(), G711)


def packet_time(name: str, packets: int, size: int) -> float | None:
    """Seconds of speech in a packet, from what `packets` packets weighed with their RTP headers.

    None for codecs whose rate varies, and for numbers that make no sense.
    """
    codec = _BY_NAME.get(name.lower())
    if codec is None or codec.rate is None or packets <= 0:
        return None
    seconds = round((size / packets - _RTP_HEADER) / codec.rate / _STEP) * _STEP
    return round(seconds, 3) if 0 < seconds <= _LONGEST else None
