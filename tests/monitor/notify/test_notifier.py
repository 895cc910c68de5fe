"""Pages get out: in order, signed, again when that can help, and never at the sender's expense."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notify import notifier as notifying_module
from monitor.notify import worker as worker_module
from monitor.notify.channels import Webhook
from monitor.notify.delivery import deliver
from monitor.notify.notifier import Notifier
from monitor.notify.outcome import LONGEST_WAIT, judged, wait_of
from monitor.notify.webhook import allow_entry, signature
from monitor.notify.worker import WAITING
from monitor.outbound.http import Answer
from monitor.secrets import SecretError, SecretRef
from tests.monitor.notify.receiver import NOW, Results, message, notifying, receiving, until


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once, so that the tests are quick."""
    monkeypatch.setattr(worker_module, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(worker_module, "LAST_WAIT", 0.1)


def hook(url: str, **more) -> Webhook:
    """A channel to this machine."""
    return Webhook(name="pager", url=url, **({"allow_loopback": True, "timeout": 2.0} | more))


async def test_a_message_arrives_whole_and_once():
    """What was sent arrives as JSON with its id, and the result is reported once."""
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        notifier.notify(message())
        await until(lambda: results.all)
        (got,) = receiver.got
        assert got.message == message()
        assert got.headers["Content-Type"] == "application/json"
        assert got.headers["webhook-id"] == "m-1"
        assert got.headers["webhook-timestamp"] == str(int(NOW))
        assert "webhook-signature" not in got.headers
        assert results.all == [("pager", True, "delivered (204): CRIT PROD page 1")]
        assert notifier.waiting == 0


async def test_any_cutover_name_makes_a_valid_header():
    """An id with accents, control characters or a line break is sent, percent-encoded, and breaks no header."""
    odd = msgspec.structs.replace(message(), id="Grö\u00dfe 1\r\nX-Evil: 1")
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        notifier.notify(odd)
        await until(lambda: results.all)
        (got,) = receiver.got
        assert got.headers["webhook-id"] == "Gr%C3%B6%C3%9Fe 1%0D%0AX-Evil: 1"
        assert "X-Evil" not in got.headers
        assert got.message.id == odd.id


async def test_a_receiver_that_is_down_gets_them_later_in_order():
    """Messages for a receiver that is down wait and arrive in order when it is back; people hear of it once."""
    async with receiving() as receiver:
        await receiver.stop()
        async with notifying(hook(receiver.url)) as (notifier, results):
            for number in range(1, 6):
                notifier.notify(message(number))
            await until(lambda: results.bad)
            await asyncio.sleep(0.2)
            assert len(results.bad) == 1
            assert "it is tried again" in results.bad[0]
            assert notifier.waiting == 5
            await receiver.start()
            await until(lambda: len(results.good) == 5)
            assert [got.message.id for got in receiver.got] == [f"m-{number}" for number in range(1, 6)]


async def test_an_error_of_the_receiver_is_tried_again_under_the_same_id():
    """After 500 and 429 the same message is sent again with the same id until it is taken."""
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        receiver.answers = [(500, {}), (503, {}), (429, {})]
        notifier.notify(message())
        await until(lambda: results.good)
        assert [got.headers["webhook-id"] for got in receiver.got] == ["m-1"] * 4
        assert len({got.body for got in receiver.got}) == 1
        assert len(results.bad) == 1


async def test_the_receivers_wait_is_honoured():
    """A Retry-After of one second is waited for."""
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        receiver.answers = [(429, {"Retry-After": "1"})]
        begun = time.monotonic()
        notifier.notify(message())
        await until(lambda: results.good)
        assert time.monotonic() - begun >= 1.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 302, 308])
async def test_a_refusal_is_not_repeated_and_holds_up_nobody(status):
    """What the receiver refuses for good is sent once, reported, and the next message goes out."""
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        receiver.answers = [(status, {"Location": receiver.url})]
        notifier.notify(message(1))
        notifier.notify(message(2))
        await until(lambda: len(results.all) == 2)
        assert [got.message.id for got in receiver.got] == ["m-1", "m-2"]
        assert str(status) in results.bad[0]
        assert "next: " in results.bad[0]
        assert len(results.good) == 1


async def test_a_receiver_that_hangs_is_left_and_tried_again():
    """An answer that does not come within the channel's time-out counts as a failure, and delivery goes on."""
    async with receiving() as receiver, notifying(hook(receiver.url, timeout=0.2)) as (notifier, results):
        receiver.hang = True
        notifier.notify(message())
        await until(lambda: results.bad)
        assert "0.2 s" in results.bad[0]
        receiver.hang = False
        receiver.released.set()
        await until(lambda: results.good)


