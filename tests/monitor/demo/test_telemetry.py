from __future__ import annotations

from typing import Any

import msgspec
import pytest

from monitor.catalogue.inventory import CATALOGUE, label_names
from monitor.demo.centre import Centre
from monitor.demo.faults import SCRIPTS
from monitor.demo.geography import QUEUES, SITES
from monitor.demo.telemetry import Message, Telemetry

START = 1_000_000.0
OWN = "golive_routing_target_ratio"
"""The one metric that the demo's configuration adds to the catalogue."""


def lived(script: str, target: float = 100.0, seconds: float = 8.0) -> tuple[list[dict[str, Any]], Centre]:
    """The native samples of what happened in some seconds of a script."""
    centre = Centre(7, START)
    moved(centre, target)
    centre.begin(script)
    centre.step(START + seconds)
    return rows(Telemetry().moments(centre.happened())), centre


def second(script: str = "calm", target: float = 100.0, seconds: float = 8.0) -> tuple[list[dict[str, Any]], Telemetry]:
    """The native samples of one second, after some seconds of a script."""
    _, centre = lived(script, target, seconds)
    telemetry = Telemetry()
    return rows(telemetry.second(centre)), telemetry


def moved(centre: Centre, target: float) -> None:
    for site in SITES:
        centre.staff(site, target=target)
    for queue in QUEUES:
        centre.route(queue, target)


def rows(messages: list[Message]) -> list[dict[str, Any]]:
    return [row for message in messages for row in msgspec.json.decode(message.payload)]


def values(samples: list[dict[str, Any]], metric: str, **labels: str) -> list[float]:
    return [s["value"] for s in samples if s["metric"] == metric and labels.items() <= s["labels"].items()]


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_nothing_is_published_that_the_catalogue_does_not_know(script: str) -> None:
    """Every native sample has a metric of the catalogue, labels that it may carry, and a value in its range."""
    samples, _ = second(script)
    happened, _ = lived(script)
    assert len(samples) > 50
    assert len(happened) > 60
    assert all(START < sample["at"] <= START + 8.0 for sample in happened)
    for sample in (*samples, *happened):
        if sample["metric"] == OWN:
            continue
        metric = CATALOGUE[sample["metric"]]
        assert set(sample["labels"]) <= label_names(metric), sample
        assert metric.low <= sample["value"] <= metric.high, sample
    assert {sample["at"] for sample in samples} == {START + 8.0}


def test_each_source_counts_its_samples_without_a_gap() -> None:
    """Sequence numbers of a source go on from message to message, so that a lost one would show."""
    centre, telemetry = Centre(1, START), Telemetry()
    moved(centre, 100.0)
    seen: dict[str, list[int]] = {}
    for tick in range(1, 4):
        reports = centre.step(START + tick)
        for row in rows(telemetry.second(centre)):
            seen.setdefault(row["source"], []).append(row["seq"])
        for row in rows(telemetry.moments(centre.happened())):
            seen.setdefault(row["source"], []).append(row["seq"])
        for message in telemetry.calls(reports):
            call = msgspec.json.decode(message.payload)
            seen.setdefault(call["edge"], []).append(call["seq"])
    assert len(seen) >= 7
    for source, numbers in seen.items():
        assert numbers == list(range(1, len(numbers) + 1)), source


def test_a_call_report_speaks_the_edges_own_units() -> None:
    """Milliseconds, percent and a score, on a topic that names platform, site and queue."""
    centre = Centre(7, START)
    moved(centre, 50.0)
    message = Telemetry().calls(centre.step(START + 5))[0]
    root, platform, site, queue, leaf = message.topic.split("/")
    assert (root, platform, leaf) == ("cc", "target", "call")
    assert site in SITES
    assert queue in QUEUES
    call = msgspec.json.decode(message.payload)
    assert 1 < call["jitter_ms"] < 40
    assert 0 <= call["loss_pct"] < 1
    assert 20 < call["rtt_ms"] < 80
    assert 4.0 < call["mos"] < 4.5
    assert call["trunk"] == f"sbc-{site}"


def test_faults_show_in_the_queues_and_the_opinion_score() -> None:
    """Loss on the target's trunks shows as one-way calls, abandonment, and a score below the limit of 3.6."""
    samples, _ = second("rollback", seconds=16.0)
    assert sum(values(samples, "golive_media_one_way_calls_total", platform="target")) > 3
    lost, offered = (f"golive_queue_contacts_{what}_total" for what in ("abandoned", "offered"))
    assert sum(values(samples, lost, platform="target")) / sum(values(samples, offered, platform="target")) > 0.08
    centre, telemetry = Centre(7, START), Telemetry()
    centre.route("billing", 100)
    centre.staff("dublin", target=100)
    centre.begin("rollback")
    centre.step(START + 5)
    calls = [msgspec.json.decode(m.payload) for m in telemetry.calls(centre.step(START + 9)) if "/target/" in m.topic]
    assert calls
    assert max(call["mos"] for call in calls) < 3.0


@pytest.mark.parametrize("share", [0.0, 50.0, 100.0])
def test_the_carriers_calls_are_all_offered_to_a_queue(share: float) -> None:
    """What the carrier hands over arrives on one of the platforms at that very instant: nothing is lost between them."""
    centre, telemetry = Centre(7, START), Telemetry()
    moved(centre, share)
    centre.step(START + 20.0)
    moments = centre.happened()
    found = rows(telemetry.moments(moments))
    carried = [(row["at"], row["value"]) for row in found if row["metric"] == "golive_calls_offered_total"]
    assert [value for _, value in carried] == list(range(1, centre.carried + 1))
    assert centre.carried > 40
    joined = [(round(moment.at, 3), moment.call.line.platform) for moment in moments if moment.kind == "join"]
    assert [at for at, _ in carried] == [at for at, _ in joined]
    taken = [row["at"] for row in found if row["metric"] == "golive_queue_contacts_offered_total"]
    assert taken == [at for at, platform in joined if platform == "target"]


def test_what_happened_and_how_it_stands_agree() -> None:
    """The last count that a call's moment told is the count that the queue's next second tells, and each wait was told once."""
    centre, telemetry = Centre(7, START), Telemetry()
    moved(centre, 100.0)
    centre.begin("rollback")
    centre.step(START + 30.0)
    events, stand = rows(telemetry.moments(centre.happened())), rows(telemetry.second(centre))
    for line in (line for line in centre.lines.values() if line.platform == "target"):
        for metric, total in (("offered", line.offered), ("answered", line.answered)):
            name = f"golive_queue_contacts_{metric}_total"
            assert values(events, name, queue=line.queue)[-1] == total > 0
            assert values(stand, name, queue=line.queue, platform="target") == [total]
        lost = "golive_queue_contacts_abandoned_total"
        assert sum(values(stand, lost, queue=line.queue)) == line.abandoned
        assert max(values(events, lost, queue=line.queue, short="true"), default=0) == line.short
        for metric, number in (("answer", line.answered), ("abandon", line.abandoned), ("handle", line.handled)):
            assert len(values(events, f"golive_queue_{metric}_seconds", queue=line.queue)) == number
