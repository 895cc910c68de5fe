"""Routes for whoever goes down from a number: the series behind it, their samples, what a metric means. Made when asked."""

from __future__ import annotations

from aiohttp import web

from monitor.serving.detail_rows import InputsPage, MetricsPage, SamplesPage
from monitor.serving.web.answers import deny, error_answer, json_answer
from monitor.serving.web.route import Reading
from monitor.serving.web.services import Details, Services
from monitor.text import clean

LONGEST = 200
"""Characters of a parameter."""
MOST = 40
"""Parameters of one name."""
NOT_HERE = "this daemon does not look into its store"


async def metrics(_: web.Request, services: Services) -> web.Response:
    """What every metric means here."""
    return json_answer(_details(services).metrics())


async def series(request: web.Request, services: Services) -> web.Response:
    """The series behind a number."""
    details, rule = _details(services), _one(request, "rule")
    if not rule:
        return json_answer(details.series(_all(request, "metric"), _labels(request), _one(request, "source")))
    found = details.inputs(rule, _one(request, "scope"))
    if found is None:
        return error_answer(404, f"no rule is called {rule!r}", "rules stand in golive.yaml and in the snapshot")
    return json_answer(found)


async def samples(request: web.Request, services: Services) -> web.Response:
    """The newest samples of one series."""
    metric, labels = _one(request, "metric"), _labels(request)
    found = _details(services).samples(metric, labels)
    if found is None:
        text = ", ".join(f"{name}={value}" for name, value in labels.items())
        return error_answer(
            404, f"there is no series {metric or '?'} {{{text}}}", "name it in full, as /api/v1/series spells it"
        )
    return json_answer(found)


def _details(services: Services) -> Details:
    if services.details is None:
        deny(503, NOT_HERE, "ask the daemon that watches the cutover", "details")
    return services.details


def _one(request: web.Request, name: str) -> str:
    return (_all(request, name) or [""])[-1]


def _all(request: web.Request, name: str) -> list[str]:
    found = request.query.getall(name, [])
    if len(found) > MOST or any(len(text) > LONGEST for text in found):
        deny(400, f"{name} may be given {MOST} times, {LONGEST} characters each", "ask for less at once", "body")
    return [clean(text, LONGEST) for text in found]


def _labels(request: web.Request) -> dict[str, str]:
    pairs = [text.partition("=") for text in _all(request, "label")]
    if odd := [name for name, equals, _ in pairs if not equals or not name]:
        deny(400, f"label {odd[0]!r} is not NAME=VALUE", "write label=queue=sales-en, once for each label", "body")
    return {name: value for name, _, value in pairs}


_LABEL = ("label", "NAME=VALUE; once for each label.")
DETAILS: tuple[Reading, ...] = (
    Reading(
        "/api/v1/metrics",
        "Every metric: definition, unit, sources, limits and why it matters.",
        metrics,
        MetricsPage,
    ),
    Reading(
        "/api/v1/series",
        "The series behind a number, with the collectors that feed them: those of a rule's group, or those that carry labels.",
        series,
        InputsPage,
        words=(
            ("rule", "A rule; with it only scope counts."),
            ("scope", "The rule's group, as rows spell it."),
            ("metric", "A metric; several are several times given, none is all."),
            _LABEL,
            ("source", "Only what this collector feeds."),
        ),
    ),
    Reading(
        "/api/v1/series/samples",
        "The newest samples of one series as they were handed over, and the buckets that rules read.",
        samples,
        SamplesPage,
        words=(("metric", "The series' metric."), _LABEL),
    ),
)
