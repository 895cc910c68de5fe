"""Steps that reach people: messages over golive's channels, and a person's word with what backs it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.daemon.messenger import Messenger
from monitor.notify.channels import Webhook
from monitor.plan import Cutover
from monitor.serving.acts import Refusal
from runbooks.actions.manual import Manual
from runbooks.actions.notify import Notify
from runbooks.conduct import perform
from runbooks.context import Context
from runbooks.outlets import Outlets
from runbooks.runner import Runner
from runbooks.setting import Setting
from tests.monitor.deciding.world import BEN
from tests.monitor.notify.receiver import receiving
from tests.rig.mosquitto import free_port
from tests.runbooks.rollback import Rollback, runbook

VALUES = {"queue": "sales", "decision": "d1", "run": "r1", "step": "tell"}
CUTOVER = Cutover(name="retail", environment="PROD")


def tell(**more: Any) -> Notify:
    fields = {"name": "tell", "effect": "keyed", "text": "Calls of {queue} go back to legacy", "severity": "warning"}
    return Notify(**{**fields, **more})


def channel(port: int, name: str = "ops") -> Webhook:
    return Webhook(name=name, url=f"http://127.0.0.1:{port}/hook", allow_loopback=True, timeout=0.5)


def context(*channels: Webhook) -> Context:
    messenger = Messenger(channels, CUTOVER, Path(), lambda: 1_795_294_546.0)
    return Context(values=VALUES, outlets=Outlets(teller=messenger))


async def test_a_message_that_a_channel_took_is_done() -> None:
    """People read the text with its severity and place; a second try carries the same id."""
    async with receiving() as receiver:
        here = context(channel(receiver.port), channel(free_port(), "spare"))
        outcome = await perform(tell(), here)
        assert outcome.kind == "done"
        assert outcome.detail.startswith("taken by ops; not by spare: no connection to 127.0.0.1")
        assert tell().request_text(here) == "tell every channel (warning): Calls of sales go back to legacy"
        await perform(tell(channels=("ops",)), here)
        first, second = (got.message for got in receiver.got)
        assert first.id == second.id == "retail-d1/tell"
        assert (first.severity, first.summary) == ("warning", "WARN PROD Calls of sales go back to legacy")
        assert (first.event, first.object, first.environment, first.cutover) == ("runbook", "run/r1", "PROD", "retail")


@pytest.mark.parametrize(
    ("manner", "kind", "sent", "words"),
    [
        ("refuses", "failed", True, "the receiver refuses it: 403"),
        ("fails", "failed", True, "the receiver answered 503"),
        ("hangs", "unknown", True, "no answer within 0.5 s"),
        ("away", "failed", False, "no connection to"),
        ("none", "failed", False, "there is no channel any"),
        ("other", "failed", False, "there is no channel pager"),
    ],
)
async def test_a_message_that_nobody_took_is_not_done(manner: str, kind: str, sent: bool, words: str) -> None:
    """Refused, silent, not there, not configured: told as it is; silence is unknown."""
    async with receiving() as receiver:
        receiver.answers = [({"refuses": 403, "fails": 503}.get(manner, 204), {})]
        receiver.hang = manner == "hangs"
        port = free_port() if manner == "away" else receiver.port
        here = context() if manner == "none" else context(channel(port))
        outcome = await perform(tell(channels=("pager",)) if manner == "other" else tell(), here)
        assert (outcome.kind, outcome.sent) == (kind, sent)
        assert words in outcome.detail


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"text": " "}, "says nothing"),
        ({"text": "x" * 1001}, "longer than"),
        ({"effect": "checked"}, "cannot be looked for"),
    ],
)
def test_a_message_that_cannot_be_is_found_beforehand(more: dict[str, Any], words: str) -> None:
    """`golive check` says so."""
    found = list(tell(**more).mistakes(Setting(values=VALUES)))
    assert any(words in mistake.what for mistake in found)


def floor(**more: Any) -> Manual:
    return Manual(**{"name": "floor", "effect": "once", "instructions": "tell {queue}", **more})


@pytest.mark.parametrize(
    ("said", "lacking"),
    [
        ("LEGACY sales: carrier ticket 4711", ""),
        ("LEGACY sales, Maria at the carrier said so", ""),
        ("LEGACY sales", "say with it: ticket of the carrier"),
        ("LEGACY sales: ok", "say with it: ticket of the carrier"),
        ("LEGACY salesforce carrier ticket 4711", "begin with the word LEGACY sales"),
        ("legacy sales: carrier ticket 4711", "begin with the word LEGACY sales"),
        ("", "begin with the word LEGACY sales"),
    ],
)
def test_a_word_by_accident_or_without_evidence_is_no_answer(said: str, lacking: str) -> None:
    """Who confirms types the word and says what backs it."""
    step = floor(confirm="type:LEGACY {queue}", evidence="ticket of the carrier")
    found = step.lacks(said, Context(values=VALUES))
    assert lacking in found
    assert bool(found) == bool(lacking)
    shown = step.request_text(Context(values=VALUES))
    assert shown == "tell sales [to confirm, begin with: LEGACY sales] [evidence: ticket of the carrier]"
    assert floor().lacks(said, Context(values=VALUES)) == ""


@pytest.mark.parametrize("confirm", ["LEGACY", "type:", "type: ", "press:Y"])
def test_a_confirmation_that_cannot_be_typed_is_refused(confirm: str) -> None:
    """A mistake in `confirm` is found when the runbook is loaded."""
    with pytest.raises(ValueError, match="type:WORD"):
        floor(confirm=confirm)


TEXT = """
name: line
title: A person's word
verify: [legacy_share >= 0.95]
verify_hold: 0s
steps:
  - {name: floor, action: manual, effect: once, instructions: call the carrier, confirm: "type:LEGACY", evidence: ticket}
