"""What is published and what is posted, and by whom nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from monitor.demo.centre import Centre
from monitor.demo.poster import Poster
from monitor.demo.publisher import Publisher
from monitor.demo.telemetry import Message
from monitor.demo.wire import Wire

START = 1_000_000.0


class Paper(Publisher):
    """Keeps what would be published."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def publish(self, messages: Iterable[Message]) -> None:
        self.messages += messages


def test_the_planners_export_is_posted_once_golive_is_there_and_never_published() -> None:
    """Before golive answers nothing of it waits; afterwards it waits to be posted, and the broker never hears of it."""
    paper, poster, centre = Paper(), Poster(1, Path("token")), Centre(7, START)
    wire = Wire(paper, poster)
    centre.step(START + 5.0)
    wire.second(centre)
    assert not poster._waiting
    poster.reached = True
    wire.second(centre)
    (body,) = poster._waiting
    posted = {row["metric"] for row in msgspec.json.decode(body)}
    assert "golive_agents_ready_ratio" in posted
    published = {row["metric"] for message in paper.messages for row in msgspec.json.decode(message.payload)}
    assert len(published) > 5
    assert not posted & published


def test_what_the_legacy_pbx_and_the_cloud_tell_is_told_by_nobody_else() -> None:
    """No queue count of the legacy platform, no agent and nobody who waits is published: golive would add them up twice."""
    paper, centre = Paper(), Centre(7, START)
    wire = Wire(paper, Poster(1, Path("token")))
    centre.route("billing", 50.0)
    centre.staff("dublin", target=50.0)
    for step in range(1, 60):
        reports = centre.step(START + step * 0.25)
        wire.tell(centre.happened(), reports)
        wire.second(centre)
    native = [message for message in paper.messages if message.topic.startswith("cc/native/")]
    rows = [row for message in native for row in msgspec.json.decode(message.payload)]
    queues = {row["labels"]["platform"] for row in rows if row["metric"].startswith("golive_queue_")}
    assert queues == {"target"}
    told = {row["metric"] for row in rows}
    assert not told & {"golive_agents", "golive_queue_contacts_waiting", "golive_queue_abandonment_ratio"}
    assert {message.topic.split("/")[1] for message in paper.messages} == {"native", "target"}
