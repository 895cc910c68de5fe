"""Raw exchanges are kept, failures longest, and nothing secret is ever in what is shown."""

from __future__ import annotations

import base64
import json
import string
import time
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.intake.intake import Intake
from monitor.intake.redaction import SHORTEST, cut, redacted
from monitor.intake.transcripts import KEPT, LIMIT, Kept, Transcripts, look, shown
from monitor.judging.store import Store
from monitor.redaction import MASK, known
from monitor.secrets import SecretRef
from tests.rig.canaries import leaks

START = 1_795_294_500.0
CANARIES = (
    "canary-7f3a9b",
    "p@ss/w?rd&=+ %",
    "ключ-от-двери",
    'quo"te\\slash',
    "0123456789abcdef0123456789abcdef",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
)


def read(transcripts: Transcripts) -> Kept:
    """What a person sees."""
    return shown("c", transcripts, transcripts.raw())


def test_failures_outlive_successes_and_both_are_bounded() -> None:
    """An hour of good exchanges does not push out the twenty that failed before it; bytes and numbers stay bounded."""
    kept = Transcripts()
    for n in range(30):
        kept.add(b"bad %d" % n, START + n, fault="timeout")
    for n in range(3600):
        kept.add(b"x" * 100_000, START + 60 + n)
    seen = read(kept)
    assert (len(seen.recent), len(seen.failures)) == (KEPT, KEPT)
    assert [exchange.got for exchange in seen.failures] == [f"bad {n}" for n in range(10, 30)]
    assert (seen.seen, seen.failed) == (3630, 30)
    assert {(len(exchange.got), exchange.got_bytes) for exchange in seen.recent} == {(LIMIT, 100_000)}
    assert seen.recent[-1].at == START + 60 + 3599


def test_of_a_second_the_newest_is_kept_and_every_refused_message() -> None:
    """50,000 messages in a second are one transcript, beside each that was refused."""
    door = Intake(Store({})).door("c", 10.0)
    for n in range(1000):
        door.transcript(b"%d" % n, START + n / 2000)
    for n in range(5):
        door.refuse("malformed", b"garbage %d" % n, START)
    seen = read(door.transcripts)
    assert [exchange.got for exchange in seen.recent] == ["999"]
    assert [(exchange.fault, exchange.got) for exchange in seen.failures] == [
        ("malformed", f"garbage {n}") for n in range(5)
    ]


def test_keeping_costs_nothing_worth_speaking_of() -> None:
    """One of a batch at 50,000 messages a second, and 50,000 refusals a second, stay under a tenth of a core."""
    kept, payload, count = Transcripts(), b'{"value": 1.5}' * 20, 50_000
    begun = time.process_time()
    for n in range(count):
        kept.add(payload, START + n / count, fault="malformed")
    assert time.process_time() - begun < 0.5


def spellings(secret: str) -> list[str]:
    """Ways in which a secret stands in a request, and each of them must be found."""
    raw = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe="").lower() if secret.isascii() and secret == secret.lower() else quote(secret, safe=""),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        json.dumps({"deep": [{"password": secret}]}),
        urlencode({"q": secret}),
        raw.hex(),
        *(base64.b64encode(b"x" * n + raw + b":y").decode() for n in range(4)),
        *(base64.urlsafe_b64encode(b"x" * n + raw).decode() for n in range(4)),
        base64.b64encode(f"user:{secret}".encode()).decode(),
        f"https://user:{quote(secret, safe='')}@host/path",
    ]


@pytest.mark.parametrize("secret", CANARIES)
def test_a_canary_is_found_in_every_spelling(secret: str) -> None:
    """Plain, JSON, URL-encoded, hex and base64 at any place: 0 hits of each canary, in each direction and in the fault (S14)."""
    for spelled in spellings(secret):
        for wrapped in (spelled, f"GET /a?b={spelled}", f'{{"note": "{spelled}"}}', f"X-Any: prefix {spelled} suffix"):
            kept = Transcripts()
            kept.add(wrapped.encode(), START, sent=wrapped.encode(), fault=f"refused: {wrapped}", hidden=(secret,))
            seen = read(kept).failures[0]
            for text in (seen.sent, seen.got, seen.fault):
                assert leaks(text, secret) == [], (spelled, text)
                assert MASK in text