async def test_one_dead_channel_does_not_delay_another():
    """Each channel has its own pace: the pager gets its message while the chat's receiver is down."""
    async with receiving() as receiver, receiving() as dead:
        await dead.stop()
        chat = Webhook(name="chat", url=dead.url, allow_loopback=True)
        async with notifying(chat, hook(receiver.url)) as (notifier, results):
            notifier.notify(message())
            await until(lambda: results.good)
            assert receiver.got
            assert {channel for channel, ok, _ in results.all if not ok} <= {"chat"}


async def test_sending_never_blocks_and_the_queue_is_bounded():
    """A thousand messages to a dead receiver take no time; beyond the bound each one is reported as dropped."""
    async with receiving() as receiver:
        await receiver.stop()
        async with notifying(hook(receiver.url)) as (notifier, results):
            begun = time.perf_counter()
            for number in range(WAITING + 7):
                notifier.notify(message(number))
            assert time.perf_counter() - begun < 0.5
            assert notifier.waiting == WAITING
            assert sum("dropped" in detail for detail in results.bad) == 7


async def test_a_message_is_given_up_in_the_end(monkeypatch):
    """A message that nobody takes for too long is given up and reported, so that newer ones get their turn."""
    monkeypatch.setattr(worker_module, "GIVE_UP", 0.3)
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        receiver.answers = [(500, {})] * 1000
        notifier.notify(message(1))
        await until(lambda: any("not delivered" in detail for detail in results.bad))
        receiver.answers = []
        notifier.notify(message(2))
        await until(lambda: results.good)
        assert receiver.got[-1].message.id == "m-2"


async def test_loopback_only_where_the_channel_says_so():
    """An address that is this machine is refused unless allow_loopback says otherwise, however it is spelled."""
    async with receiving() as receiver:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"):  # noqa: S104 - a spelling of loopback that must be refused
            url = f"http://{host}:{receiver.port}/hook"
            async with notifying(hook(url, allow_loopback=False)) as (notifier, results):
                notifier.notify(message())
                await until(partial(getattr, results, "bad"))
        assert receiver.got == []


@pytest.mark.parametrize(
    ("url", "loopback", "entry"),
    [
        ("http://127.0.0.1:8080/x", True, "127.0.0.1:8080"),
        ("http://localhost:8080/x", True, "localhost:8080"),
        ("http://[::1]:8080/x", True, "[::1]:8080"),
        ("http://127.0.0.1:8080/x", False, "127.0.0.1"),
        ("http://[2001:db8::1]/x", False, "[2001:db8::1]"),
        ("https://pager.example/x", True, "pager.example"),
        ("http://169.254.169.254/latest", True, "169.254.169.254"),
    ],
)
def test_the_policy_entry_is_as_narrow_as_can_be(url, loopback, entry):
    """Only loopback itself, and only where allowed, is named with its port; cloud metadata never is."""
    assert allow_entry(url, loopback=loopback) == entry


async def test_a_url_that_is_none_is_reported():
    """A channel whose address is no http URL reports that for each message and delivers nothing."""
    async with notifying(hook("gopher://example/x")) as (notifier, results):
        notifier.notify(message())
        await until(lambda: results.bad)
        assert "only http and https" in results.bad[0]


async def test_requests_are_signed_when_there_is_a_secret(tmp_path: Path):
    """With a secret each request carries a signature that the receiver can check over id, time and body."""
    key = b"a key of thirty-two random bytes"
    path = tmp_path / "pager.key"
    path.write_text("whsec_" + base64.b64encode(key).decode() + "\n")
    path.chmod(0o600)
    async with receiving() as receiver:
        channel = hook(receiver.url, secret=SecretRef(file="pager.key"))
        async with notifying(channel, base=tmp_path) as (notifier, results):
            notifier.notify(message())
            await until(lambda: results.good)
    (got,) = receiver.got
    signed = f"m-1.{int(NOW)}.".encode() + got.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"


async def test_two_keys_sign_while_they_are_rotated(tmp_path: Path):
    """With two keys each request carries both signatures, so that a receiver that knows either accepts it (S19)."""
    keys = [b"the old key, thirty-two bytes ..", b"the new key, thirty-two bytes .."]
    for name, key in zip(("old.key", "new.key"), keys, strict=True):
        (tmp_path / name).write_text("whsec_" + base64.b64encode(key).decode())
        (tmp_path / name).chmod(0o600)
    async with receiving() as receiver:
        channel = hook(receiver.url, secret=SecretRef(file="old.key"), next_secret=SecretRef(file="new.key"))
        async with notifying(channel, base=tmp_path) as (notifier, results):
            notifier.notify(message())
            await until(lambda: results.good)
    (got,) = receiver.got
    signed = f"m-1.{int(NOW)}.".encode() + got.body
    macs = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    assert got.headers["webhook-signature"] == f"v1,{macs[0]} v1,{macs[1]}"


