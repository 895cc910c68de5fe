"""Acknowledgements over HTTP: only what the channel's door takes, bounded, and guesses are slowed down."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from monitor.intake.postbox import Receipt
from tests.monitor.serving.desk import House, opened


class Door:
    """A door that takes what says `please`."""

    name = "pd"

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        assert received > 0
        if headers.get("X-Signed") != "yes":
            return Receipt(status=401, answer={"error": "no signature fits"})
        self.taken.append(body)
        return Receipt(status=200, answer={"text": "acknowledged"})


@pytest.fixture
def door() -> Door:
    """One door."""
    return Door()


@pytest.fixture
async def answered(tmp_path: Path, door: Door) -> AsyncIterator[House]:
    """A web server with it."""
    async with opened(tmp_path, callbacks=[door]) as house:
        yield house


async def test_a_signed_post_is_handed_over_without_a_token(answered, door) -> None:
    """The service's signature is the token."""
    reply = await answered.ask("POST", "/api/v1/acks/pd", data=b"x", headers={"X-Signed": "yes"})
    assert (reply.status, reply.json) == (200, {"text": "acknowledged"})
    assert door.taken == [b"x"]


async def test_ten_megabytes_are_refused(answered, door) -> None:
    """A body beyond the limit never reaches the door."""
    reply = await answered.ask(
        "POST", "/api/v1/acks/pd", data=io.BytesIO(b"x" * 10_000_000), headers={"X-Signed": "yes"}
    )
    assert reply.status == 413
    assert door.taken == []


async def test_forged_posts_are_refused_noted_and_slowed_down(answered, door) -> None:
    """401 at first, then 429; each of the first is told to the journal."""
    statuses = [(await answered.ask("POST", "/api/v1/acks/pd", data=b"x")).status for _ in range(40)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert answered.denials[0].why == "not the service's signature"
    assert door.taken == []


async def test_channels_without_acknowledgements_have_no_door(answered) -> None:
    """An unknown channel is 404, and the interface's description names the route."""
    assert (await answered.ask("POST", "/api/v1/acks/other", data=b"x")).status == 404
    assert "/api/v1/acks/{channel}" in (await answered.ask("GET", "/api/openapi.json")).json["paths"]
