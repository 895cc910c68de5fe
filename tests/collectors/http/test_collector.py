"""Synthetic transactions against local services: what is asked, what is measured, what is never shown."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.http.collector import Http
from collectors.http.paths import PathError, at, differs, steps
from tests.collectors.http.crm import KEY, Crm, serving
from tests.rig import faults
from tests.rig.inlet import RecordingInlet
from tests.rig.mosquitto import free_port
from tests.rig.programs import program

UP = "golive_integration_up"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def crm_transaction(url: str) -> dict[str, Any]:
    """Log in, look a caller up, open the record."""
    bearer = {"Authorization": "Bearer {bearer}"}
    secret = {"file": "crm.secret"}
    return {
        "integration": "crm",
        "values": {"caller": "+351210000000"},
        "requests": [
            {
                "operation": "login",
                "method": "POST",
                "url": f"{url}/oauth/token",
                "form": {"grant_type": "client_credentials", "client_secret": secret},
                "take": {"bearer": "access_token"},
            },
            {
                "operation": "lookup",
                "url": f"{url}/contacts?phone={{caller}}",
                "headers": bearer,
                "expect": {"json": {"count": 1}, "has": ["contacts[0].id"]},
                "take": {"contact": "contacts[0].id"},
                "starts": True,
            },
            {
                "operation": "record",
                "url": f"{url}/contacts/{{contact}}",
                "headers": bearer,
                "expect": {"json": {"phone": "{caller}"}},
                "screen_pop": True,
            },
        ],
    }


def ticket_transaction(url: str) -> dict[str, Any]:
    """Create and update a ticket, and delete it again."""
    return {
        "integration": "ticketing",
        "requests": [
            {
                "operation": "create",
                "method": "POST",
                "url": f"{url}/tickets",
                "json": {"subject": "probe {once}"},
                "expect": {"status": ["201"]},
                "take": {"ticket": "id"},
            },
            {
                "operation": "update",
                "method": "PATCH",
                "url": f"{url}/tickets/{{ticket}}",
                "json": {"status": "solved"},
            },
        ],
        "cleanup": [{"operation": "delete", "method": "DELETE", "url": f"{url}/tickets/{{ticket}}"}],
    }


def simple(integration: str, url: str, **expect: Any) -> dict[str, Any]:
    """One request."""
    request: dict[str, Any] = {"operation": "get", "url": url, "expect": expect}
    if expect.pop("follow", False):
        request["redirects"] = "same_host"
    return {"integration": integration, "requests": [request]}


def made(*transactions: dict[str, Any], **more: Any) -> Http:
    """A collector as a person writes it."""
    return msgspec.convert(
        {"kind": "http", "name": "apps", "every": 0.3, "timeout": 2, "transactions": list(transactions), **more}, Http
    )


@asynccontextmanager
async def running(source: Http, inlet: RecordingInlet) -> AsyncIterator[None]:
    """The collector, until the end of the block."""
    task = asyncio.create_task(source.run(inlet))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def inlet(tmp_path: Path) -> RecordingInlet:
    """An inlet beside a secret."""
    secret = tmp_path / "crm.secret"
    secret.write_text("s3cret")
    secret.chmod(0o600)
    return RecordingInlet(base=tmp_path)


def value(inlet: RecordingInlet, integration: str) -> float | None:
    """Whether an integration is up, as of the newest sample."""
    found = inlet.of(UP, integration=integration)
    return found[-1].value if found else None


async def test_a_caller_is_looked_up_as_an_agent_would(inlet: RecordingInlet) -> None:
    """Log in, look up, open: each operation is timed by phases, the screen pop from look-up to record."""
    crm = Crm()
    crm.mode = "slow"
    async with serving(crm) as url, running(made(crm_transaction(url)), inlet):
        await inlet.until(lambda kept: bool(kept.of("golive_screen_pop_seconds")))
    assert value(inlet, "crm") == 1
    assert crm.asked[:3] == ["login", "lookup +351210000000", "record c/7"]
    assert inlet.of("golive_screen_pop_seconds")[0].value >= 0.3
    assert inlet.of("golive_screen_pop_success_ratio")[0].value == 1
    operations = {dict(s.labels)["operation"] for s in inlet.of("golive_integration_request_seconds")}
    assert operations == {"login", "lookup", "record"}
    phases = {dict(s.labels)["phase"] for s in inlet.of("golive_integration_phase_seconds", operation="lookup")}
    assert phases == {"dns", "connect", "first_byte", "body"}
    assert inlet.of("golive_integration_error_ratio")[0].value == 0


@pytest.mark.parametrize(
    ("mode", "outcome"), [("missing", "json"), ("broken", "json"), ("down", "status"), ("ok", "ok")]
)
async def test_what_is_wrong_is_told_by_its_word(inlet: RecordingInlet, mode: str, outcome: str) -> None:
    """No such record, an error page with status 200, a refusal: the look-up fails by its own outcome, the next is not tried."""
    crm = Crm()
    crm.mode = mode
    async with serving(crm) as url, running(made(crm_transaction(url)), inlet):
        await inlet.until(lambda kept: bool(kept.of("golive_screen_pop_success_ratio")))
    assert value(inlet, "crm") == float(outcome == "ok")
    assert inlet.of("golive_integration_requests_total", operation="lookup", outcome=outcome)
    assert bool(inlet.of("golive_screen_pop_seconds")) == (outcome == "ok")
    assert any(word.startswith("record") for word in crm.asked) == (outcome == "ok")


async def test_what_was_made_is_cleaned_up_whatever_happens(inlet: RecordingInlet) -> None:
    """A ticket whose update fails is deleted all the same, and each has a subject of its own."""
    crm = Crm()
    crm.mode = "down"
    async with serving(crm) as url, running(made(ticket_transaction(url)), inlet):
        await inlet.until(lambda kept: crm.asked.count("delete") >= 2 and value(kept, "ticketing") == 0)
    assert crm.asked[:3] == ["create", "update", "delete"]
    assert crm.tickets == {} or len(crm.tickets) == 1
    assert inlet.of("golive_integration_requests_total", operation="delete", outcome="ok")


async def test_secrets_and_what_was_taken_are_never_shown(inlet: RecordingInlet) -> None:
    """Neither the secret, nor the token, nor the caller's number is in a label, a line or a refusal."""
    crm = Crm()
    async with serving(crm) as url:
        wrong = crm_transaction(url)
        wrong["requests"][2]["expect"] = {"json": {"phone": "another"}, "headers": {"X-None": "a"}}
        async with running(made(wrong), inlet):
            await inlet.until(lambda kept: value(kept, "crm") == 0)
    shown = repr(inlet.bound) + repr(inlet.health) + repr(inlet.raw)
    assert not any(hidden in shown for hidden in ("s3cret", KEY, "351210000000"))


