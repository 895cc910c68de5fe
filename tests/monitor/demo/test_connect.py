"""The simulated Amazon Connect, asked by the real collector and held to Amazon's own description of its service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from botocore.session import Session
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.amazon_connect.collector import AmazonConnect
from collectors.amazon_connect.queues import NOW, STAFF, current_request, lately, past_request
from monitor.demo.centre import Centre
from monitor.demo.connect import QUOTAS, Connect
from monitor.demo.connect_answers import ARN, IDS, INSTANCE, UnknownQueueError, current, history, named
from monitor.demo.faults import SCRIPTS
from monitor.demo.geography import QUEUES, SITES
from monitor.demo.ledger import KEPT, Ledger
from monitor.demo.life import Life
from monitor.demo.secret_files import SECRETS
from monitor.outbound.aws import Credentials, Keys
from monitor.outbound.aws_service import service
from monitor.secrets import SecretRef
from tests.monitor.demo.hearing import configured, running
from tests.rig.inlet import RecordingInlet

START = 1_000_000.0
MODEL = Session().get_service_model("connect")
WAITING = "golive_queue_contacts_waiting"


def moved(seed: int = 7, target: float = 100.0, script: str = "calm", seconds: float = 14.0) -> Life:
    """A world after some seconds of a routing and a script."""
    now = START
    life = Life(Centre(seed, START), lambda: now)
    for site in SITES:
        life.centre.staff(site, target=target)
    for queue in QUEUES:
        life.centre.route(queue, target)
    life.centre.begin(script)
    while now < START + seconds:
        now += 0.5
        life.advance()
    return life


def without_nulls(value: Any) -> Any:
    """The same without nulls: botocore's validator knows none, and Amazon sends them."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def sound(operation: str, answer: dict[str, Any]) -> bool:
    """Whether an answer is one that Amazon could give."""
    report = ParamValidator().validate(without_nulls(answer), MODEL.operation_model(operation).output_shape)
    return not report.has_errors()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    target=st.sampled_from([0.0, 30.0, 100.0]),
    script=st.sampled_from(sorted(SCRIPTS)),
    seconds=st.floats(1.0, 20.0),
)
def test_what_is_answered_is_what_the_simulation_holds(seed: int, target: float, script: str, seconds: float) -> None:
    """Waiting calls, the oldest of them and agents are those of the target's queues, in answers that Amazon could give."""
    life = moved(seed, target, script, seconds)
    asked = current_request(INSTANCE, list(IDS), ["voice"], NOW, grouped=True)
    answer = current(asked, life.centre)
    assert sound("GetCurrentMetricData", answer)
    rows = {row["Dimensions"]["Queue"]["Id"]: row for row in answer["MetricResults"]}
    for identity, queue in IDS.items():
        line = life.centre.lines["target", queue]
        assert (identity in rows) == bool(line.seated or line.queued)
        if identity in rows:
            told = {one["Metric"]["Name"]: one["Value"] for one in rows[identity]["Collections"]}
            assert told["CONTACTS_IN_QUEUE"] == line.queued
            assert told["OLDEST_CONTACT_AGE"] == pytest.approx(line.oldest(life.centre.now))
            assert (told["ESTIMATED_WAIT_TIME"] is None) == (not line.queued or not line.seated)
    staff = current(current_request(INSTANCE, list(IDS), ["voice"], STAFF, grouped=False), life.centre)
    assert sound("GetCurrentMetricData", staff)
    lines = [line for (platform, _), line in life.centre.lines.items() if platform == "target"]
    for row in staff["MetricResults"]:
        told = {one["Metric"]["Name"]: one["Value"] for one in row["Collections"]}
        assert told["AGENTS_ON_CONTACT"] == sum(line.busy for line in lines)
        assert told["AGENTS_AVAILABLE"] == sum(line.free for line in lines)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    script=st.sampled_from(sorted(SCRIPTS)),
    begin=st.floats(0.0, 10.0),
    span=st.integers(1, 8),
)
def test_spans_of_the_past_add_up(seed: int, script: str, begin: float, span: int) -> None:
    """Shares are percentages, and a span that is cut in two has the calls of both parts: none twice, none lost."""
    life = moved(seed, 100.0, script)
    start, end = START + begin, START + begin + span
    answer = history(past_request(ARN, list(IDS), ["voice"], lately([2.0]), (int(start), int(end))), life.ledger)
    assert sound("GetMetricDataV2", answer)
    for row in answer["MetricResults"]:
        told = {one["Metric"]["Name"]: one["Value"] for one in row["Collections"]}
        for share in (told["SERVICE_LEVEL"], told["ABANDONMENT_RATE"]):
            assert share is None or 0.0 <= share <= 100.0
    middle = (start + end) / 2
    for queue in QUEUES:
        whole, first, second = (
            life.ledger.past(queue, a, b, 2.0) for a, b in ((start, end), (start, middle), (middle, end))
        )
        assert whole.left == first.left + second.left
        assert whole.in_time == first.in_time + second.in_time <= whole.left
    line = life.centre.lines["target", "billing"]
    ever = life.ledger.past("billing", START, START + 100.0, 2.0)
    assert (ever.answered, ever.abandoned) == (line.answered, line.abandoned)


def test_a_platform_without_calls_has_no_ratio() -> None:
    """Nothing offered is no service level at all, rather than a perfect one; with calls every queue has one."""
    asked = past_request(ARN, list(IDS), ["voice"], lately([2.0]), (int(START), int(START) + 14))
    assert history(asked, moved(target=0.0).ledger)["MetricResults"] == []
    assert len(history(asked, moved(target=100.0).ledger)["MetricResults"]) == len(QUEUES)


