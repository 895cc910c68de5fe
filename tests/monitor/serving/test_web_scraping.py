"""Where Prometheus finds the metrics, and how many may ask at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from monitor.serving.web.listener import Listener, ListenError
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.desk import opened
from tests.rig.mosquitto import free_port


async def test_the_metrics_are_where_they_were_told_to_be(tmp_path: Path) -> None:
    """Under another path the page, its link and its place in the description move, by whatever host name it is called."""
    config = WebConfig(listen="127.0.0.1:0", telemetry_path="/golive/metrics")
    async with opened(tmp_path, config) as house:
        page = await house.ask("GET", "/golive/metrics")
        assert page.status == 200
        assert "golive_verdict" in page.text
        assert (await house.ask("GET", "/metrics")).status == 404
        assert 'href="/golive/metrics"' in (await house.ask("GET", "/")).text
        described = msgspec.json.decode((await house.ask("GET", "/api/openapi.json")).text)
        assert "/golive/metrics" in described["paths"]
        assert "/metrics" not in described["paths"]
        foreign = {"Host": "monitor.example"}
        async with house.session.get(house.url + "/golive/metrics", headers=foreign) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["", "/", "metrics", "/api/v1/metrics", "/-/ready", "/a b", "/{name}", "/a//b", "/../x"]
)
def test_a_path_that_is_not_its_own_is_refused(path: str) -> None:
    """No path may hide an act, a check of health or the page at the root."""
    with pytest.raises(ValueError, match="telemetry_path"):
        WebConfig(telemetry_path=path)


async def test_more_scrapes_than_may_be_are_told_to_wait_and_counted(tmp_path: Path) -> None:
    """With --web.max-requests=1 a second scrape at once gets 503; the first is whole, and later ones are answered again."""
    async with opened(tmp_path, WebConfig(listen="127.0.0.1:0", max_requests=1)) as house:
        statuses = [answer.status for answer in await asyncio.gather(*(house.ask("GET", "/metrics") for _ in range(8)))]
        assert statuses.count(200) >= 1
        assert set(statuses) <= {200, 503}
        assert 503 in statuses
        page = await house.ask("GET", "/metrics")
        assert page.status == 200
        assert f'golive_http_denied_total{{reason="full"}} {float(statuses.count(503))}' in page.text


async def test_as_many_scrapes_as_there_are_connections_are_answered_by_default(tmp_path: Path) -> None:
    """Twenty scrapes at once each get the whole page."""
    async with opened(tmp_path) as house:
        answers = await asyncio.gather(*(house.ask("GET", "/metrics") for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert all("golive_verdict" in answer.text for answer in answers)


async def test_every_address_is_listened_on_and_one_that_is_taken_names_itself(tmp_path: Path) -> None:
    """Loopback for people and a private address for Prometheus; when one cannot be had nothing is left open."""
    other = free_port()
    config = WebConfig(listen="127.0.0.1:0", also=(f"127.0.0.2:{other}",))
    async with opened(tmp_path, config) as house:
        for url in (house.url, f"http://127.0.0.2:{other}"):
            for path in ("/metrics", "/api/v1/snapshot"):
                async with house.session.get(url + path) as answer:
                    assert answer.status == 200, url + path
        again = Listener(web.Application(), WebConfig(listen="127.0.0.1:0", also=(f"127.0.0.2:{other}",)))
        with pytest.raises(ListenError, match=f"127.0.0.2:{other}"):
            await again.start()
        assert again.port == 0
