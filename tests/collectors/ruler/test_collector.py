"""Messages of a ruler's Alertmanager: what is believed, what is refused, what the sender is told."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.ruler.collector import Heard, Ruler
from collectors.ruler.webhook import Malformed, Refused, Said, read
from monitor.intake.postbox import AlertBox, Judging, Postbox, Receipt
from monitor.intake.record import RecordError
from monitor.intake.source import Misconfigured
from tests.collectors.ruler.messages import EDITION, alert, message
from tests.rig.inlet import RecordingInlet

TOKEN = "t" * 40
RULES = frozenset({"loss_target"})


class Running:
    """A collector that runs, and what it was given."""

    def __init__(self, tmp_path: Path, commit_error: Exception | None = None, **more: Any) -> None:
        secret = tmp_path / "token"
        secret.write_text(more.pop("secret", TOKEN) + "\n")
        secret.chmod(0o600)
        self.inlet = RecordingInlet(base=tmp_path, commit_error=commit_error)
        config = {
            "name": "mimir",
            "kind": "ruler",
            "every": 10,
            "token": {"file": "token"},
            "rules": ["loss_target"],
            **more,
        }
        self.ruler = msgspec.convert(config, Ruler)
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.ruler.run(self.inlet))
        await self.inlet.until(lambda inlet: bool(inlet.health))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def post(self, *alerts: dict[str, Any], raw: bytes | None = None) -> tuple[Receipt, Heard]:
        """Post alerts, or raw bytes."""
        receipt = await self.ruler.take(raw if raw is not None else message(*alerts), {}, time.time())
        assert isinstance(receipt.answer, Heard)
        return receipt, receipt.answer


async def test_a_breach_and_a_measured_group_become_estimates_with_their_times(tmp_path: Path) -> None:
    """What the ruler said of each group is there in the rule's unit, under the rule's name and edition, at its own time."""
    async with Running(tmp_path) as running:
        now = round(time.time(), 3)
        receipt, answer = await running.post(
            alert(at=now), alert(golive="measured", trunk="t2", value="0.004", at=now - 1)
        )
        assert (receipt.status, answer.taken) == (200, 2)
        heard = {dict(s.labels)["trunk"]: (s.metric, s.value, s.at) for s in running.inlet.samples}
        assert heard == {
            "t1": ("golive_ruled_ratio", 0.02, now),
            "t2": ("golive_ruled_ratio", 0.004, now - 1),
        }
        assert all(dict(s.labels)["edition"] == EDITION for s in running.inlet.samples)
        assert running.inlet.commits == 1


async def test_an_alert_that_is_over_clears_nothing(tmp_path: Path) -> None:
    """Its samples may only have ended: nothing is emitted, and the sender is content."""
    async with Running(tmp_path) as running:
        receipt, answer = await running.post(alert(status="resolved"))
        assert (receipt.status, answer.taken, answer.unread) == (200, 0, 1)
        assert running.inlet.samples == []
        assert running.inlet.blanks == []


async def test_a_replayed_message_changes_nothing(tmp_path: Path) -> None:
    """An old breach that is sent again after a newer good estimate is counted as repeated, and so is an old good one."""
    async with Running(tmp_path) as running:
        now = time.time()
        breach, good = alert(at=now - 3), alert(golive="measured", value="0.001", at=now - 2)
        await running.post(breach)
        await running.post(good)
        for old in (breach, good):
            receipt, answer = await running.post(old)
            assert (receipt.status, answer.taken, answer.repeated) == (200, 0, 1)
        assert [sample.value for sample in running.inlet.samples] == [0.02, 0.001]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"rule": "other_rule"}, "foreign"),
        ({"at": time.time() + 86400}, "future"),
        ({"value": "NaN"}, "wrong_type"),
        ({"value": "+Inf"}, "wrong_type"),
        ({"value": "9" * 4000}, "wrong_type"),
        ({"limit": "high"}, "wrong_type"),
        ({"unit": "parsecs"}, "wrong_type"),
        ({"edition": "later"}, "wrong_type"),
        ({"by": "trunk,Bad Label"}, "wrong_type"),
        ({"status": "pending"}, "wrong_type"),
        ({"operator": "!="}, "contradiction"),
        ({"golive": "measured"}, "contradiction"),
    ],
)
async def test_an_alert_that_cannot_be_believed_is_refused_by_its_reason(
    tmp_path: Path, more: dict[str, Any], reason: str
) -> None:
    """The sender gets 422 with the reason, it is counted, and no estimate is made of it."""
    async with Running(tmp_path) as running:
        receipt, answer = await running.post(alert(**more))
        assert (receipt.status, answer.refused) == (422, {reason: 1})
        assert answer.hint
        assert running.inlet.samples == []
        assert running.inlet.refused[reason] == 1


async def test_an_alert_without_its_time_is_refused(tmp_path: Path) -> None:
    """Alertmanager's message has no time of its own, so one without could be of any age."""
    async with Running(tmp_path) as running:
        undated = alert()
        del undated["annotations"]["at"]
        _, answer = await running.post(undated)
        assert answer.refused == {"no_time": 1}


