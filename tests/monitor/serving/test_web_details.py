"""What only a detail asks for, over HTTP: bounded, refused in words, and described."""

from __future__ import annotations

import json

from monitor.serving.detail_rows import InputRow, InputsPage, MetricsPage, SamplesPage
from monitor.serving.web.details import LONGEST, MOST
from monitor.serving.web.services import SERVICES

ROW = InputRow(
    metric="golive_agents",
    labels={"queue": "a=b"},
    unit="count",
    value=1.0,
    at=1.0,
    age=1.0,
    quality="fresh",
    stale_after=4.0,
    sources=("acd",),
)


class Looked:
    """Notes what is looked up."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def inputs(self, rule, scope):
        self.asked.append((rule, scope))
        return InputsPage(series=(ROW,)) if rule == "loss" else None

    def series(self, metrics, labels, source=""):
        self.asked.append((metrics, labels, source))
        return InputsPage(series=(ROW,))

    def samples(self, metric, labels):
        self.asked.append((metric, labels))
        return SamplesPage(series=ROW, samples=()) if metric == ROW.metric else None

    def metrics(self):
        return MetricsPage(metrics=())


def looked(house) -> Looked:
    """An inspector behind the house's port."""
    made = Looked()
    house.app[SERVICES].details = made
    return made


async def test_series_are_asked_for_by_rule_or_by_labels(house) -> None:
    """A rule and its scope, or metrics, labels and a source, reach the store as they were written."""
    desk = looked(house)
    assert (await house.ask("GET", "/api/v1/series?rule=loss&scope=trunk%3Dsbc-1")).json["series"][0]["sources"] == [
        "acd"
    ]
    await house.ask("GET", "/api/v1/series?metric=golive_agents&metric=b&label=queue%3Da%3Db&source=acd")
    assert desk.asked == [("loss", "trunk=sbc-1"), (["golive_agents", "b"], {"queue": "a=b"}, "acd")]


async def test_what_is_not_there_is_a_404_that_says_what_to_do(house) -> None:
    """An unknown rule or series is named in the answer, with the next step."""
    looked(house)
    for path in ("/api/v1/series?rule=%1b[2Jmos", "/api/v1/series/samples?metric=x&label=queue%3Da"):
        reply = await house.ask("GET", path)
        assert reply.status == 404
        assert reply.json["error"]["hint"]
        assert "\\u001b" not in reply.text


async def test_a_parameter_that_cannot_be_is_refused(house) -> None:
    """A label without a value, one too long, and too many of them are a 400, and nothing is looked up."""
    desk = looked(house)
    for query in ("label=queue", "label=%3Dx", "metric=" + "x" * (LONGEST + 1), "&".join(["label=a%3Db"] * (MOST + 1))):
        reply = await house.ask("GET", f"/api/v1/series/samples?{query}")
        assert reply.status == 400, query
        assert reply.json["error"]["what"]
    assert desk.asked == []


async def test_without_a_store_the_routes_say_so(house) -> None:
    """A port that has nothing to look into answers 503 in words."""
    house.app[SERVICES].details = None
    for path in ("/api/v1/metrics", "/api/v1/series", "/api/v1/series/samples"):
        assert (await house.ask("GET", path)).status == 503


async def test_the_description_names_the_parameters(house) -> None:
    """openapi.json tells each text parameter of the routes and the type of each answer."""
    paths = json.loads((await house.ask("GET", "/api/openapi.json")).text)["paths"]
    names = {p["name"]: p["schema"]["type"] for p in paths["/api/v1/series"]["get"]["parameters"]}
    assert names == dict.fromkeys(("rule", "scope", "metric", "label", "source"), "string")
    assert "SamplesPage" in json.dumps(paths["/api/v1/series/samples"])
