"""Asking Amazon Connect: ages, nulls, pages, throttling and refusals, against a stand-in that keeps to Amazon's model."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import sys
import time
from typing import Any

import msgspec
import pytest

from collectors.amazon_connect.collector import AmazonConnect
from monitor.intake.source import Misconfigured
from tests.collectors.amazon_connect.running import collector, running
from tests.collectors.amazon_connect.service import CARE, SALES, amazon, past, row, user
from tests.rig.inlet import RecordingInlet
from tests.rig.waiting import until

WAITING = "golive_queue_contacts_waiting"


def waiting(count: float | None, at: float | None = None, queue: str = SALES, **more: Any) -> dict[str, Any]:
    """An answer of GetCurrentMetricData."""
    told = {"DataSnapshotTime": at} if at is not None else {}
    return {"MetricResults": [row(queue, ("CONTACTS_IN_QUEUE", count))], **told, **more}


async def test_a_sample_is_as_old_as_amazons_snapshot() -> None:
    """Not our clock but DataSnapshotTime is the time of a number."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(7.0, 1_795_294_546.5)
        async with running(collector(here, ask=["current"]), inlet):
            await inlet.until(lambda kept: bool(kept.of(WAITING, queue="sales-en")))
    first = inlet.of(WAITING, queue="sales-en")[0]
    assert (first.value, first.at) == (7.0, 1_795_294_546.5)
    assert dict(first.labels) == {"queue": "sales-en", "channel": "voice", "platform": "target"}
    assert inlet.of(WAITING, queue="care")[0].value == 0.0


async def test_an_answer_without_a_time_is_as_old_as_the_question() -> None:
    """Without DataSnapshotTime a number is never fresher than the moment it was asked for."""
    inlet = RecordingInlet()
    begun = time.time()
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(7.0)
        async with running(collector(here, ask=["current"]), inlet):
            await inlet.until(lambda kept: bool(kept.samples))
    assert begun <= inlet.samples[0].at <= time.time()


async def test_data_older_than_the_last_is_no_news() -> None:
    """A snapshot from before the one that is known is counted as older and changes nothing."""
    inlet = RecordingInlet()
    async with amazon() as here:
        answers = iter([waiting(7.0, 2000.0), waiting(99.0, 1999.0), waiting(8.0, 2001.0)])
        last: list[dict[str, Any]] = []

        def answer(_: dict[str, Any]) -> dict[str, Any]:
            last[:] = [next(answers, last[0] if last else {})]
            return last[0]

        here.answers["GetCurrentMetricData"] = answer
        async with running(collector(here, ask=["current"]), inlet):
            await inlet.until(lambda kept: any(sample.value == 8.0 for sample in kept.samples))
    values = [sample.value for sample in inlet.of(WAITING, queue="sales-en")]
    assert values[:2] == [7.0, 8.0]
    assert inlet.refused["older"] > 0


async def test_null_empty_and_error_are_three_things() -> None:
    """Null is null, no row is zero for a count, and what another request could not be asked is an error."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(None, time.time())
        here.ways["GetCurrentUserData"] = ["internal"] * 50
        async with running(collector(here, ask=["current", "users"]), inlet):
            await inlet.until(lambda kept: {kind for *_, kind in kept.blanks} == {"null", "empty", "error"})
            await inlet.until(lambda kept: bool(kept.of(WAITING, queue="care")))
    kinds = {(metric, dict(labels).get("queue"), kind) for metric, labels, kind in inlet.blanks}
    assert (WAITING, "sales-en", "null") in kinds
    assert ("golive_queue_oldest_contact_age_seconds", "care", "empty") in kinds
    assert {kind for metric, _, kind in kinds if metric == "golive_agents"} == {"error"}
    assert not inlet.of(WAITING, queue="sales-en")
    assert {sample.value for sample in inlet.of(WAITING, queue="care")} == {0.0}
    assert inlet.health[-1][0] == "ok"
    assert "GetCurrentUserData answered 500 InternalServiceException" in inlet.health[-1][1]


async def test_queues_are_asked_in_hundreds_and_pages_are_read_to_their_end() -> None:
    """250 queues take three requests of at most 100, empty pages are passed over, and every queue has its number."""
    inlet = RecordingInlet()
    names = {f"q-{number:03}": f"queue {number}" for number in range(250)}

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        asked, at = given["Filters"]["Queues"], 5000.0
        if given.get("NextToken") == "empty":
            return {"MetricResults": [], "NextToken": "rest"}
        part = asked[50:] if given.get("NextToken") else asked[:50]
        rows = [row(name, ("CONTACTS_IN_QUEUE", 3.0)) for name in part]
        more = {} if given.get("NextToken") else {"NextToken": "empty"}
        return {"MetricResults": rows, "DataSnapshotTime": at, **more}

    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = answer
        async with running(collector(here, ask=["current"], queues=names, every=60), inlet):
            await inlet.until(lambda kept: len(kept.of(WAITING)) == 250)
        inputs = here.inputs["GetCurrentMetricData"]
    assert {len(given["Filters"]["Queues"]) for given in inputs} == {100, 50}
    assert len(inputs) == 9
    told = {json.dumps({**given, "NextToken": ""}, sort_keys=True) for given in inputs}
    assert len(told) == 3, "a page is asked for with the parameters of the first"
    assert {sample.value for sample in inlet.of(WAITING)} == {3.0}
    assert {sample.at for sample in inlet.of(WAITING)} == {5000.0}


async def test_a_page_token_that_comes_again_ends_the_reading() -> None:
    """The loop ends, rows that were read count, and those that were not are errors, never zeros."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(7.0, time.time(), NextToken="again")
        async with running(collector(here, ask=["current"], every=60), inlet):
            await inlet.until(lambda kept: bool(kept.samples))
        assert here.calls["GetCurrentMetricData"] == 2
    assert [sample.value for sample in inlet.of(WAITING)] == [7.0]
    assert (WAITING, "care", "error") in {(m, dict(labels).get("queue"), kind) for m, labels, kind in inlet.blanks}