def test_the_ledger_is_bounded_and_says_how_far_it_goes_back() -> None:
    """What was forgotten is not told as if nothing had happened."""
    life, ledger = moved(), Ledger()
    centre = Centre(7, START)
    centre.route("billing", 100.0)
    centre.staff("dublin", target=100.0)
    centre.step(START + 30.0)
    moments = centre.happened()
    ledger.note(moments)
    assert ledger.since == float("-inf")
    ledger.note(moments * (KEPT // 50))
    assert START < ledger.since < START + 30.0
    assert len(ledger._moments) == KEPT
    assert life.ledger.since == float("-inf")


def test_queues_of_others_are_not_known() -> None:
    """An id is taken bare or at the end of its ARN; any other queue is refused by name."""
    (identity, queue) = next(iter(IDS.items()))
    assert named([f"{ARN}/queue/{identity}"]) == {identity: queue}
    with pytest.raises(UnknownQueueError, match="no queue x"):
        named(["x"])


@asynccontextmanager
async def cloud(tmp_path: Path, life: Life) -> AsyncIterator[tuple[Connect, list[AmazonConnect], str]]:
    """The stand-in on a free port, and the demo's own collectors for it."""
    connect = Connect(life, tmp_path / SECRETS["connect"])
    runner = web.AppRunner(connect.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    sources = await asyncio.to_thread(configured, AmazonConnect, tmp_path, connect=port)
    try:
        yield connect, sources, f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def present() -> Life:
    """A world of now: fourteen seconds of calls on the target, by the clock of this machine."""
    life = Life(Centre(7, time.time() - 14.0))
    for site in SITES:
        life.centre.staff(site, target=100.0)
    for queue in QUEUES:
        life.centre.route(queue, 100.0)
    life.advance()
    return life


async def test_golive_hears_the_target_within_amazons_quotas(tmp_path: Path) -> None:
    """Both entries of the demo's configuration are answered turn after turn, nothing is refused, every queue is heard."""
    inlet = RecordingInlet(base=tmp_path)
    async with cloud(tmp_path, present()) as (connect, sources, _), running(sources, inlet):
        await inlet.until(lambda kept: len(kept.of(WAITING)) >= 4 * len(QUEUES))
        await inlet.until(lambda kept: bool(kept.of("golive_queue_service_level_ratio")))
        await inlet.until(lambda kept: bool(kept.of("golive_agents", state="on_contact")))
        assert connect.turned == 0
    assert {dict(sample.labels)["queue"] for sample in inlet.of(WAITING)} == set(QUEUES)
    levels = inlet.of("golive_queue_service_level_ratio")
    assert {dict(s.labels)["definition"] for s in levels} == {"amazon_connect"}
    assert all(0.9 <= s.value <= 1.0 for s in levels)
    assert inlet.of("golive_agents", state="on_contact")[0].value > 10
    # The verdict's own abandonment is told apart by its wave: Amazon's is never added to it.
    assert not [s for s in inlet.of("golive_queue_abandonment_ratio") if "wave" in dict(s.labels)]
    assert not inlet.refused


async def test_in_the_blind_scenario_nothing_is_answered(tmp_path: Path) -> None:
    """Questions hang until they time out, and all that they would have fed is blank."""
    inlet, life = RecordingInlet(base=tmp_path), present()
    async with cloud(tmp_path, life) as (_, sources, _), running(sources, inlet):
        await inlet.until(lambda kept: bool(kept.of(WAITING)))
        life.centre.begin("blind")
        deadline = asyncio.get_running_loop().time() + 20
        while not any(metric == WAITING and kind == "error" for metric, _, kind in inlet.blanks):
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)


async def test_only_signed_and_described_questions_are_answered_and_only_so_many(tmp_path: Path) -> None:
    """Unsigned, wrongly signed, unknown, malformed and too many: each refused with Amazon's own word, and counted."""
    async with cloud(tmp_path, present()) as (connect, _, url), aiohttp.ClientSession() as session:
        given = current_request(INSTANCE, list(IDS), ["voice"], NOW, grouped=True)

        async def ask(data: bytes | None = None, secret: str = "", **changes: str) -> tuple[int, str]:
            file = SecretRef(file=secret or str(tmp_path / SECRETS["connect"]))
            signer = Credentials(access_key_id="AKIAEXAMPLE", secret_access_key=file)
            keys = await asyncio.to_thread(Keys, signer, tmp_path)
            described = await asyncio.to_thread(service, "connect")
            made = await asyncio.to_thread(described.draft, "GetCurrentMetricData", given, url, "eu-west-2", keys)
            headers = {**made.headers, **changes}
            body = made.body if data is None else data
            async with session.request(made.method, made.url, headers=headers, data=body) as answer:
                return answer.status, answer.headers.get("x-amzn-ErrorType", "")

        assert await ask() == (200, "")
        assert await ask(Authorization="none") == (403, "UnrecognizedClientException")
        assert await ask(given_altered(given)) == (403, "InvalidSignatureException")
        (tmp_path / "other").write_text("guessed")
        (tmp_path / "other").chmod(0o600)
        assert await ask(secret=str(tmp_path / "other")) == (403, "InvalidSignatureException")
        async with session.get(f"{url}/users") as answer:
            assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
        assert connect.turned == 4
        codes = [await ask() for _ in range(20)]
        assert (429, "TooManyRequestsException") in codes
        assert codes.count((200, "")) >= QUOTAS["GetCurrentMetricData"][1] - 2
        assert set(codes) <= {(200, ""), (429, "TooManyRequestsException")}


def given_altered(given: dict[str, Any]) -> bytes:
    """The same question about other channels, under the signature of the first."""
    return msgspec.json.encode({**given, "Filters": {**given["Filters"], "Channels": ["CHAT"]}})