"""


async def test_the_evidence_of_an_answer_stands_in_the_journal(tmp_path: Path) -> None:
    """An answer that lacks the word or the evidence is refused and changes nothing; the good one is kept whole."""
    async with Rollback(tmp_path, runbook(TEXT)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        (asked,) = world.desk.waiting_rows()
        assert asked.detail == "call the carrier [to confirm, begin with: LEGACY] [evidence: ticket]"
        for reason in ("", "done", "LEGACY"):
            with pytest.raises(Refusal) as refused:
                await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", reason)
            assert refused.value.status == 400
        assert world.step("floor").state == "waiting"
        evidence = "LEGACY: ticket 4711, Maria at the carrier, " + "seen on her screen " * 15
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "done", evidence)
        await world.reaches("rolled_back")
        lines = [line.what for line in await world.journal.entries(kind="step")]
        assert any(evidence.strip() in line for line in lines)
        assert world.step("floor").outcome.startswith("done, says ben: LEGACY: ticket 4711")


async def test_that_it_was_not_done_needs_no_word(tmp_path: Path) -> None:
    """Bad news is taken as it comes."""
    async with Rollback(tmp_path, runbook(TEXT)) as world:
        await world.sign()
        await world.until(lambda: bool(world.desk.run_rows()) and world.step("floor").state == "waiting")
        await world.desk.act_on_step(BEN, world.run.id, "floor", "resolve", "not_done", "nobody answers there")
        await world.reaches("paused")
        assert "nobody answers there" in world.step("floor").outcome


async def test_a_run_tells_people_through_the_daemons_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the runner was given reaches every step of every run."""
    from tests.runbooks import rollback as module

    async with receiving() as receiver:
        messenger = Messenger((channel(receiver.port),), CUTOVER, tmp_path, lambda: 1.0)
        real = Runner
        monkeypatch.setattr(module, "Runner", partial(real, outlets=Outlets(teller=messenger)))
        text = (
            TEXT.partition("steps:")[0] + "steps:\n  - {name: tell, action: notify, effect: once, text: going back}\n"
        )
        async with Rollback(tmp_path, runbook(text)) as world:
            await world.sign()
            await world.reaches("rolled_back")
            assert world.step("tell").outcome.startswith("taken by ops")
        assert [got.message.details["text"] for got in receiver.got] == ["going back"]