async def test_agents_of_a_half_read_answer_are_an_error() -> None:
    """Too few agents would look like a walk-out: where a page came twice there is no number at all."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.answers["GetCurrentUserData"] = lambda _: {
            "UserDataList": [user("anna", "Available")],
            "NextToken": "again",
        }
        async with running(collector(here, ask=["users"], every=60), inlet):
            await inlet.until(
                lambda kept: any(metric == "golive_agents" for metric, *_ in kept.blanks) or bool(kept.samples)
            )
            await inlet.until(lambda kept: bool(kept.health))
    assert inlet.of("golive_agents") == []
    assert {kind for *_, kind in inlet.blanks} == {"error"}
    assert "not all agents are known" in inlet.health[0][1]


async def test_retry_after_is_heeded_by_all_collectors_of_the_account_and_nothing_reads_wrong() -> None:
    """One is told to wait 1 s: none asks meanwhile, no number is blanked or made up, and the row names what is throttled."""
    first, second = RecordingInlet(), RecordingInlet()
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(7.0, time.time())
        one, other = collector(here, ask=["current"]), collector(here, ask=["current"], name="again")
        async with running(one, first), running(other, second):
            await first.until(lambda kept: bool(kept.samples))
            await second.until(lambda kept: bool(kept.samples))
            before = len(first.blanks) + len(second.blanks)
            here.ways["GetCurrentMetricData"] = ["throttle 1"]
            await until(lambda: not here.ways["GetCurrentMetricData"], 5)
            told, calls = time.monotonic(), here.calls["GetCurrentMetricData"]
            await until(lambda: here.calls["GetCurrentMetricData"] > calls + 1, 10)
            times = [at for at in here.times["GetCurrentMetricData"] if at > told]
    # One request may have been on its way when the other was told.
    assert times[-1] - told > 0.8
    assert sum(at - told < 0.8 for at in times) <= 1
    lost = [words for inlet in (first, second) for state, words in inlet.health if state == "lost"]
    assert len(lost) == 1
    assert "GetCurrentMetricData is throttled" in lost[0]
    assert "error" not in {kind for inlet in (first, second) for *_, kind in inlet.blanks}
    assert before > 0


async def test_several_collectors_together_never_ask_faster_than_amazon_documents() -> None:
    """Four collectors of one account that want forty requests a second are never over 5/s, burst 8, nor 2/s, burst 5."""
    inlets = [RecordingInlet() for _ in range(4)]
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(7.0, time.time())
        sources = [collector(here, ask=["current", "users"], every=0.1, name=f"c{n}") for n in range(4)]
        async with running(sources[0], inlets[0]), running(sources[1], inlets[1]):  # noqa: SIM117 - two and two read better
            async with running(sources[2], inlets[2]), running(sources[3], inlets[3]):
                await until(lambda: here.calls["GetCurrentMetricData"] >= 20, 20)
        assert here.over == 0
    assert all(inlet.of(WAITING) for inlet in inlets)
    assert {state for inlet in inlets for state, _ in inlet.health} == {"ok"}


async def test_a_5xx_is_asked_again_soon_and_the_number_returns() -> None:
    """A server error blanks the numbers (error), is asked again long before the next beat, and then the number is there."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.answers["GetCurrentMetricData"] = lambda _: waiting(7.0, time.time())
        here.ways["GetCurrentMetricData"] = ["internal", "cut", "nameless"]
        async with running(collector(here, ask=["current"], every=600), inlet):
            await inlet.until(lambda kept: bool(kept.samples))
    assert [state for state, _ in inlet.health] == ["lost"] * 3 + ["ok"]
    assert {kind for *_, kind in inlet.blanks} >= {"error"}
    assert inlet.refused == {"malformed": 1}


