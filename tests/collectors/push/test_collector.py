"""Samples posted to a collector: what is taken, what is refused, what the sender is told."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Self

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.push.collector import Push, Taken
from monitor.documents.loading import load_text
from monitor.intake.postbox import Postbox, Receipt
from monitor.intake.record import RecordError
from monitor.intake.source import Misconfigured
from tests.rig.inlet import RecordingInlet

TOKEN = "t" * 40
FOLDER = Path(__file__).parents[3] / "collectors" / "push"


class Running:
    """A collector that runs, and what it was given."""

    def __init__(self, tmp_path: Path, commit_error: Exception | None = None, **more) -> None:
        secret = tmp_path / "token"
        secret.write_text(more.pop("secret", TOKEN) + "\n")
        secret.chmod(0o600)
        self.inlet = RecordingInlet(base=tmp_path, commit_error=commit_error)
        config = {"name": "board", "kind": "push", "every": 10, "token": {"file": "token"}, **more}
        self.push = msgspec.convert(config, Push)
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.push.run(self.inlet))
        await self.inlet.until(lambda inlet: bool(inlet.health))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def post(self, *samples: object, raw: bytes | None = None) -> tuple[Receipt, Taken]:
        """Post samples, or raw bytes."""
        body = raw if raw is not None else msgspec.json.encode(samples[0] if len(samples) == 1 else list(samples))
        receipt = await self.push.take(body, {}, time.time())
        assert isinstance(receipt.answer, Taken)
        return receipt, receipt.answer


def waiting(value: object = 7, **more: object) -> dict[str, object]:
    """A native sample."""
    return {
        "metric": "golive_queue_contacts_waiting",
        "value": value,
        "at": time.time(),
        "labels": {"queue": "sales"},
        **more,
    }


async def test_one_sample_or_many_are_taken_with_the_collectors_labels(tmp_path: Path) -> None:
    """An object and an array both come in, with default and fixed labels put in."""
    async with Running(tmp_path, labels={"site": "porto"}, fixed={"platform": "legacy"}) as running:
        receipt, answer = await running.post(waiting())
        assert (receipt.status, answer.taken) == (200, 1)
        receipt, answer = await running.post(waiting(8), waiting(9))
        assert (receipt.status, answer.taken) == (200, 2)
        labels = (("platform", "legacy"), ("queue", "sales"), ("site", "porto"))
        assert {sample.labels for sample in running.inlet.samples} == {labels}
        assert running.inlet.commits == 2


async def test_a_token_for_one_platform_cannot_speak_for_the_other(tmp_path: Path) -> None:
    """A sample that contradicts a fixed label is refused as foreign; the others of the post are taken."""
    async with Running(tmp_path, fixed={"platform": "legacy"}) as running:
        lie = waiting(labels={"platform": "target", "queue": "sales"})
        receipt, answer = await running.post(lie, waiting())
        assert (receipt.status, answer.taken, answer.refused) == (200, 1, {"foreign": 1})


async def test_a_post_sent_twice_counts_once(tmp_path: Path) -> None:
    """With source and seq a repeat is told to be one, and is still a success to its sender."""
    async with Running(tmp_path) as running:
        sample = waiting(source="cron", seq=1)
        await running.post(sample)
        receipt, answer = await running.post(sample)
        assert (receipt.status, answer.taken, answer.repeated) == (200, 0, 1)
        assert len(running.inlet.samples) == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"[" * 200_000, "malformed"),
        (b'{"metric": "golive_queue_contacts_waiting", "value": 1}', "no_time"),
        (b'{"metric": "golive_queue_contacts_waiting", "value": "1", "at": 1}', "wrong_type"),
        (b'{"metric": "golive_queue_contacts_waiting", "value": NaN, "at": 1}', "malformed"),
        (b'{"metric": "golive_queue_contacts_waiting", "value": 1, "at": 1, "labels": {"call_id": "x"}}', "wrong_type"),
        (b"\xff\xfe", "malformed"),
    ],
)
async def test_a_post_without_a_usable_sample_is_told_why(tmp_path: Path, raw: bytes, reason: str) -> None:
    """The sender gets 422 with the reason and a hint, and the next post is taken."""
    async with Running(tmp_path) as running:
        receipt, answer = await running.post(raw=raw)
        assert (receipt.status, answer.refused) == (422, {reason: 1})
        assert answer.hint
        receipt, answer = await running.post(waiting())
        assert receipt.status == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(body=st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.floats() | st.text(), st.lists).map(str)))
def test_no_body_ever_raises(tmp_path: Path, body) -> None:
    """Whatever is posted, there is an answer."""

    async def play() -> None:
        async with Running(tmp_path) as running:
            receipt, _ = await running.post(raw=body if isinstance(body, bytes) else body.encode(errors="replace"))
            assert receipt.status in (200, 422)

    asyncio.run(play())


async def test_over_its_rate_a_sender_is_told_how_long_to_wait(tmp_path: Path) -> None:
    """One post may overdraw the account; the next one is answered 429 with the seconds, and nothing of it is read."""
    async with Running(tmp_path, rate=10) as running:
        receipt, answer = await running.post(*[waiting(n) for n in range(200)])
        assert (receipt.status, answer.taken) == (200, 200)
        receipt, answer = await running.post(waiting())
        assert receipt.status == 429
        assert 5 < receipt.retry_after <= 10
        assert len(running.inlet.samples) == 200


async def test_what_is_not_on_disk_is_not_acknowledged(tmp_path: Path) -> None:
    """When the record cannot be written the sender is asked to send it again."""
    async with Running(tmp_path, RecordError("disk full")) as running:
        receipt, answer = await running.post(waiting())
        assert receipt.status == 503
        assert "disk full" in answer.hint


async def test_only_the_right_token_is_admitted_and_only_while_it_runs(tmp_path: Path) -> None:
    """Neither another token nor another scheme opens it; a stopped collector admits nobody."""
    async with Running(tmp_path) as running:
        admits = running.push.admits
        assert admits({"Authorization": f"Bearer {TOKEN}"})
        assert admits({"Authorization": f"bearer  {TOKEN}"})
        for wrong in ("", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer \udcff"):
            assert not admits({"Authorization": wrong})
        assert running.push.open
    assert not running.push.admits({"Authorization": f"Bearer {TOKEN}"})
    assert (await running.push.take(b"{}", {}, 1.0)).status == 503


@pytest.mark.parametrize(("secret", "word"), [("short", "guessed"), ("", "empty")])
async def test_a_token_that_could_be_guessed_is_a_persons_business(tmp_path: Path, secret: str, word: str) -> None:
    """A short or empty token never opens a door; the collector fails and says why."""
    running = Running(tmp_path, secret=secret)
    with pytest.raises(Misconfigured, match=word):
        await running.push.run(running.inlet)
    assert not running.push.open


@pytest.mark.parametrize(
    "wrong", [{"rate": 0}, {"labels": {"call_id": "x"}}, {"labels": {"site": "a"}, "fixed": {"site": "b"}}]
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """A rate of nothing, endless labels and a label said twice are found by `golive check`."""
    config = {"name": "board", "kind": "push", "every": 10, "token": {"env": "X"}, **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(config, Push)


def test_the_readme_shows_the_very_sample_and_names_every_field() -> None:
    """What the manual shows is what the program loads."""
    readme, sample = (FOLDER / "README.md").read_text(), (FOLDER / "sample.yaml").read_text()
    assert sample in readme
    loaded = load_text(sample, "sample.yaml", list[Push])
    assert loaded.findings == ()
    assert loaded.value is not None
    assert isinstance(loaded.value[0], Postbox)
    for field in Push.__struct_fields__:
        assert field in {"name", "delay", "independence"} or f"`{field}`" in readme
