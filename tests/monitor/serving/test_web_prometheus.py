"""A real Prometheus scrapes the daemon's web server and answers queries on what it read."""

from __future__ import annotations

import time

import pytest

from tests.rig.prometheus import prometheus, query


@pytest.mark.real
async def test_prometheus_scrapes_and_answers(house, tmp_path):
    """Prometheus reads series with hostile labels, states and the process from one scrape, and calls it up."""
    hostile = 'a "quoted" \\ back\nslash é {}'
    now = time.time()
    house.table.put((("site", "porto"), ("state", "acw")), 7.0, now)
    house.table.put((("site", hostile), ("state", "acw")), 9.0, now)
    async with prometheus(tmp_path, house.listener.port) as url:
        (site,) = await query(house.session, url, 'golive_agents{site="porto"}')
        assert site["value"][1] == "7"
        names = {row["metric"]["site"] for row in await query(house.session, url, "golive_agents")}
        assert names == {"porto", hostile}
        (verdict,) = await query(house.session, url, "golive_verdict == 1")
        assert verdict["metric"]["verdict"] == "no_go"
        over = "golive_rule_value > on (rule) group_left golive_rule_limit{kind='breach'}"
        (row,) = await query(house.session, url, over)
        assert row["metric"]["scope"] == "site=porto"
        (up,) = await query(house.session, url, "up == 1")
        assert up["metric"]["job"] == "golive"
        assert await query(house.session, url, "process_resident_memory_bytes > 1e6")
        async with house.session.get(f"{url}/api/v1/metadata", params={"metric": "golive_agents"}) as answer:
            (metadata,) = (await answer.json())["data"]["golive_agents"]
        assert metadata["type"] == "gauge"
        assert metadata["help"].startswith("Agents signed in")
