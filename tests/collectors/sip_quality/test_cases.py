"""Recorded datagrams: what real user agents and a real proxy sent, and the traps of the format, one folder each.

`input.sip` is the datagram; `collector.yaml`, where there is one, says how the collector is configured; `expected.txt`
holds what comes out: samples, what was refused, and the first line of the response.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collectors.sip_quality.collector import SipQuality
from collectors.sip_quality.reply import Peer
from collectors.sip_quality.sources import Sources
from collectors.sip_quality.station import Manner, Station
from monitor.documents.loading import load_text
from tests.rig.inlet import RecordingInlet

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/input.sip"))
BASE = "name: case\nkind: sip_quality\nevery: 5s\nlisten: [{}]\nallow: [192.0.2.0/24]\n"
RECEIVED = 1_795_300_000.0
PEER = Peer("192.0.2.10", 5060)


def station(configuration: str = "", inlet: RecordingInlet | None = None) -> tuple[Station, RecordingInlet]:
    """A station as a configuration asks for, and its inlet."""
    loaded = load_text(BASE + configuration, "collector.yaml", SipQuality)
    assert loaded.findings == ()
    source: Any = loaded.value
    kept = inlet or RecordingInlet()
    manner = Manner(source.labels, source.rules, source.clock)
    return Station(manner, Sources(source.allow, source.rate), kept, RECEIVED - 60.0), kept


def outcome(folder: Path) -> str:
    """What comes of a case, as text."""
    more = folder / "collector.yaml"
    made, inlet = station(more.read_text(encoding="utf-8") if more.exists() else "labels: {platform: target}\n")
    response = made.datagram((folder / "input.sip").read_bytes(), PEER, 0.0, RECEIVED)
    made.flush(RECEIVED)
    lines = []
    for sample in inlet.samples:
        labels = ", ".join(f"{name}={value}" for name, value in sample.labels)
        lines.append(f"{sample.metric}{{{labels}}} {sample.value:.6g} @{sample.at:.3f}")
    lines += [f"refused {reason} {count}" for reason, count in sorted(inlet.refused.items())]
    lines.append(response[0].split(b"\r\n", 1)[0].decode() if response else "no response")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_recorded_datagram_means_what_it_says(folder: Path) -> None:
    """Each datagram gives just these samples, refusals and this response."""
    assert outcome(folder) == (folder / "expected.txt").read_text(encoding="utf-8")


def test_there_are_captures_of_real_user_agents() -> None:
    """The cases hold what Linphone and sipp sent, in each of the three kinds of report."""
    bodies = [(folder / "input.sip").read_bytes() for folder in CASES]
    assert sum(b"Linphonec/" in body for body in bodies) >= 10
    for word in (b"VQSessionReport", b"VQIntervalReport", b"VQAlertReport"):
        assert any(word in body and b"sipp-vq" in body for body in bodies), word