async def test_a_secret_that_is_missing_delays_and_is_named(tmp_path: Path):
    """Without its secret nothing is sent unsigned; once the secret is there the message goes out."""
    async with receiving() as receiver:
        channel = hook(receiver.url, secret=SecretRef(file="pager.key"))
        async with notifying(channel, base=tmp_path) as (notifier, results):
            notifier.notify(message())
            await until(lambda: results.bad)
            assert "pager.key" in results.bad[0]
            assert receiver.got == []
            path = tmp_path / "pager.key"

            def put() -> None:
                fresh = tmp_path / "fresh"
                fresh.write_text("any words will do")
                fresh.chmod(0o600)
                fresh.replace(path)

            await asyncio.to_thread(put)
            await until(lambda: results.good)
            assert receiver.got[0].headers["webhook-signature"].startswith("v1,")


def test_the_signature_is_that_of_the_standard():
    """The example of the Standard Webhooks specification gives its published signature."""
    published = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(published, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


def test_a_malformed_secret_is_refused():
    """A secret that claims to be base64 and is not is refused without being shown."""
    with pytest.raises(SecretError, match="base64") as caught:
        signature("whsec_!!!", "m", 1, b"")
    assert "!!!" not in str(caught.value)


async def test_a_report_that_fails_does_not_stop_delivery(caplog):
    """When the journal cannot note a result the next message goes out all the same."""

    def broken(_channel: str, _ok: bool, _detail: str) -> None:
        raise OSError("disk full")

    async with receiving() as receiver:
        notifier = Notifier([hook(receiver.url)], Path(), broken)
        await notifier.start()
        notifier.notify(message(1))
        notifier.notify(message(2))
        await until(lambda: len(receiver.got) == 2 and not notifier.waiting)
        await notifier.close()
    assert "disk full" in caplog.text


async def test_a_fault_of_our_own_costs_one_message_only(monkeypatch):
    """An unforeseen exception while delivering is reported and the channel goes on."""

    async def faulty(channel, sent, base, now, beside):
        if sent.id == "m-1":
            raise ZeroDivisionError
        return await deliver(channel, sent, base, now, beside)

    monkeypatch.setattr(notifying_module, "deliver", faulty)
    async with receiving() as receiver, notifying(hook(receiver.url)) as (notifier, results):
        notifier.notify(message(1))
        notifier.notify(message(2))
        await until(lambda: results.good)
        assert "ZeroDivisionError" in results.bad[0]
        assert [got.message.id for got in receiver.got] == ["m-2"]


async def test_closing_lets_the_last_message_out():
    """A message sent just before the daemon stops still leaves."""
    async with receiving() as receiver:
        results = Results()
        notifier = Notifier([hook(receiver.url)], Path(), results)
        await notifier.start()
        notifier.notify(message())
        await notifier.close()
        assert len(receiver.got) == 1
        assert results.good


async def test_closing_does_not_wait_for_a_dead_receiver(caplog):
    """A daemon that stops does not wait for a receiver that is known not to answer; the log counts what is lost."""
    async with receiving() as receiver:
        await receiver.stop()
        async with notifying(hook(receiver.url)) as (notifier, results):
            notifier.notify(message())
            await until(lambda: results.bad)
            begun = time.monotonic()
            await notifier.close()
            assert time.monotonic() - begun < 1.0
    assert "1 messages undelivered" in caplog.text


async def test_without_channels_nothing_happens():
    """A configuration without channels sends nothing and stops cleanly."""
    async with notifying() as (notifier, results):
        notifier.notify(message())
        assert (notifier.waiting, results.all) == (0, [])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("-1", 0.0),
        ("1.5", 0.0),
        ("999999999999", LONGEST_WAIT),
        ("Sat, 21 Nov 2026 20:15:56 GMT", 10.0),
        ("Sat, 21 Nov 2026 20:15:36 GMT", 0.0),
        ("Sat, 21 Nov 2099 20:15:36 GMT", LONGEST_WAIT),
        ("tomorrow", 0.0),
        ("Mon, 99 Foo 2026 99:99:99 GMT", 0.0),
    ],
)
def test_retry_after_in_both_its_forms(header, seconds):
    """Seconds and dates are read, nonsense is no wait, and nobody can make a page wait longer than five minutes."""
    assert wait_of(header, 1_795_292_146.0) == seconds


@settings(max_examples=200, deadline=None)
@given(status=st.integers(100, 999), header=st.text(max_size=40))
def test_every_answer_means_something(status, header):
    """Any status with any Retry-After is delivered, worth another attempt, or final; never two of them."""
    outcome = judged(Answer(status=status, body=b"", retry_after=header), NOW)
    assert outcome.delivered == (200 <= status < 300)
    assert not (outcome.delivered and outcome.again)
    assert 0.0 <= outcome.wait <= LONGEST_WAIT
    assert outcome.detail