async def test_a_missing_secret_is_unknown_and_others_go_on(inlet: RecordingInlet, tmp_path: Path) -> None:
    """Without its secret a transaction is in error, not down; when the secret is there it works without a restart."""
    crm = Crm()
    (tmp_path / "crm.secret").unlink()
    async with serving(crm) as url, running(made(crm_transaction(url), simple("kb", f"{url}/plain")), inlet):
        await inlet.until(lambda kept: any(kind == "error" for _, _, kind in kept.blanks))
        await inlet.until(lambda kept: value(kept, "kb") == 1)
        assert value(inlet, "crm") is None
        assert "crm.secret" in str(inlet.health)
        (tmp_path / "crm.secret").write_text("s3cret")
        (tmp_path / "crm.secret").chmod(0o600)
        await inlet.until(lambda kept: value(kept, "crm") == 1)


@pytest.mark.parametrize(
    ("path", "follow", "outcome"),
    [
        ("/moved", True, "ok"),
        ("/moved", False, "status"),
        ("/away", True, "redirect"),
        ("/loop", True, "redirect"),
    ],
)
async def test_redirects_stay_where_they_are_allowed(
    inlet: RecordingInlet, path: str, follow: bool, outcome: str
) -> None:
    """Followed on the same host and there alone; to a metadata address never, and not in circles."""
    async with serving(Crm()) as url, running(made(simple("kb", url + path, follow=follow)), inlet):
        await inlet.until(lambda kept: bool(kept.of("golive_integration_requests_total", outcome=outcome)))


async def test_a_starved_monitor_accuses_nobody(inlet: RecordingInlet, monkeypatch) -> None:
    """While this process stands still a failure reads unknown, and no time is taken down."""
    monkeypatch.setattr("collectors.http.collector.Pulse.steady_since", lambda *_: False)
    async with running(made(simple("erp", f"http://127.0.0.1:{free_port()}/")), inlet):
        await inlet.until(lambda kept: any(kind == "error" for _, _, kind in kept.blanks))
    assert value(inlet, "erp") is None
    assert inlet.of("golive_integration_phase_seconds") == []


async def test_fifty_dead_targets_delay_no_live_one(inlet: RecordingInlet) -> None:
    """Ten living among fifty that never answer are asked in every round."""
    async with AsyncExitStack() as stack:
        dead = await stack.enter_async_context(faults.serving(faults.silent))
        live = await stack.enter_async_context(serving(Crm()))
        transactions = [simple(f"dead-{n}", f"http://127.0.0.1:{dead}/") for n in range(50)]
        transactions += [simple(f"live-{n}", f"{live}/plain") for n in range(10)]
        begun = time.monotonic()
        async with running(made(*transactions, every=0.5, timeout=0.4), inlet):
            await inlet.until(lambda kept: len(kept.of(UP, integration="live-9")) >= 6)
        rounds = int((time.monotonic() - begun) / 0.5)
    for n in range(10):
        heard = inlet.of(UP, integration=f"live-{n}")
        assert {sample.value for sample in heard} == {1.0}
        assert len(heard) >= min(rounds, 6) - 1
    assert {sample.value for n in range(50) for sample in inlet.of(UP, integration=f"dead-{n}")} == {0.0}


