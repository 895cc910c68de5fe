"""Events that are posted: contacts counted, agents counted, each event once, whatever order they come in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Mapping

from collectors.amazon_connect import contacts, posts
from collectors.amazon_connect.agents import snapshot
from collectors.amazon_connect.contacts import Contacts
from collectors.amazon_connect.feed import Feed
from collectors.amazon_connect.readings import dig, instant
from collectors.amazon_connect.roster import Roster
from collectors.push.allowance import Allowance
from monitor.intake.cadence import beat
from monitor.intake.inlet import Inlet
from monitor.intake.postbox import Receipt
from monitor.text import clean

HEADERS = ("X-Amz-Firehose-Access-Key", "X-Api-Key")
"""Where the key may stand, beside `Authorization: Bearer`."""
SAVED = 10.0
"""Seconds of its rate that a quiet sender saves up."""
LATE = 900.0
"""Seconds after which an event says nothing of the present any more."""
AHEAD = 5.0
"""Seconds by which a sender's clock may be ahead."""
SMALL = 16 * 1024
"""Bytes of a post that are taken apart at once; more of them in a thread."""
PIECE = 50
"""Events between which others get their turn."""
WHOLE = 1.0
"""Seconds between two times that all counts are handed over, changed or not; for each event it would be too dear."""
REMEMBERED = 100_000
"""Event ids that are remembered, so that a repeat counts once; contacts know by themselves what was counted."""


class Tally:
    """What the events of one instance have come to; outlives a restart of the collector."""

    def __init__(self, queues: Mapping[str, str], channels: tuple[str, ...], short: float) -> None:
        self.contacts = Contacts(queues, channels, short)
        self.roster = Roster(queues)
        self.seen: OrderedDict[str, None] = OrderedDict()
        self.newest_contact = -math.inf
        self.newest_agent = -math.inf
        self.totals: Counter[str] = Counter()

    def known(self, event: str) -> bool:
        """Whether an event was here before; remembers it."""
        if event in self.seen:
            return True
        self.seen[event] = None
        if len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)
        return False


