"""The promql collector at work: a server that says what a test wants, and the real ones."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import trustme
from aiohttp.test_utils import TestServer

from collectors.promql.collector import Promql
from monitor.intake.source import Misconfigured
from tests.collectors.promql.server import Source, serving
from tests.rig.inlet import RecordingInlet
from tests.rig.prometheus import prometheus, query, victoria_metrics

WAITING = "golive_queue_contacts_waiting"


def made(url: str, *questions: dict[str, Any], **more: Any) -> Promql:
    """A collector as a person writes it."""
    mapped = [{"metric": WAITING, "take": {"queue": "queue"}, **question} for question in questions]
    config = {"kind": "promql", "name": "prom", "every": 0.2, "timeout": 2, "questions": mapped, **more}
    return msgspec.convert({**config, **({"url": url} if mapped else {})}, Promql)


@asynccontextmanager
async def running(source: Promql, inlet: RecordingInlet) -> AsyncIterator[None]:
    """The collector, until the end of the block."""
    task = asyncio.create_task(source.run(inlet))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_missing_or_cannot_be_computed_is_said() -> None:
    """A series that leaves the answer is empty, NaN is null, an error is error: never a zero and never silence."""
    source, inlet = Source(), RecordingInlet()
    source.vector("max(w)", ({"queue": "a"}, "7"), ({"queue": "b"}, "8"))
    async with serving(source) as url, running(made(url, {"query": "max(w)", "scale": 2}), inlet):
        await inlet.until(lambda kept: len(kept.of(WAITING, queue="b")) > 0)
        assert inlet.of(WAITING, queue="a")[0].value == 14.0
        source.vector("max(w)", ({"queue": "a"}, "NaN"))
        await inlet.until(lambda kept: (WAITING, (("queue", "a"),), "null") in kept.blanks)
        await inlet.until(lambda kept: (WAITING, (("queue", "b"),), "empty") in kept.blanks)
        source.answers["max(w)"] = (422, b'{"status":"error","errorType":"execution","error":"too many samples"}')
        await inlet.until(lambda kept: (WAITING, (("queue", "b"),), "error") in kept.blanks)
        await inlet.until(lambda kept: kept.health[-1][0] == "lost" and "too many samples" in kept.health[-1][1])


async def test_a_value_from_minutes_ago_is_as_old_as_it_is() -> None:
    """For a plain selector the sample's own time counts, not the instant at which the server was asked."""
    source, inlet = Source(), RecordingInlet()
    old = time.time() - 200
    source.vector("w", ({"__name__": "w", "queue": "a"}, "7"))
    source.vector("timestamp(w)", ({"queue": "a"}, str(old)))
    async with serving(source) as url, running(made(url, {"query": "w"}), inlet):
        await inlet.until(lambda kept: bool(kept.samples))
    assert inlet.samples[0].at == pytest.approx(old)


async def test_two_series_that_would_become_one_are_used_neither() -> None:
    """Labels that are not taken must not add up by chance: the series is in error and the answer refused."""
    source, inlet = Source(), RecordingInlet()
    source.vector("max(w)", ({"queue": "a", "pod": "1"}, "7"), ({"queue": "a", "pod": "2"}, "8"), ({"queue": "b"}, "1"))
    async with serving(source) as url, running(made(url, {"query": "max(w)"}), inlet):
        await inlet.until(lambda kept: (WAITING, (("queue", "a"),), "error") in kept.blanks)
        await inlet.until(lambda kept: bool(kept.of(WAITING, queue="b")))
    assert inlet.of(WAITING, queue="a") == []
    assert inlet.refused["wrong_type"] > 0


async def test_one_broken_question_leaves_the_others_alone() -> None:
    """The others are heard, and the collector's line names the one that is not answered."""
    source, inlet = Source(), RecordingInlet()
    source.vector("max(w)", ({"queue": "a"}, "7"))
    source.answers["bad("] = (400, b'{"status":"error","errorType":"bad_data","error":"unclosed left parenthesis"}')
    questions = ({"query": "max(w)"}, {"query": "bad("})
    async with serving(source) as url, running(made(url, *questions), inlet):
        await inlet.until(lambda kept: bool(kept.samples) and bool(kept.health))
    assert inlet.health[0] == ("ok", "1 of 2 answered; bad(: bad_data: unclosed left parenthesis")


async def test_secrets_and_tenants_go_with_each_question_and_a_refused_login_is_a_persons_business(
    tmp_path: Path,
) -> None:
    """Bearer and headers are sent; 401 to everything ends the collector with a word on what to mend."""
    secret = tmp_path / "token"
    secret.write_text("s3cret-token")
    secret.chmod(0o600)
    source, inlet = Source(), RecordingInlet(base=tmp_path)
    source.answers["max(w)"] = (401, b"no")
    login = {"bearer": {"file": "token"}, "headers": {"X-Scope-OrgID": "voice"}}
    async with serving(source) as url:
        with pytest.raises(Misconfigured, match="refused") as told:
            await made(url, {"query": "max(w)"}, login=login).run(inlet)
    assert "s3cret" not in str(told.value)
    assert source.headers[0]["Authorization"] == "Bearer s3cret-token"
    assert source.headers[0]["X-Scope-OrgID"] == "voice"


