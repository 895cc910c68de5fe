"""A report's figures as numbers of the catalogue, and the E-model's opinion of them. Pure."""

from __future__ import annotations

from typing import NamedTuple

from collectors.sip_quality.report import Report, Section
from monitor.quality.codecs import codec_named
from monitor.quality.emodel import mos, mouth_to_ear, rating

MOS = "golive_media_mos"
RATING = "golive_media_r_factor"
DELAY = "golive_media_one_way_delay_seconds"
JITTER = "golive_media_jitter_seconds"
SOURCE = "vq-rtcpxr"
_FRAME = 0.020
_BEYOND = 30.0
"""Seconds of delay that no call has: a sum of figures that do not belong together."""
_CODECS = frozenset(
    {
        *("pcmu", "pcma", "g722", "g7221", "g723", "g726", "g726-32", "g728", "g729", "g729a", "g729ab", "gsm", "ilbc"),
        *("opus", "speex", "amr", "amr-wb", "evs", "silk", "l16", "gsm-efr"),
    }
)
"""Encoding names that may be labels; what a device invents reads `other`."""


class Kind(NamedTuple):
    """What a number is: its metric, labels of its own beside place and direction, and the key that it is read from."""

    metric: str
    labels: tuple[tuple[str, str], ...] = ()
    key: str = ""


KINDS = (
    Kind("golive_media_packet_loss_ratio", (), "NLR"),
    Kind("golive_media_jitter_buffer_discard_ratio", (), "JDR"),
    Kind("golive_media_burst_loss_density_ratio", (), "BLD"),
    Kind("golive_media_round_trip_seconds", (("leg", "end_to_end"),), "RTD"),
    Kind(JITTER, (), "IAJ"),
    Kind(MOS, (("method", "moslq"),), "MOSLQ"),
    Kind(MOS, (("method", "moscq"),), "MOSCQ"),
    Kind(RATING, (("method", "rlq"),), "RLQ"),
    Kind(RATING, (("method", "rcq"),), "RCQ"),
    Kind(DELAY),
    Kind(RATING, (("method", "g107"),)),
    Kind(MOS, (("method", "g107"),)),
)
_READ = {kind.key: number for number, kind in enumerate(KINDS) if kind.key}
_DELAY, _RATING, _MOS = range(len(_READ), len(KINDS))
_BESIDE = {"RLQ": "MOSLQ", "RCQ": "MOSCQ"}


def codec_of(section: Section, other: Section | None) -> str:
    """The codec of a direction; where it is not said, that of the other: calls seldom have two."""
    return section.codec or (other.codec if other is not None else "")


def codec_label(section: Section, other: Section | None) -> str:
    """The codec as a label; bounded, whatever a device writes."""
    name = codec_of(section, other).partition("/")[0]
    return name if name in _CODECS else "other" if name else "unknown"


def is_empty(report: Report, section: Section) -> bool:
    """Whether a section measured nothing. An alert may be raised in the second in which the call began."""
    instant = section.start is not None and section.start == section.stop
    return section.empty or (instant and report.kind != "alert")


def figures(section: Section, other: Section | None) -> list[tuple[int, float]]:
    """The numbers of one direction, each with its place in KINDS.

    other: the other direction of the same report, which may know the round trip.
    """
    values = section.values
    found = []
    for key, value in values.items():
        number = _READ.get(key)
        # An R of nought beside no opinion is a placeholder; beside one it is the worst call there is.
        if number is not None and (value or key not in _BESIDE or _BESIDE[key] in values):
            found.append((number, value))
    delay = one_way_delay(section, other)
    if delay is None or delay > _BEYOND:
        return found
    found.append((_DELAY, delay))
    loss = values.get("NLR")
    if loss is not None:
        played = min(1.0, loss + values.get("JDR", 0.0))
        r = rating(delay, played, codec=codec_named(codec_of(section, other)))
        found += ((_RATING, r), (_MOS, mos(r)))
    return found


def one_way_delay(section: Section, other: Section | None) -> float | None:
    """Seconds from mouth to ear, by the best that was reported; None where no delay was.

    SOWD is that very number (RFC 3611 4.7.3); OWD is the network's part alone, and so is half of RTD. What the ends
    add is ESD where it is known, else the nominal jitter buffer or twice the jitter, a packet and the codec.
    """
    values = section.values
    whole = values.get("SOWD")
    if whole is not None:
        return whole
    round_trip = values.get("RTD")
    if round_trip is None and other is not None:
        round_trip = other.values.get("RTD")
    network = values.get("OWD", None if round_trip is None else round_trip / 2)
    if network is None:
        return None
    if (ends := values.get("ESD")) is not None:
        return network + ends
    packet = (values.get("FD") or _FRAME) * (values.get("FPP") or 1.0)
    codec = codec_named(codec_of(section, other))
    if (buffer := values.get("JBN")) is not None:
        return network + buffer + packet + codec.look_ahead
    if (jitter := values.get("IAJ")) is not None:
        return mouth_to_ear(2 * network, jitter, packet, codec)
    return None