async def test_what_one_permission_lacks_does_not_stop_the_others() -> None:
    """A refused GetCurrentUserData is named at the row in words that cannot steer a terminal; queues go on."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.ways["GetCurrentUserData"] = ["denied"] * 50
        async with running(collector(here, ask=["current", "users"]), inlet):
            await inlet.until(
                lambda kept: any("AccessDenied" in words for _, words in kept.health) and len(kept.samples) > 4
            )
    words = next(words for _, words in inlet.health if "AccessDenied" in words)
    assert "\x1b" not in words
    assert inlet.health[-1][0] == "ok"


async def test_refused_in_everything_it_says_that_a_person_must_act() -> None:
    """Wrong keys end in one sentence that names the fields to look at."""
    async with amazon() as here:
        here.ways["GetCurrentMetricData"] = ["denied"] * 50
        with pytest.raises(Misconfigured, match=r"AccessDenied.*see `credentials`"):
            await asyncio.wait_for(collector(here, ask=["current"]).run(RecordingInlet()), 10)


async def test_a_target_that_says_nothing_delays_nobody() -> None:
    """While agents hang in their time limit, queues are asked on their beat."""
    inlet = RecordingInlet()
    async with amazon() as here:
        here.ways["GetCurrentUserData"] = ["hang"]
        async with running(collector(here, ask=["current", "users"], timeout=10), inlet):
            await until(lambda: here.calls["GetCurrentUserData"] == 1 and here.calls["GetCurrentMetricData"] >= 5, 8)
    assert not inlet.of("golive_agents")


async def test_counts_rise_only_and_contacts_are_asked_about_once_they_are_over() -> None:
    """A count that Amazon corrects downwards stays; a contact that an agent had is asked about when it is gone."""
    inlet = RecordingInlet()
    queued = iter([10.0, 8.0, 12.0])
    people = iter([[user("anna", "Available", ("c-1", "CONNECTED", SALES))]])

    def history(given: dict[str, Any]) -> dict[str, Any]:
        assert given["EndTime"] > given["StartTime"]
        assert given["EndTime"] <= time.time()
        return {"MetricResults": [past(SALES, ("CONTACTS_QUEUED_BY_ENQUEUE", None, next(queued, 12.0)))]}

    audio = {"Agent": {"Audio": {"QualityScore": 2.5, "PotentialQualityIssues": ["HighJitterBuffer"]}}}
    async with amazon() as here:
        here.answers["GetMetricDataV2"] = history
        here.answers["GetCurrentUserData"] = lambda _: {"UserDataList": next(people, [])}
        here.answers["DescribeContact"] = lambda _: {"Contact": {"Id": "c-1", "QualityMetrics": audio}}
        async with running(collector(here, ask=["counts", "users", "quality"]), inlet):
            await inlet.until(lambda kept: bool(kept.of("golive_media_quality_alerts_total")))
            await inlet.until(lambda kept: len(kept.of("golive_queue_contacts_offered_total", queue="sales-en")) >= 3)
    offered = [sample.value for sample in inlet.of("golive_queue_contacts_offered_total", queue="sales-en")]
    assert offered[:3] == [10.0, 10.0, 12.0]
    assert here.inputs["DescribeContact"][0]["ContactId"] == "c-1"
    assert [sample.value for sample in inlet.of("golive_media_mos", method="amazon_connect")] == [2.5]
    alert = inlet.of("golive_media_quality_alerts_total")[0]
    assert dict(alert.labels) == {"type": "jitter_buffer", "severity": "warn", "source": "agent", "platform": "target"}


async def test_cloudwatch_is_signed_for_and_asked_as_its_model_says() -> None:
    """The request passes CloudWatch's own model, its service's signature is checked, minutes count once."""
    inlet = RecordingInlet()

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        names = [query["MetricStat"]["Metric"]["MetricName"] for query in given["MetricDataQueries"]]
        times = [given["EndTime"] - 60]
        at = names.index("ConcurrentCalls")
        return {
            "MetricDataResults": [{"Id": f"q{at}", "StatusCode": "Complete", "Timestamps": times, "Values": [12.0]}]
        }

    async with amazon() as here:
        here.answers["GetMetricData"] = answer
        async with running(collector(here, ask=["cloudwatch"]), inlet):
            await inlet.until(lambda kept: len(kept.of("golive_calls_concurrent")) >= 2)
        given = here.inputs["GetMetricData"][0]
    assert inlet.of("golive_calls_concurrent")[0].value == 12.0
    assert inlet.of("golive_calls_concurrent")[0].at == given["EndTime"]
    assert {sample.value for sample in inlet.of("golive_calls_rejected_total")} == {0.0}


async def test_without_botocore_one_sentence_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing extra is a person's business, said with the command that installs it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Misconfigured, match=r"botocore, which is not installed.*pip install 'golive-monitor\[aws\]'"):
        await collector(ask=["current"]).run(RecordingInlet())


def test_botocore_is_not_loaded_by_those_who_do_not_need_it() -> None:
    """Reading a configuration, and taking events only, loads nothing of AWS."""
    code = "import collectors.kinds, sys; print([m for m in sys.modules if m.startswith('boto')])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


async def test_the_default_chain_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials in the configuration those of the environment sign; where there are none it says so."""
    inlet = RecordingInlet()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    async with amazon() as here:
        with pytest.raises(Misconfigured, match="there are no AWS credentials"):
            await collector(here, ask=["current"], credentials=None).run(inlet)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s" * 40)
        async with running(collector(here, ask=["current"], credentials=None), inlet):
            await inlet.until(lambda kept: bool(kept.samples))