async def test_a_server_with_a_certificate_nobody_knows_is_not_believed(tmp_path: Path) -> None:
    """Without its CA the question is not answered; with it, it is."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    source = Source()
    source.vector("max(w)", ({"queue": "a"}, "7"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server = TestServer(source.app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    try:
        url = f"https://127.0.0.1:{server.port}"
        stranger, friend = RecordingInlet(base=tmp_path), RecordingInlet(base=tmp_path)
        async with running(made(url, {"query": "max(w)"}), stranger):
            await stranger.until(lambda kept: bool(kept.health))
        assert stranger.health[0][0] == "lost"
        assert "certificate" in stranger.health[0][1].lower()
        async with running(made(url, {"query": "max(w)"}, login={"tls": {"ca": "ca.pem"}}), friend):
            await friend.until(lambda kept: bool(kept.samples))
    finally:
        await server.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": []},
        {"url": "http://h", "questions": []},
        {"url": "ftp://h", "questions": [{"query": "x", "metric": WAITING}]},
        {"url": "http://u:p@h", "questions": [{"query": "x", "metric": WAITING}]},
        {"questions": [{"query": "x", "metric": WAITING}]},
        {"scrapes": [{"url": "file:///etc/passwd", "samples": []}]},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """No question, no address, another scheme, a password in the address."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "promql", "name": "p", "every": 1, **wrong}, Promql)


async def test_a_name_that_leads_to_this_machine_is_refused() -> None:
    """Only an address that is written as such may be loopback: a rebound name reaches nothing."""
    inlet = RecordingInlet()
    async with running(made("http://2130706433:9", {"query": "w"}), inlet):
        await inlet.until(lambda kept: bool(kept.health))
    assert inlet.health[0][0] == "lost"
    assert "this machine itself" in inlet.health[0][1]


@pytest.mark.real
async def test_a_real_prometheus_is_read_and_the_end_of_its_target_is_noticed(tmp_path: Path) -> None:
    """Numbers of an exporter come through Prometheus with its sample times; when the exporter ends they are empty."""
    exporter = Source()
    exporter.page = b'pbx_waiting{queue="sales"} 7\npbx_waiting{queue="care"} 0\n'
    inlet = RecordingInlet()
    questions = ({"query": 'pbx_waiting{job="golive"}'}, {"query": "sum(pbx_waiting)", "take": {}})
    async with (
        aiohttp.ClientSession() as session,
        serving(exporter) as page,
        prometheus(tmp_path, int(page.rpartition(":")[2])) as url,
    ):
        await query(session, url, "pbx_waiting")
        async with running(made(url, *questions), inlet):
            await inlet.until(lambda kept: bool(kept.of(WAITING, queue="sales")) and len(kept.bound) == 3)
            sample = inlet.of(WAITING, queue="sales")[-1]
            assert sample.value == 7.0
            assert time.time() - 10 < sample.at <= time.time()
            exporter.page_status = 500
            await inlet.until(lambda kept: (WAITING, (("queue", "sales"),), "empty") in kept.blanks)


@pytest.mark.real
async def test_a_real_victoria_metrics_is_read(tmp_path: Path) -> None:
    """The same question to another server of the family, with old samples shown as old."""
    inlet = RecordingInlet()
    at = time.time() - 60
    line = f'pbx_waiting{{queue="sales"}} 7 {int(at * 1000)}\n'
    async with victoria_metrics(tmp_path) as url, aiohttp.ClientSession() as session:
        for _ in range(100):
            try:
                async with session.post(f"{url}/api/v1/import/prometheus", data=line.encode()) as answer:
                    if answer.status == 204:
                        break
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        async with session.get(f"{url}/internal/force_flush") as answer:
            assert answer.status == 200
        async with running(made(url, {"query": "pbx_waiting"}), inlet):
            await inlet.until(lambda kept: bool(kept.of(WAITING, queue="sales")))
    sample = inlet.of(WAITING, queue="sales")[0]
    assert sample.value == 7.0
    assert sample.at == pytest.approx(at, abs=1)


async def test_an_exporters_page_is_read_directly() -> None:
    """A page is scraped without a server between; a page that is cut short is refused whole."""
    source, inlet = Source(), RecordingInlet()
    source.page = b'calls{dir="in"} 5\ncalls{dir="out"} 6\n'
    pick = {"name": "calls", "match": {"dir": "in"}, "metric": "golive_calls_concurrent"}
    async with serving(source) as url:
        scrape = {"url": f"{url}/metrics", "samples": [pick]}
        async with running(made("", scrapes=[scrape]), inlet):
            await inlet.until(lambda kept: bool(kept.of("golive_calls_concurrent")))
            assert inlet.samples[0].value == 5.0
            source.page = b'calls{dir="in'
            await inlet.until(lambda kept: ("golive_calls_concurrent", (), "error") in kept.blanks)
            assert inlet.refused["malformed"] > 0
