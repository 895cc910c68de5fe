"""What a daemon would answer to whoever goes down: series, samples and raw messages behind every row."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import msgspec

from dashboards.terminal.acts import Refused
from dashboards.terminal.view import Person
from monitor.intake.transcripts import Exchange, Kept
from monitor.serving.detail_rows import (
    BucketRow,
    InputRow,
    InputsPage,
    MetricRow,
    MetricsPage,
    SampleRow,
    SamplesPage,
)
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal.recorded import AT
from tests.dashboards.terminal.stage import ANNA, Recorded

RAW = '{"queue": "sales-en", "abandoned": 10, "password": "***"}'
METRIC = "golive_queue_abandonment_ratio"
SERIES = InputRow(
    metric=METRIC,
    labels={"queue": "sales-en", "platform": "target"},
    unit="ratio",
    value=0.118,
    at=AT - 3,
    age=3.0,
    quality="fresh",
    stale_after=10.0,
    sources=("mqtt-target",),
)
SAMPLES = (
    SampleRow(at=AT - 3, received=AT - 2.9, value=0.118, source="mqtt-target"),
    SampleRow(at=AT - 8, received=AT - 7.9, value=7.0, source="mqtt-target", refused="out_of_range"),
    SampleRow(at=AT - 500, received=AT - 499.9, value=0.061, source="mqtt-target"),
)
KEPT = Kept(
    collector="mqtt-target",
    recent=(
        Exchange(at=AT - 7.5, fault="", sent="", got="cc/queues\nanother", got_bytes=17),
        Exchange(at=AT - 2.9, fault="", sent="", got=f"cc/queues\n{RAW}", got_bytes=len(RAW) + 10),
    ),
    failures=(Exchange(at=AT - 60, fault="malformed", sent="", got="{", got_bytes=1),),
    seen=900,
    failed=1,
)
EXPLAINED = MetricRow(
    name=METRIC,
    unit="a share from 0 to 1, shown in per cent",
    kind="gauge: the newest value counts",
    help="Share of contacts that were abandoned.",
    better="lower is better",
    matters="customers are hurt first when it goes wrong; a breach is NO-GO for Abandon rate",
    possible="from 0.0% to 100.0%; what lies outside is refused",
    sources=("mqtt-target",),
    series=1,
    limits=("abandon: the mean of golive_queue_abandonment_ratio breaches above 8.0% at once.",),
)


class Answering(Recorded):
    """A daemon that answers every detail; raw messages only to named people."""

    def __init__(self, snapshot: Snapshot | None, person: Person | None = ANNA) -> None:
        super().__init__(snapshot, person)
        self.series: tuple[InputRow, ...] = (SERIES,)

    async def read(self, path: str) -> bytes:
        """The answer to a path of `paths.py`."""
        self.asked.append(path)
        if self.now is None:
            return await super().read(path)
        where = urlsplit(path)
        query = dict(parse_qsl(where.query))
        if where.path == "/api/v1/series":
            page = InputsPage(
                series=self.series,
                title="Abandon rate",
                sentence="abandon: breaches above 8.0% at once.",
                gates=("Abandon rate",),
                triggers=("voice proposes rollback-voice when abandon",),
            )
            return msgspec.json.encode(page)
        if where.path == "/api/v1/series/samples":
            assert query["metric"] == METRIC
            buckets = (BucketRow(begins=AT - 10, samples=2, mean=0.1, last=0.118),)
            return msgspec.json.encode(SamplesPage(series=SERIES, samples=SAMPLES, width=10.0, buckets=buckets))
        if where.path == "/api/v1/metrics":
            return msgspec.json.encode(MetricsPage(metrics=(EXPLAINED,)))
        if where.path.startswith("/api/v1/transcripts/"):
            if self.person is None:
                raise Refused("this needs a token", "golive token new --name YOU makes one")
            return msgspec.json.encode(msgspec.structs.replace(KEPT, collector=where.path.rpartition("/")[2]))
        return await super().read(path)