@pytest.mark.real
async def test_the_blackbox_exporter_agrees(inlet: RecordingInlet, tmp_path: Path) -> None:
    """Side by side with Prometheus' own prober: the same targets are up, and the same are down."""
    config = tmp_path / "blackbox.yml"
    config.write_text(
        "modules: {web: {prober: http, timeout: 1s, http: {preferred_ip_protocol: ip4, follow_redirects: false}}}"
    )
    port = free_port()
    log = await asyncio.to_thread((tmp_path / "blackbox.log").open, "wb")
    exporter = await asyncio.create_subprocess_exec(
        program("prometheus-blackbox-exporter"),
        f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=log,
    )
    try:
        async with AsyncExitStack() as stack:
            crm = Crm()
            url = await stack.enter_async_context(serving(crm))
            ports: dict[str, Callable[..., Any]] = {
                "cut": faults.reset,
                "silent": faults.silent,
                "short": faults.says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
                "nonsense": faults.says(b"nonsense"),
                "unavailable": faults.says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
                "sound": faults.says(faults.OK),
            }
            targets = {"page": f"{url}/plain", "moved": f"{url}/moved", "closed": f"http://127.0.0.1:{free_port()}/"}
            for name, serve in ports.items():
                targets[name] = f"http://127.0.0.1:{await stack.enter_async_context(faults.serving(serve))}/"
            ours = made(*(simple(name, target) for name, target in targets.items()), timeout=1, every=1)
            async with running(ours, inlet):
                await inlet.until(lambda kept: all(kept.of(UP, integration=name) for name in targets))
            theirs = {name: await _blackbox(port, target) for name, target in targets.items()}
        assert {name: value(inlet, name) for name in targets} == theirs
    finally:
        exporter.terminate()
        await exporter.wait()
        log.close()


async def _blackbox(port: int, target: str) -> float:
    """probe_success of a target."""
    params = {"target": target, "module": "web"}
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            try:
                async with session.get(f"http://127.0.0.1:{port}/probe", params=params) as answer:
                    lines = (await answer.text()).splitlines()
                    return float(next(line for line in lines if line.startswith("probe_success ")).split()[1])
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.1)
    pytest.fail("the blackbox exporter did not start")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"integration": "A b"}, "small letters"),
        ({"requests": []}, "no requests"),
        ({"requests": [{"operation": "x", "url": "http://h/{unknown}"}]}, "there is no"),
        ({"requests": [{"operation": "x", "url": "http://{a}/"}], "values": {"a": "h"}}, "host"),
        ({"requests": [{"operation": "x", "url": "file:///etc/passwd"}]}, "only http"),
        ({"requests": [{"operation": "x", "url": "http://h/", "expect": {"status": ["20"]}}]}, "neither"),
        ({"requests": [{"operation": "x", "url": "http://h/", "expect": {"body": "("}}]}, "regular expression"),
        ({"requests": [{"operation": "x", "url": "http://h/", "take": {"a": "b..c"}}]}, "no path"),
        ({"requests": [{"operation": "x", "url": "http://h/", "json": {}, "form": {"a": "b"}}]}, "exclude"),
        ({"requests": [{"operation": "x", "url": "http://h/"}] * 2}, "two operations"),
        ({"values": {"now": "x"}}, "cannot be"),
    ],
)
def test_a_transaction_that_makes_no_sense_is_refused(wrong: dict[str, Any], word: str) -> None:
    """What would fail at three in the morning is found by `golive check`, in words."""
    plain = {"integration": "crm", "requests": [{"operation": "x", "url": "http://h/"}]}
    with pytest.raises(msgspec.ValidationError, match=word):
        made({**plain, **wrong})


def test_two_transactions_for_one_system_are_refused() -> None:
    """Their numbers would be one, and neither true."""
    with pytest.raises(msgspec.ValidationError, match="two transactions"):
        made(simple("crm", "http://h/"), simple("crm", "http://h/2"))


@given(JSON, JSON)
def test_what_is_expected_of_an_answer_never_raises(found, wanted) -> None:
    """Any two JSON values can be compared; a value always fits itself."""
    assert isinstance(differs(found, wanted), str)
    assert differs(found, found) == ""


@given(st.text(max_size=20), JSON)
def test_a_path_is_read_or_refused(path: str, data) -> None:
    """Whatever is written, it is a place or a PathError."""
    with contextlib.suppress(PathError):
        assert steps(path)
        at(data, path)


def test_places_are_found() -> None:
    """Names and numbers lead into objects and lists; where the way ends is said."""
    data = {"contacts": [{"id": 7}]}
    assert at(data, "contacts[0].id") == 7
    with pytest.raises(PathError, match=r"contacts\[1\] is not there"):
        at(data, "contacts[1].id")
    assert differs({"a": True}, {"a": 1}) == "a is True, expected 1"
    assert differs({"a": [1, 2]}, {"a": [1]}) == ""
    assert differs({"a": [1]}, {"a": [1, 2]}).startswith("a is no list")
