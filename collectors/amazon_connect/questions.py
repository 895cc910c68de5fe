"""The questions of a collector: each asks, reads what it is answered and hands it over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from collectors.amazon_connect import agents, cloudwatch, quality, queues
from collectors.amazon_connect.budget import Bucket
from collectors.amazon_connect.feed import Feed
from collectors.amazon_connect.quality import Ended
from collectors.amazon_connect.readings import Figure, Reading, absent, batches, dig, moment
from collectors.amazon_connect.roster import Missed
from collectors.amazon_connect.wire import Pages, Unanswered, Wire
from monitor.intake.inlet import Inlet

_BEHIND = 2
"""Seconds that a span of the past ends before now: Amazon refuses one that ends in the future by its own clock."""
_LONGEST_COUNT = 34 * 86400
"""Seconds after which counting begins anew: GetMetricDataV2 looks back less than 35 days."""
_QUALITY_DELAY = 60.0


class Place(NamedTuple):
    """What all questions of a collector share."""

    arn: str
    instance: str
    queues: Mapping[str, str]
    """Queue id -> name here."""
    channels: tuple[str, ...]
    labels: Mapping[str, str]
    inlet: Inlet
    lag: float
    """Seconds by which answers may be behind."""


class _Asked:
    """Common part of the questions: a feed, and fields of answers that are no numbers."""

    def __init__(self, name: str, place: Place, wire: Wire, bucket: Bucket) -> None:
        self.name = name
        self._place = place
        self._wire = wire
        self._bucket = bucket
        self._feed = Feed(place.inlet, place.labels, place.lag)

    def failed(self, now: float) -> None:
        """Nobody answered."""
        self._feed.failed(now)

    async def _all(self, operation: str, given: Mapping[str, Any], field: str) -> Pages:
        pages = await self._wire.ask_all(operation, given, self._bucket, field)
        self._place.inlet.heard(1, time.time())
        return pages

    def _note(self, wrong: Iterable[str]) -> None:
        for words in wrong:
            self._place.inlet.refuse("wrong_type", words.encode(errors="replace"), time.time())


class Current(_Asked):
    """GetCurrentMetricData of up to 100 queues, by queue and channel."""

    def __init__(self, place: Place, wire: Wire, bucket: Bucket, ids: Sequence[str]) -> None:
        super().__init__("GetCurrentMetricData", place, wire, bucket)
        self._queues = {name: place.queues[name] for name in ids}
        self._feed.expect(self._read(Pages([], {}, whole=False), []))
        self._given = queues.current_request(place.instance, ids, place.channels, queues.NOW, grouped=True)

    def _read(self, pages: Pages, wrong: list[str]) -> Iterable[Reading]:
        return queues.grouped_readings(
            pages.items, queues.NOW, self._queues, self._place.channels, wrong, whole=pages.whole
        )

    async def ask(self) -> None:
        """Ask. A number is as old as Amazon's snapshot; an answer that does not say when that was, as the question."""
        begun = time.time()
        pages = await self._all(self.name, self._given, "MetricResults")
        wrong: list[str] = []
        at = moment(pages.fields.get("DataSnapshotTime"))
        self._feed.give(self._read(pages, wrong), begun if at is None else at, time.time())
        self._note(wrong)


class Staff(_Asked):
    """GetCurrentMetricData without groupings: agents by state, each once; and the oldest contact over all queues."""

    def __init__(self, place: Place, wire: Wire, bucket: Bucket, *, overall: bool) -> None:
        super().__init__("GetCurrentMetricData of agents", place, wire, bucket)
        self._figures: tuple[Figure, ...] = (*queues.STAFF, queues.OVERALL) if overall else queues.STAFF
        self._feed.expect(absent(self._figures, (), whole=False))
        self._given = queues.current_request(
            place.instance, list(place.queues), place.channels, self._figures, grouped=False
        )

    async def ask(self) -> None:
        """Ask."""
        begun = time.time()
        pages = await self._all("GetCurrentMetricData", self._given, "MetricResults")
        wrong: list[str] = []
        at = moment(pages.fields.get("DataSnapshotTime"))
        readings = queues.overall_readings(pages.items, self._figures, wrong, whole=pages.whole)
        self._feed.give(readings, begun if at is None else at, time.time())
        self._note(wrong)