class Mailbox:
    """One key, and the events that are posted with it."""

    def __init__(
        self,
        *,
        key: str,
        rate: float,
        instance: str,
        tally: Tally,
        inlet: Inlet,
        labels: Mapping[str, str],
        ended: Callable[[str, float], None],
        connected: Callable[[str], None],
        take: Collection[str],
    ) -> None:
        """instance: ARN that every event must name. ended: hears of contacts that an agent had and that are over.

        connected: hears of each post with something sound in it. take: `contacts`, `agents` or both.
        """
        self._connected = connected
        self._wanted = take
        self._digest = hashlib.sha256(key.encode()).digest()
        self._instance = instance
        self._tally = tally
        self._inlet = inlet
        self._contacts, self._agents = Feed(inlet, labels), Feed(inlet, labels)
        self._allowance = Allowance(rate, SAVED, time.monotonic())
        self._ended = ended
        self._owing = False

    async def settle(self) -> None:
        """Repeat every second, until cancelled, the counts that did not change while others did: the stream is alive."""
        async for _ in beat(WHOLE):
            if self._owing:
                self._owing = False
                self._contacts.give(self._tally.contacts.counts(), self._tally.newest_contact, time.time())

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request bears the key, in whichever header its sender can put one. Takes the same time for all."""
        scheme, _, bearer = headers.get("Authorization", "").partition(" ")
        offered = [headers.get(name, "") for name in HEADERS] + [bearer if scheme.lower() == "bearer" else ""]
        digests = [hashlib.sha256(text.strip().encode(errors="replace")).digest() for text in offered]
        return any([hmac.compare_digest(self._digest, digest) for digest in digests])  # noqa: C419 - each is compared

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        """Take a post; never raises for what it says."""
        wait = self._allowance.wait(time.monotonic())
        request = headers.get("X-Amz-Firehose-Request-Id")
        request = None if request is None else str(clean(request, 128))
        if wait:
            return self._answer(429, request, received, {}, "over the collector's rate; send it again later", wait)
        post = (
            posts.opened(body, headers)
            if len(body) < SMALL
            else await asyncio.to_thread(posts.opened, body, dict(headers))
        )
        took = await self._take(post, received)
        self._allowance.charge(max(len(post.events) + len(post.malformed), 1))
        self._inlet.transcript(body, received, fault="malformed" if post.malformed else "")
        try:
            await self._inlet.commit()
        except Exception as error:  # noqa: BLE001 - whatever the disk says, the sender must keep what it sent
            return self._answer(503, post.request, received, took, f"not kept, send it again: {clean(str(error))}", 1.0)
        # What cannot be read does not become readable by being sent again, which is what Firehose does without a 200.
        sound = took["taken"] or took["repeated"] or not took["refused"]
        hint = "" if sound or post.request is not None else "an event is an EventBridge envelope or an agent event"
        return self._answer(422 if hint else 200, post.request, received, took, hint)

    def _answer(
        self, status: int, request: str | None, now: float, took: Mapping[str, object], trouble: str, wait: float = 0.0
    ) -> Receipt:
        return Receipt(status=status, answer=posts.receipt(request, now, took, trouble), retry_after=wait)

    async def _take(self, post: posts.Post, received: float) -> dict[str, object]:
        refused: Counter[str] = Counter()
        repeated = 0

        def refuse(reason: str, raw: bytes) -> None:
            refused[reason] += 1
            self._inlet.refuse(reason, raw, received)

        for raw in post.malformed:
            refuse("malformed", raw)
        for number, event in enumerate(post.events, 1):
            if number % PIECE == 0:
                await asyncio.sleep(0)
            name = event.get("id") or event.get("EventId")
            why = self._event(event, received, name if isinstance(name, str) else "")
            if why == "repeated":
                repeated += 1
            elif why:
                refuse(why, repr(event)[:256].encode(errors="replace"))
        taken = len(post.events) + len(post.malformed) - repeated - refused.total()
        self._inlet.heard(len(post.events) + len(post.malformed), received)
        totals = self._tally.totals
        totals.update(taken=taken, repeated=repeated)
        if taken:
            self._told(received)
            self._connected(f"{totals['taken']} events taken, {totals['repeated']} repeated")
        return {"taken": taken, "repeated": repeated, "refused": dict(refused)}

    def _event(self, event: Mapping[str, object], received: float, name: str) -> str:
        """Take one event; the reason when it is refused, or `repeated`."""
        if "AgentARN" in event and "EventType" in event and "agents" in self._wanted:
            return self._agent(event, received, name)
        if event.get("detail-type") == contacts.DETAIL_TYPE and "contacts" in self._wanted:
            return self._contact(event, received, name)
        return "foreign"

    def _contact(self, item: Mapping[str, object], received: float, name: str) -> str:
        event = contacts.read(item)
        if event is None:
            return "wrong_type"
        if posts.strings(item, "detail", "instanceArn") != self._instance:
            return "foreign"
        why = _timely(event.at, received) or ("repeated" if name and self._tally.known(name) else "")
        if why:
            return why
        for reading, at in self._tally.contacts.event(event, received):
            self._contacts.tell(reading, at, received)
        if event.kind == "DISCONNECTED" and event.answered:
            self._ended(event.contact, received)
        self._tally.newest_contact = max(self._tally.newest_contact, min(event.at, received))
        return ""

    def _agent(self, item: Mapping[str, object], received: float, name: str) -> str:
        if dig(item, "InstanceARN") != self._instance:
            return "foreign"
        agent, at = snapshot(item), instant(item.get("EventTimestamp"))
        if agent is None:
            return "wrong_type"
        why = _timely(at, received) or ("repeated" if name and self._tally.known(name) else "")
        if why:
            return why
        self._tally.roster.event(agent, min(at, received), received)
        self._tally.newest_agent = max(self._tally.newest_agent, min(at, received))
        return ""

    def _told(self, received: float) -> None:
        """Hand over the counts of what was heard of: they are as old as the newest event, never as fresh as its arrival."""
        contact, agent = self._tally.newest_contact, self._tally.newest_agent
        if math.isfinite(contact):
            self._contacts.give(self._tally.contacts.counts(changed=True), contact, received)
            self._owing = True
        if math.isfinite(agent):
            self._agents.give(self._tally.roster.readings(received), agent, received)


def _timely(at: float, received: float) -> str:
    if math.isnan(at):
        return "no_time"
    return "future" if at > received + AHEAD else "late" if at < received - LATE else ""