def test_every_secret_that_was_read_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """A collector that forgets to name its secret cannot show it: whatever this process read as a secret is masked."""
    monkeypatch.setenv("CANARY", "env-canary-55")
    (tmp_path / "s").write_text("file-canary-66\n")
    (tmp_path / "s").chmod(0o600)
    SecretRef(env="CANARY").read(tmp_path)
    SecretRef(file="s").read(tmp_path)
    assert {"env-canary-55", "file-canary-66"} <= set(known())
    kept = Transcripts()
    kept.add(b"he said env-canary-55 and file-canary-66", START)
    assert read(kept).recent[0].got == f"he said {MASK} and {MASK}"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Authorization: Bearer abc.def.ghi", "abc"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNl"),
        ("Proxy-Authorization: Digest username=x", "username"),
        ("Cookie: sid=12345", "12345"),
        ("Set-Cookie: sid=12345; Path=/", "12345"),
        ("X-Api-Key: k1k2k3", "k1k2"),
        ("X-Amz-Security-Token: FwoGZX", "FwoG"),
        ('{"access_token": "eyJhbGciOi", "expires_in": 3600}', "eyJ"),
        ('{"client_secret":"hush"}', "hush"),
        ('{"password" : "un\\"quoted", "x": 1}', "quoted"),
        ("grant_type=password&client_secret=hush&x=1", "hush"),
        ("https://host/cb?token=abcdef&x=1", "abcdef"),
        ("postgres://user:pw123@host/db", "pw123"),
        ("Key: 5f4dcc3b5aa765d61d8327deb882cf99", "5f4dcc"),
        ("Challenge: 840415273", "840415273"),
        ("CallerIDNum: 4930123456", "4930"),
        ("CallerIDName: Alice Example", "Alice"),
        ('{"caller": "+49 30 1234567"}', "1234567"),
        ('{"phone_number": 4930123456}', "4930"),
        ('{"CustomerEndpoint": {"Address": "+14155550123"}}', "4155550123"),
        ("To: <sip:+4930123456@pbx.example>;tag=1", "4930123456"),
        ("LocalID:Alice Example <sip:alice@192.0.2.1>", "lice"),
        ('To: "Bob" <sips:bob@pbx.example>;tag=1', "ob"),
        ("RemoteID:<sip:carol@pbx.example>", "carol"),
        ("call tel:+4930123456 now", "4930"),
        ("GET /lookup?number=%2B4930123456", "4930"),
    ],
)
def test_what_golive_does_not_know_by_value_is_masked_by_its_place(text: str, gone: str) -> None:
    """Logins, cookies, keys, tokens and telephone numbers of others go, by the name that stands before them."""
    assert gone in text
    assert gone not in redacted(text, ())


@pytest.mark.parametrize(
    "text",
    [
        '{"ts": 1795294500.25, "seq": 123456789, "jitter_ms": 12.5, "trunk": "east-1"}',
        '200\nContent-Type: application/json\nDate: Sun, 29 Nov 2026 06:20:58 GMT\n\n{"status": "open"}',
        "cc/target/porto/sales-en/call",
        "Event: QueueParams\r\nQueue: sales\r\nCompleted: 1234567\r\nServicelevelPerf: 98.5",
        "POST http://10.0.0.15:9090/api/v1/query\n\nquery=sum(rate(calls_total[5m]))",
        '{"number": "sales"}',
    ],
)
def test_what_is_needed_to_understand_a_number_stays(text: str) -> None:
    """Times, counters, queues, addresses of machines and queries are not taken for secrets."""
    assert redacted(text, ()) == text


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=SHORTEST, max_size=40),
    before=st.binary(max_size=20),
    after=st.binary(max_size=20),
)
def test_no_spelling_of_any_secret_survives(secret: str, before: bytes, after: bytes) -> None:
    """Whatever a secret is made of, its plain, JSON, URL and hex spellings are gone from between any neighbours."""
    around = before.decode("latin-1"), after.decode("latin-1")
    for spelled in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        secret.encode().hex(),
    ):
        left = redacted(f"{around[0]}{spelled}{around[1]}", (secret,))
        assert left.count(MASK) >= 1


@given(
    secret=st.text(string.ascii_letters + string.digits + "+/=-_", min_size=8, max_size=40),
    at=st.integers(LIMIT - 60, LIMIT - 1),
)
def test_a_secret_that_the_cut_goes_through_is_gone_as_well(secret: str, at: int) -> None:
    """Half a secret at the end of a long answer is masked like a whole one."""
    kept = Transcripts()
    kept.add(b"." * at + secret.encode() + b"." * 500, START, hidden=(secret,))
    got = read(kept).recent[0].got
    shown_part = got.lstrip(".").replace(MASK, "").rstrip(".")
    assert len(shown_part) < SHORTEST
    assert cut("nothing here", (secret,)) in (
        "nothing here",
        f"nothing h{MASK}",
        f"nothing {MASK}",
        f"nothing he{MASK}",
    )


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_shown_and_none_steers_a_screen(raw: bytes) -> None:
    """Whatever came: no exception, no control character but the line break."""
    kept = Transcripts()
    kept.add(raw, START, sent=raw)
    seen = read(kept).recent[0]
    assert all(character.isprintable() for text in (seen.got, seen.sent) for character in text.replace("\n", ""))


def test_hostile_text_is_masked_in_no_time() -> None:
    """Texts made to send the patterns astray take milliseconds each, since people read them from the daemon."""
    hostile = (
        "token" * 1000,
        '"token' * 800,
        "password_" * 500 + ":",
        "+1" * 2000,
        "sip:1" * 900,
        "a=" * 2000,
        "+1 " * 1400,
    )
    for text in hostile:
        begun = time.process_time()
        redacted(text[:LIMIT], CANARIES)
        assert time.process_time() - begun < 0.25, text[:20]


async def test_an_unknown_collector_has_no_transcripts() -> None:
    """None for a name that nobody has; the empty rings of one that never spoke."""
    assert await look({}, "x") is None
    kept = await look({"x": Transcripts()}, "x")
    assert kept is not None
    assert (kept.recent, kept.failures, kept.seen) == ((), (), 0)


@pytest.mark.parametrize("secret", CANARIES)
def test_the_refused_message_that_everybody_sees_holds_no_secret(
    secret: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The board and the snapshot show the newest refused message to people without a token: no spelling of a secret is in it."""
    monkeypatch.setenv("CANARY", secret)
    SecretRef(env="CANARY").read(tmp_path)
    door = Intake(Store({})).door("c", 10.0)
    for spelled in spellings(secret):
        door.refuse("malformed", f'{{"note": "{spelled}"'.encode(), START)
        assert leaks(door.last_refused, secret) == []
        assert door.last_refused.startswith("malformed: {")
    door.refuse("malformed", b"caller +4930123456 \xff\x1b[31m", START)
    assert door.last_refused == "malformed: caller +*** \\xff\\x1b[31m"