class Past(_Asked):
    """GetMetricDataV2 of up to 100 queues over the last `window` seconds."""

    def __init__(
        self, place: Place, wire: Wire, bucket: Bucket, ids: Sequence[str], figures: Sequence[Figure], window: float
    ) -> None:
        super().__init__("GetMetricDataV2", place, wire, bucket)
        self._queues = {name: place.queues[name] for name in ids}
        self._figures = figures
        self._window = window
        self._feed.expect(self._read(Pages([], {}, whole=False), []))

    def _read(self, pages: Pages, wrong: list[str]) -> Iterable[Reading]:
        return queues.grouped_readings(
            pages.items, self._figures, self._queues, self._place.channels, wrong, whole=pages.whole
        )

    def _span(self, now: float) -> tuple[int, int]:
        end = int(now) - _BEHIND
        return end - int(self._window), end

    async def ask(self) -> None:
        """Ask. A number is as old as the end of its interval says."""
        span = self._span(time.time())
        ids, place = list(self._queues), self._place
        given = queues.past_request(place.arn, ids, place.channels, self._figures, span)
        pages = await self._all("GetMetricDataV2", given, "MetricResults")
        wrong: list[str] = []
        told = [moment(dig(item, "MetricInterval", "EndTime")) for item in pages.items]
        at = min((when for when in told if when is not None), default=float(span[1]))
        self._feed.give(self._read(pages, wrong), min(at, float(span[1])), time.time())
        self._note(wrong)


class Counts(Past):
    """GetMetricDataV2 over all the time since the collector began: numbers that only rise."""

    def __init__(
        self, place: Place, wire: Wire, bucket: Bucket, ids: Sequence[str], figures: Sequence[Figure], begun: float
    ) -> None:
        """begun: unix seconds; what was counted before is left out."""
        self._begun = begun
        self._most: dict[tuple[str, object], float] = {}
        super().__init__(place, wire, bucket, ids, figures, 0.0)
        self.name = "GetMetricDataV2 of counts"

    def _span(self, now: float) -> tuple[int, int]:
        if now - self._begun > _LONGEST_COUNT:
            self._begun = now - _BEHIND - 60
            self._most.clear()
        return int(self._begun) - 60, max(int(now) - _BEHIND, int(self._begun))

    def _read(self, pages: Pages, wrong: list[str]) -> Iterable[Reading]:
        # Amazon corrects its counts now and then; a counter that falls would look like one that began anew.
        for reading in queues.abandoned(super()._read(pages, wrong)):
            if reading.value is None:
                yield reading
                continue
            key = reading.metric, reading.labels
            self._most[key] = max(reading.value, self._most.get(key, 0.0))
            yield reading._replace(value=self._most[key])


class Users(_Asked):
    """GetCurrentUserData over all queues: agents by what each is doing, what was missed, which contacts are over."""

    def __init__(
        self, place: Place, wire: Wire, bucket: Bucket, names: Mapping[str, agents.State], ended: Ended | None
    ) -> None:
        super().__init__("GetCurrentUserData", place, wire, bucket)
        self._names = names
        self._missed = Missed(place.queues)
        self._ended = ended
        self._had: set[str] = set()
        self._feed.expect([*agents.counted(()), *self._missed.counts()])

    async def ask(self) -> None:
        """Ask, one batch of queues after the other. Agents of a half-read answer would be too few: then it is an error."""
        found: dict[str, agents.Agent] = {}
        begun = time.time()
        for ids in batches(list(self._place.queues)):
            given = {"InstanceId": self._place.instance, "Filters": {"Queues": list(ids)}, "MaxResults": 100}
            pages = await self._all(self.name, given, "UserDataList")
            if not pages.whole:
                raise Unanswered(f"{self.name}: a page came twice, so that not all agents are known", "failed")
            found |= agents.users(pages.items, self._names)
        now = time.time()
        for agent in found.values():
            self._missed.note(agent, now)
        self._feed.give([*agents.counted(found.values()), *self._missed.counts()], begun, now)
        if self._ended is not None:
            self._over(found.values(), self._ended, now)

    def _over(self, found: Iterable[agents.Agent], ended: Ended, now: float) -> None:
        has = {contact for agent in found for contact in agents.had(agent)}
        over = {contact for agent in found for contact in agents.ended(agent)}
        for contact in (self._had - has) | over:
            ended.add(contact, now)
        self._had = has