async def test_what_alertmanager_left_out_is_counted(tmp_path: Path) -> None:
    """A message that was cut short is not taken for a whole one."""
    async with Running(tmp_path) as running:
        _, answer = await running.post(raw=message(alert(), truncatedAlerts=3))
        assert (answer.taken, answer.refused) == (1, {"truncated": 3})


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff\xfe", message(version="3"), b"[" * 200_000, b'{"version":"4"}']
)
async def test_a_body_that_is_no_message_is_told_and_the_next_one_is_heard(tmp_path: Path, raw: bytes) -> None:
    """422 without an exception, counted as malformed, and a sound message afterwards is taken."""
    async with Running(tmp_path) as running:
        receipt, answer = await running.post(raw=raw)
        assert (receipt.status, answer.refused) == (422, {"malformed": 1})
        receipt, _ = await running.post(alert())
        assert receipt.status == 200


async def test_a_flood_is_answered_with_the_time_to_wait(tmp_path: Path) -> None:
    """Over its rate a message is not read at all, and Alertmanager is asked to send it again."""
    async with Running(tmp_path, rate=1) as running:
        await running.post(*[alert(trunk=f"t{n}") for n in range(20)])
        receipt, answer = await running.post(alert(trunk="late"))
        assert receipt.status == 429
        assert receipt.retry_after > 0
        assert answer.taken == 0


async def test_what_is_not_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    """503 when the record fails, so that Alertmanager keeps the message."""
    async with Running(tmp_path, commit_error=RecordError("disk full")) as running:
        receipt, answer = await running.post(alert())
        assert receipt.status == 503
        assert "disk full" in answer.hint


async def test_only_its_own_token_opens_it(tmp_path: Path) -> None:
    """Another token, none, or another scheme is not admitted; nor is anything once it has stopped."""
    async with Running(tmp_path) as running:
        assert running.ruler.admits({"Authorization": f"Bearer {TOKEN}"})
        for wrong in ({}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": f"Bearer {TOKEN}x"}):
            assert not running.ruler.admits(wrong)
        assert isinstance(running.ruler, Postbox)
        assert isinstance(running.ruler, AlertBox)
        assert isinstance(running.ruler, Judging)
    assert not running.ruler.admits({"Authorization": f"Bearer {TOKEN}"})
    assert (await running.ruler.take(message(alert()), {}, time.time())).status == 503


async def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    """Somebody who guesses it could speak for the ruler."""
    with pytest.raises(Misconfigured, match="guessed"):
        await Running(tmp_path, secret="short").ruler.run(RecordingInlet(base=tmp_path))  # noqa: S106 - the mistake itself


@pytest.mark.parametrize("operator", [">", ">=", "<", "<="])
@given(value=st.floats(-1e9, 1e9), limit=st.floats(-1e9, 1e9))
@settings(max_examples=100, deadline=None)
def test_what_is_said_to_be_a_breach_is_past_the_limit_and_what_is_measured_is_not(
    operator: str, value: float, limit: float
) -> None:
    """golive judges the estimate by the rule's limit, and never comes to the opposite of what the ruler said."""
    past = {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[operator]
    common = {"value": repr(value), "limit": repr(limit), "operator": operator, "at": 1000.0}
    breach, measured = read(message(alert(**common), alert(golive="measured", **common)), RULES, 1000.0)
    assert isinstance(breach, Said)
    told = breach.value
    assert {">": told > limit, ">=": told >= limit, "<": told < limit, "<=": told <= limit}[operator]
    if past:
        assert told == value
        assert measured == Refused("contradiction")
    else:
        assert isinstance(measured, Said)
        assert measured.value == value


_TEXT = st.text(max_size=40)


@given(
    labels=st.dictionaries(
        st.sampled_from(["golive", "rule", "trunk"]) | _TEXT,
        st.sampled_from(["breach", "measured", "loss_target"]) | _TEXT,
        max_size=6,
    ),
    notes=st.dictionaries(
        st.sampled_from(["at", "value", "limit", "operator", "unit", "by", "edition"]) | _TEXT,
        st.sampled_from(["1", "ratio", ">=", "trunk", EDITION, "-1e308"]) | _TEXT,
        max_size=9,
    ),
    status=st.sampled_from(["firing", "resolved"]) | _TEXT,
)
@settings(max_examples=300, deadline=None)
def test_no_alert_whatever_it_holds_raises_or_says_what_cannot_be(labels: dict, notes: dict, status: str) -> None:
    """A hostile alert is refused or passed over; what is said is finite, of a named rule, and not from the future."""
    body = msgspec.json.encode({"version": "4", "alerts": [{"status": status, "labels": labels, "annotations": notes}]})
    for item in read(body, RULES, 1000.0):
        if isinstance(item, Said):
            assert dict(item.labels)["rule"] == "loss_target"
            assert math.isfinite(item.value)
            assert item.at <= 1005.0
            assert status == "firing"


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_body_raises_anything_but_malformed(body: bytes) -> None:
    """Whatever is posted is a message or is said to be none."""
    with contextlib.suppress(Malformed):
        list(read(body, RULES, 1000.0))
