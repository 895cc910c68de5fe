"""Bytes to messages, messages to numbers: what is read, and that nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ami import media
from collectors.ami.framing import LINE_LIMIT, MESSAGE_LIMIT, Framing, Message, action
from collectors.ami.members import counted, state
from collectors.ami.numbers import number, whole
from collectors.ami.queues import ABANDONED, ANSWERED, OFFERED, Queues
from monitor.quality.emodel import mos, mouth_to_ear, rating

KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
EVENTS = st.sampled_from(
    ["QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "AgentConnect", "AgentComplete", "RTCPSent", "x"]
)
HOSTILE = st.dictionaries(
    st.sampled_from(
        [
            "queue",
            "uniqueid",
            "holdtime",
            "talktime",
            "rtt",
            "mes",
            "reportcount",
            "report0iajitter",
            "channel",
            "report0fractionlost",
            "abandoned",
            "callers",
            "longestholdtime",
            "status",
            "lastcall",
            "wrapuptime",
        ]
    ),
    st.text(max_size=40) | st.integers().map(str) | st.floats().map(str),
)


@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=6), max_size=8), st.data())
def test_messages_survive_any_cutting(messages, data) -> None:
    """However the bytes arrive, the messages are the ones that were sent, in order."""
    whole_text = b"Asterisk Call Manager/5.0.4\r\n"
    for fields in messages:
        whole_text += "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"
    framing, found, at = Framing(), [], 0
    while at < len(whole_text):
        step = data.draw(st.integers(1, 50))
        found += framing.feed(whole_text[at : at + step])
        at += step
    assert found == messages
    assert framing.greeting == "Asterisk Call Manager/5.0.4"
    assert framing.malformed == 0


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_no_bytes_raise_and_what_follows_is_read(pieces) -> None:
    """After any garbage, two line ends and a message give that message."""
    framing = Framing()
    for piece in pieces:
        framing.feed(piece)
    framing.feed(b"\r\n\r\n")
    assert framing.feed(b"Event: X\r\nQueue: q\r\n\r\n") == [{"event": "X", "queue": "q"}]


@pytest.mark.parametrize(
    "flood",
    [b"Event: " + b"x" * (LINE_LIMIT + 1) + b"\r\n", b"A: " + b"y" * 999 + b"\r\n", b"z" * (LINE_LIMIT * 3)],
)
def test_what_is_too_long_is_passed_over_to_its_end(flood: bytes) -> None:
    """An endless line or message costs no more memory than its limit, is counted, and the next one is read."""
    framing = Framing()
    for _ in range(MESSAGE_LIMIT // 999 + 2):
        assert framing.feed(flood) == []
        assert len(framing._rest) <= LINE_LIMIT
    assert framing.malformed >= 1
    framing.feed(b"\r\n\r\n")
    assert framing.feed(b"Event: X\r\n\r\n") == [{"event": "X"}]


def test_an_action_cannot_be_given_a_second_line() -> None:
    """A value with a line break never becomes a further field."""
    assert action("Login", "1", Username="a") == b"Action: Login\r\nActionID: 1\r\nUsername: a\r\n\r\n"
    with pytest.raises(ValueError, match="line break"):
        action("Login", "1", Username="a\r\nAction: Originate")


@given(st.text(max_size=40))
def test_a_number_is_a_number_or_nothing(text: str) -> None:
    """Never negative, never infinite, never an exception."""
    for read in (number, whole):
        value = read({"x": text}, "x")
        assert value is None or 0 <= value < float("inf")


@given(st.lists(st.tuples(EVENTS, HOSTILE), max_size=20))
def test_no_event_raises_and_counts_never_fall(events) -> None:
    """Whatever a PBX says, the counters only rise and every other number is at least 0."""
    queues = Queues(5.0)
    before: dict[tuple[str, str, str], float] = {}
    for name, fields in events:
        message: Message = {"event": name, **fields}
        if media.is_rtcp(message):
            assert all(f.value >= 0 for f in media.figures(message, 8000))
            media.trunk(message, ("a",))
            continue
        queues.event(message)
        queues.summary(message)
        queues.status(message, [message], first=len(fields) % 2 == 0)
        counted([message], 1e9)
        for reading in queues.counts():
            key = (reading.metric, reading.queue, reading.short)
            assert reading.value >= before.get(key, 0)
            before[key] = reading.value


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "1"}, "available"),
        ({"status": "1", "paused": "1"}, "non_productive"),
        ({"status": "2"}, "on_contact"),
        ({"status": "6", "paused": "1"}, "on_contact"),
        ({"status": "8"}, "on_contact"),
        ({"status": "1", "incall": "1"}, "on_contact"),
        ({"status": "5", "paused": "1"}, "offline"),
        ({"status": "4"}, "error"),
        ({"status": "0"}, "error"),
        ({}, "error"),
        ({"status": "1", "lastcall": "995", "wrapuptime": "10"}, "acw"),
        ({"status": "1", "lastcall": "990", "wrapuptime": "10"}, "available"),
        ({"status": "1", "lastcall": "2000", "wrapuptime": "10"}, "available"),
    ],
)
def test_what_an_agent_does_follows_from_device_and_pause(fields: Message, expected: str) -> None:
    """Device state, pause and wrap-up give one of the six states; what is not known is an error, never available."""
    assert state(fields, 1000.0) == expected


def test_an_agent_of_several_queues_counts_once() -> None:
    """Paused in one queue and talking in another is one agent on a contact."""
    anna = {"stateinterface": "PJSIP/anna", "status": "2"}
    members = [{**anna, "queue": "a", "paused": "1"}, {**anna, "queue": "b"}, {"location": "PJSIP/ben", "status": "1"}]
    assert counted(members, 0.0) == {"on_contact": 1, "available": 1}


def test_rtcp_is_read_in_its_own_units() -> None:
    """Loss in 1/256, jitter in clock ticks, round trip in seconds; the E-model makes it comparable."""
    message = {
        "event": "RTCPReceived",
        "channel": "PJSIP/carrier-a-0000001a",
        "rtt": "0.1200",
        "mes": "82.4",
        "reportcount": "1",
        "report0fractionlost": "13",
        "report0iajitter": "160",
    }
    found = {(f.metric, f.method): f for f in media.figures(message, 8000)}
    assert {f.direction for f in found.values()} == {"heard"}
    assert found["golive_media_packet_loss_ratio", ""].value == 13 / 256
    assert found["golive_media_jitter_seconds", ""].value == 0.02
    assert found["golive_media_round_trip_seconds", ""].value == 0.12
    assert found["golive_media_mos", "asterisk"].value == pytest.approx(4.12)
    expected = mos(rating(mouth_to_ear(0.12, 0.02), 13 / 256))
    assert found["golive_media_mos", "g107"].value == expected
    assert media.trunk(message, ("carrier-a",)) == "carrier-a"
    assert media.trunk(message, ()) == ""


def test_a_round_trip_of_nought_is_none() -> None:
    """Asterisk writes 0.0000 before the first one is known: it is no measurement, and no opinion rests on it."""
    message = {"event": "RTCPSent", "rtt": "0.0000", "mes": "0", "reportcount": "1", "report0iajitter": "8"}
    found = list(media.figures(message, 8000))
    assert [(f.metric, f.direction, f.value) for f in found] == [("golive_media_jitter_seconds", "sent", 0.001)]


def play(queues: Queues, *events: tuple[str, str]) -> None:
    """Events of one queue."""
    for name, call in events:
        queues.event({"event": name, "queue": "q", "uniqueid": call, "holdtime": "9", "talktime": "60"})


def counts(queues: Queues) -> tuple[float, float, float]:
    """Offered, answered and abandoned."""
    found: dict[str, float] = {}
    for reading in queues.counts():
        found[reading.metric] = found.get(reading.metric, 0) + reading.value
    return found[OFFERED], found[ANSWERED], found[ABANDONED]


def status(abandoned: int) -> Message:
    """What the PBX counts."""
    return {"event": "QueueParams", "queue": "q", "abandoned": str(abandoned)}


def test_who_gave_up_while_nobody_listened_is_counted_when_the_session_is_back() -> None:
    """Two came and gave up, one who waited gave up, one came and waits: offered and abandoned say so afterwards."""
    queues = Queues(5.0)
    queues.status(status(40), [], first=True)
    play(queues, ("QueueCallerJoin", "c1"), ("QueueCallerJoin", "c2"), ("QueueCallerAbandon", "c2"))
    queues.status(status(41), [{"uniqueid": "c1"}], first=False)
    assert counts(queues) == (2, 0, 1)
    queues.status(status(44), [{"uniqueid": "c9"}], first=True)
    assert counts(queues) == (5, 0, 4)
    play(queues, ("QueueCallerJoin", "c9"), ("AgentConnect", "c9"))
    assert counts(queues) == (5, 1, 4)


def test_what_was_counted_before_us_and_a_reload_of_the_pbx_count_nothing() -> None:
    """The PBX's old count is not ours, and when it begins anew nobody gave up by that."""
    queues = Queues(5.0)
    queues.status(status(400), [], first=True)
    queues.status(status(0), [], first=True)
    assert counts(queues) == (0, 0, 0)
    queues.status(status(2), [], first=True)
    assert counts(queues) == (2, 0, 2)


def test_an_answer_that_overtakes_its_event_counts_nobody_twice() -> None:
    """In a session that stands, the PBX's count is only looked at, however it and the events are ordered."""
    queues = Queues(5.0)
    queues.status(status(0), [], first=True)
    play(queues, ("QueueCallerJoin", "c1"))
    queues.status(status(1), [], first=False)
    play(queues, ("QueueCallerAbandon", "c1"))
    queues.status(status(1), [], first=True)
    assert counts(queues) == (1, 0, 1)
