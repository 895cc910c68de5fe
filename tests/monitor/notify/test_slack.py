"""What Slack gets: plain text that nothing in it can steer, configured links, a button that acknowledges."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.notify.channels import Acks, Slack
from monitor.notify.delivery import deliver
from monitor.notify.slack import payload
from monitor.secrets import SecretRef
from tests.monitor.notify.receiver import NOW, message, receiving

HOSTILE = "CRIT PROD <!channel> <@U1> <https://evil.example|click> & @here *x* _y_ `z`"


def test_the_golden_payload():
    """Mentions and links in outside text stay letters: plain_text is not parsed, the fallback line is escaped."""
    hostile = msgspec.structs.replace(
        message(1),
        summary=HOSTILE,
        body="line <!here>\nline 2",
        status="firing",
        event="alert",
        links={"Board": "https://golive.example/?a=1"},
    )
    assert payload(hostile, button=True) == {
        "text": "CRIT PROD &lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|click&gt; &amp; @here *x* _y_ `z`",
        "link_names": False,
        "parse": "none",
        "unfurl_links": False,
        "blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": HOSTILE, "emoji": False}},
            {"type": "section", "text": {"type": "plain_text", "text": "line <!here>\nline 2", "emoji": False}},
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "<https://golive.example/?a=1|Board>", "verbatim": True}],
            },
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "golive_ack",
                        "text": {"type": "plain_text", "text": "Acknowledge", "emoji": False},
                        "value": "sales/verdict",
                    }
                ],
            },
        ],
    }


@given(text=st.text(max_size=400))
def test_no_text_becomes_a_mention_or_a_link(text):
    """Whatever is said, the only part that Slack parses has no bracket in it."""
    made = payload(msgspec.structs.replace(message(1), summary=text, body=text), button=False)
    assert not set("<>") & set(made["text"])
    assert {block["text"]["type"] for block in made["blocks"]} <= {"plain_text"}


def test_only_an_alert_that_fires_has_a_button():
    """Nobody can acknowledge what has ended, and no decision is signed by a button in a chat."""
    for status, event in (("resolved", "alert"), ("firing", "decision"), ("firing", "verdict")):
        made = payload(msgspec.structs.replace(message(1), status=status, event=event), button=True)
        assert [block["type"] for block in made["blocks"]] == ["section"]


async def test_the_address_is_a_secret(tmp_path: Path):
    """The message arrives; when it does not, no report shows the address that anybody could post to."""
    async with receiving() as receiver:
        path = tmp_path / "slack.url"
        await asyncio.to_thread(path.write_text, receiver.url)
        path.chmod(0o600)
        acks = Acks(sender="slack", secret=SecretRef(file="x"))
        channel = Slack(name="chat", url=SecretRef(file="slack.url"), allow_loopback=True, timeout=1.0, acks=acks)
        assert (await deliver(channel, message(1), tmp_path, NOW)).delivered
        assert json.loads(receiver.got[0].body)["text"] == "CRIT PROD page 1"
        await receiver.stop()
        outcome = await deliver(channel, message(1), tmp_path, NOW)
        assert (outcome.delivered, outcome.again) == (False, True)
        assert "/hook" not in outcome.detail
        refused = msgspec.structs.replace(channel, allow_loopback=False)
        assert "/hook" not in (await deliver(refused, message(1), tmp_path, NOW)).detail