async def test_a_secret_that_cannot_be_read_is_a_persons_business() -> None:
    """The reference is named, never a value."""
    keys = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": {"file": "not/there"}}
    with pytest.raises(Misconfigured, match="not/there"):
        await collector(ask=["current"], credentials=keys).run(RecordingInlet())


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"instance": "6b9c0b0a"}, "arn:aws:connect"),
        ({"queues": {}}, "nothing would be heard"),
        ({"queues": {SALES: "a", CARE: "a"}}, "one name"),
        ({"queues": {SALES: "a", f"arn:x/{SALES}": "b"}}, "twice"),
        ({"queues": {SALES: ""}}, "overwrite"),
        ({"channels": ["voice", "email"]}, "email"),
        ({"channels": []}, "nothing would be heard"),
        ({"ask": []}, "nothing would be heard"),
        ({"ask": ["agents", "users"]}, "counted twice"),
        ({"ask": ["current", "current"]}, "twice"),
        ({"ask": ["users"], "events": {"key": {"env": "X"}}}, "counted twice"),
        ({"ask": ["counts"], "events": {"key": {"env": "X"}, "take": ["contacts"]}}, "counted twice"),
        ({"ask": ["quality"]}, "quality needs users"),
        ({"ask": ["agents"], "queues": {f"q{n}": f"n{n}" for n in range(101)}}, "at most 100"),
        ({"service_levels": [0.5]}, "whole seconds"),
        ({"service_levels": list(range(1, 22))}, "at most 20"),
        ({"short_abandon": 2.5}, "whole seconds"),
        ({"window": 40 * 86400}, "less than 35d"),
        ({"endpoint_url": "ftp://x"}, "http"),
        ({"labels": {"contact_id": "x"}}, "cannot be a label"),
        ({"limits": {"others": 0}}, "nothing would ever be asked"),
        ({"events": {"key": {"env": "X"}, "rate": 0}}, "nothing would be heard"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, Any], word: str) -> None:
    """What would hear nothing, or count twice, is found by `golive check`, in words."""
    with pytest.raises(msgspec.ValidationError, match=word):
        collector(**wrong)


def test_every_fault_of_a_configuration_is_said_at_once() -> None:
    """Nobody mends one thing only to be told the next."""
    with pytest.raises(msgspec.ValidationError, match=r"arn:aws:connect.*counted twice.*less than 35d"):
        collector(instance="x", ask=["agents", "users"], window=40 * 86400)


def test_the_region_may_differ_from_the_instances() -> None:
    """Account and Region come from the ARN; a Region that is said otherwise wins."""
    source = collector(region="eu-central-1")
    assert isinstance(source, AmazonConnect)
    assert source.region == "eu-central-1"