class Quality(_Asked):
    """DescribeContact of contacts that are over: the audio as Amazon heard it."""

    def __init__(
        self, place: Place, wire: Wire, bucket: Bucket, ended: Ended, issues: Counter[tuple[str, str, str]], most: int
    ) -> None:
        """issues: what was noticed so far, by side, what, and queue. most: contacts asked about in one turn."""
        super().__init__("DescribeContact", place, wire, bucket)
        self._ended = ended
        self._issues = issues
        self._most = most
        self._skipped = 0

    async def ask(self) -> None:
        """Ask about those that are due. One that is not found is passed over: others are."""
        scores: list[tuple[float, Reading]] = []
        wrong: list[str] = []
        try:
            for contact in self._ended.due(time.time(), self._most):
                scores += await self._one(contact, wrong)
        finally:
            now = time.time()
            for at, reading in sorted(scores, key=lambda score: score[0]):
                self._feed.tell(reading, at, now)
            self._note(wrong)
            if self._ended.skipped > self._skipped:
                count = self._ended.skipped - self._skipped
                self._place.inlet.refuse("no_quality", b"contacts without quality figures", now, count)
                self._skipped = self._ended.skipped

    async def _one(self, contact: str, wrong: list[str]) -> list[tuple[float, Reading]]:
        given = {"InstanceId": self._place.instance, "ContactId": contact}
        try:
            answer = await self._wire.ask("DescribeContact", given, self._bucket)
        except Unanswered as error:
            if "ResourceNotFound" not in str(error):
                raise
            answer = {}
        now = time.time()
        self._place.inlet.heard(1, now)
        heard = quality.heard(answer, self._place.queues, wrong)
        if heard is None:
            self._ended.later(contact, now + _QUALITY_DELAY)
            return []
        self._ended.answered(contact)
        at = now if heard.at is None else min(heard.at, now)
        for side, issue in heard.issues:
            self._issues[side, issue, heard.queue] += 1
        self._feed.give(self._alerts(), now, now)
        return [(at, score) for score in heard.scores]

    def _alerts(self) -> Iterable[Reading]:
        for (side, issue, queue), count in self._issues.items():
            labels = (("type", issue), ("severity", "warn"), ("source", side), ("queue", queue))
            yield Reading(quality.ALERTS, labels, float(count))


class CloudWatch(_Asked):
    """GetMetricData of CloudWatch, namespace AWS/Connect."""

    def __init__(
        self,
        place: Place,
        wire: Wire,
        bucket: Bucket,
        asked: tuple[cloudwatch.Series, ...],
        minutes: cloudwatch.Minutes,
    ) -> None:
        super().__init__("CloudWatch GetMetricData", place, wire, bucket)
        self._series = asked
        self._minutes = minutes
        self._feed.expect(Reading(one.metric, one.labels, None) for one in asked)

    async def ask(self) -> None:
        """Ask up to two minutes ago: younger minutes are still being counted."""
        end = (int(time.time()) // cloudwatch.PERIOD - 1) * cloudwatch.PERIOD
        given = cloudwatch.request(self._series, end)
        pages = await self._all("GetMetricData", given, "MetricDataResults")
        wrong: list[str] = []
        for timed in self._minutes.readings(pages.items, float(end), wrong, whole=pages.whole):
            self._feed.give([timed.reading], timed.at, time.time())
        self._note(wrong)
