"""Signatures: published vectors, and a target that checks what it got on the wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from botocore import auth as botocore_auth
from hypothesis import given
from hypothesis import strategies as st

from monitor.outbound import aws
from monitor.outbound.draft import Draft
from monitor.outbound.http import RequestError
from monitor.secrets import SecretRef
from runbooks.actions.http import Http
from runbooks.auth.hmac_signature import Hmac, canonical, parts
from runbooks.auth.sigv4 import Sigv4
from runbooks.auth.static import Basic, Bearer
from runbooks.context import Context
from runbooks.request import Request
from runbooks.setting import Setting
from tests.rig.serving import served_at

SLACK_BODY = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c"
)
AWS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def secret(folder: Path, value: str, name: str = "secret") -> SecretRef:
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return SecretRef(file=name)


@pytest.mark.parametrize(
    ("key", "data", "digest"),
    [
        ("0b" * 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe".hex(),
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ],
)
async def test_the_vectors_of_rfc_4231(tmp_path: Path, key: str, data: str, digest: str) -> None:
    """HMAC-SHA256 is the one of RFC 4231, test cases 1 and 2."""
    scheme = Hmac(secret=secret(tmp_path, key), secret_encoding="hex", over="{body}")  # noqa: S106 - an encoding
    headers = await scheme.sign(Draft("POST", "https://h/", {}, data.encode()), Context(values={}, base=tmp_path), 1.0)
    assert headers == {"X-Timestamp": "1", "X-Signature": digest}


async def test_the_published_example_of_a_chat_service(tmp_path: Path) -> None:
    """Slack's documented request signs to Slack's documented signature, under Slack's header names."""
    scheme = Hmac(
        secret=secret(tmp_path, "8f742231b10e8888abcd99yyyzzz85a5"),
        over="v0:{timestamp}:{body}",
        prefix="v0=",
        signature_header="X-Slack-Signature",
        timestamp_header="X-Slack-Request-Timestamp",
    )
    draft = Draft("POST", "https://h/x", {}, SLACK_BODY.encode())
    headers = await scheme.sign(draft, Context(values={}, base=tmp_path), 1531420618.9)
    assert headers == {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }


@given(
    method=st.sampled_from(["GET", "PUT", "POST"]),
    path=st.lists(st.text("abcXYZ019-._~%", min_size=1, max_size=8), max_size=3),
    query=st.text("abc=&019%", max_size=20),
    body=st.text(max_size=50),
    stamp=st.integers(0, 10**12),
)
def test_the_signed_text_is_the_stated_one(method: str, path: list[str], query: str, body: str, stamp: int) -> None:
    """Lines in the stated order, each as it is on the wire; braces in a body are never read as names."""
    body_raw = body.encode("utf-8", "surrogatepass")
    url = "https://api.example:8443/" + "/".join(path) + (f"?{query}" if query else "")
    values = parts(Draft(method, url, {}, body_raw), str(stamp), "k1")
    lines = (str(stamp), method, "/" + "/".join(path), query, hashlib.sha256(body_raw).hexdigest())
    assert canonical(Hmac(secret=SecretRef(env="X")).over, values) == "\n".join(lines)
    assert canonical("{host} {key_id} {body}", values) == f"api.example:8443 k1 {values['body']}"


@pytest.mark.parametrize(("text", "encoding"), [("zz", "hex"), ("a b", "base64"), ("=", "base64")])
async def test_a_secret_in_another_encoding_is_told_and_nothing_sent(tmp_path: Path, text: str, encoding: Any) -> None:
    """What cannot be the key is a failure before anything leaves, without a word of the secret."""
    scheme = Hmac(secret=secret(tmp_path, text), secret_encoding=encoding)
    with pytest.raises(RequestError, match=f"not in {encoding}") as lost:
        await scheme.sign(Draft("GET", "https://h/", {}, b""), Context(values={}, base=tmp_path), 1.0)
    assert not lost.value.sent


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"over": "{timestamp}{nobody}"}, "{nobody}"),
        ({"over": "{method}{body}"}, "no timestamp"),
        ({"over": "{timestamp}{path}"}, "does not cover the body"),
        ({"signature_header": "X Sig"}, "not a header's name"),
    ],
)
def test_a_signature_that_protects_nothing_is_found_beforehand(more: dict[str, Any], words: str) -> None:
    """`golive check` refuses a signed text that leaves out what must not be changed or sent again."""
    found = list(Hmac(secret=SecretRef(env="X"), **more).mistakes(Setting(values={}), body=True))
    assert any(words in mistake.what for mistake in found)


@pytest.mark.parametrize(
    ("method", "url", "headers", "service", "signature"),
    [
        (
            "GET",
            "https://example.amazonaws.com/",
            {},
            "service",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "GET",
            "https://example.amazonaws.com/?Param2=value2&Param1=value1",
            {},
            "service",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "POST",
            "https://example.amazonaws.com/",
            {},
            "service",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "GET",
            "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            "iam",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ],
)
async def test_the_vectors_that_aws_published(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    url: str,
    headers: dict[str, str],
    service: str,
    signature: str,
) -> None:
    """AWS's own test suite (get-vanilla, query order, post-vanilla) and the IAM example of its documentation."""
    moment = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).replace(tzinfo=None)
    monkeypatch.setattr(botocore_auth, "get_current_datetime", lambda **_: moment)
    scheme = Sigv4(
        service=service,
        region="us-east-1",
        credentials=aws.Credentials(access_key_id="AKIDEXAMPLE", secret_access_key=secret(tmp_path, AWS_KEY)),
    )
    got = await scheme.sign(Draft(method, url, headers, b""), Context(values={}, base=tmp_path), 0.0)
    assert got["X-Amz-Date"] == "20150830T123600Z"
    assert got["Authorization"].endswith(f"Signature={signature}")
    assert f"Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request" in got["Authorization"]
    assert AWS_KEY not in scheme.shown(Context(values={}))


async def test_every_scheme_arrives_as_it_was_signed(tmp_path: Path) -> None:
    """Path, query and body on the wire are the ones that were signed, whatever had to be escaped in them."""
    got: list[web.Request] = []
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        got.append(request)
        bodies.append(await request.read())
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", take)
    keys = aws.Credentials(
        access_key_id="AKIDEXAMPLE",
        secret_access_key=secret(tmp_path, AWS_KEY, "aws"),
        session_token=secret(tmp_path, "session-4711", "session"),
    )
    schemes = (
        Hmac(secret=secret(tmp_path, "hmac-secret-1", "hmac"), encoding="base64", key_id="k7", timestamp="unix_ms"),
        Sigv4(service="execute-api", region="eu-central-1", credentials=keys),
        Bearer(token=secret(tmp_path, "token-4711", "bearer")),
        Basic(username="golive", password=secret(tmp_path, "päss-4711", "basic")),
    )
    values = {"queue": "Früh schicht/ä+1&x=2", "decision": "d", "run": "r", "step": "s"}
    async with served_at(app) as host:
        context = Context(values=values, base=tmp_path, allow_hosts=(host,))
        for scheme in schemes:
            request = Request(
                method="PUT",
                url=f"http://{host}/routes/{{queue}}/ü?note={{queue}}&b=1",
                json={"to": "{queue}"},
                headers={"X-Site": "porto"},
                auth=scheme,
            )
            outcome = await Http(name="s", effect="once", request=request).perform(context)
            assert outcome.kind == "done", outcome.detail
    signed, v4, bearer, basic = got
    lines = (
        signed.headers["X-Timestamp"],
        "PUT",
        signed.raw_path.partition("?")[0],
        signed.raw_path.partition("?")[2],
        hashlib.sha256(bodies[0]).hexdigest(),
    )
    digest = hmac.new(b"hmac-secret-1", "\n".join(lines).encode(), hashlib.sha256).digest()
    assert signed.headers["X-Signature"] == base64.b64encode(digest).decode()
    assert signed.headers["X-Key-Id"] == "k7"
    assert "%2F" in signed.raw_path, "a slash in a value stays in its place"
    assert v4.headers["X-Amz-Security-Token"] == "session-4711"
    assert _resigned(v4, bodies[1], host) == v4.headers["Authorization"]
    assert bearer.headers["Authorization"] == "Bearer token-4711"
    assert base64.b64decode(basic.headers["Authorization"].removeprefix("Basic ")).decode() == "golive:päss-4711"


def _resigned(request: web.Request, body: bytes, host: str) -> str:
    """The signature that a service works out from what it got (AWS Signature Version 4, from its description)."""
    authorization = request.headers["Authorization"]
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0]
    scope = authorization.partition("Credential=")[2].partition(",")[0].partition("/")[2]
    path, _, query = request.raw_path.partition("?")
    quoted = quote(path, safe="/~")
    canonical_headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    text = "\n".join(
        (
            request.method,
            quoted,
            "&".join(sorted(query.split("&"))),
            canonical_headers,
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    stamp = request.headers["X-Amz-Date"]
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
    key = f"AWS4{AWS_KEY}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    assert request.headers["Host"] == host
    return authorization.partition("Signature=")[0] + f"Signature={signature}"


async def test_a_header_that_would_break_the_request_is_not_sent(tmp_path: Path) -> None:
    """A line break in a secret's file is told before anything leaves, and its value is not."""
    request = Request(
        method="PUT", url="http://127.0.0.1:9/x", headers={"X-Token": secret(tmp_path, "canary-1\r\nX-Evil: 1")}
    )
    outcome = await Http(name="s", effect="once", request=request).perform(
        Context(values={"decision": "d", "step": "s"}, base=tmp_path, allow_hosts=("127.0.0.1:9",))
    )
    assert (outcome.kind, outcome.sent) == ("failed", False)
    assert "control character or a line break" in outcome.detail
    assert "canary" not in outcome.detail


def test_without_botocore_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`golive check` names the missing extra and the command that brings it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    (mistake,) = Sigv4(service="x", region="y").mistakes(Setting(values={}), body=False)
    assert "botocore" in mistake.what
    assert mistake.hint == "pip install 'golive-monitor[aws]'"
    with pytest.raises(aws.AwsError, match="pip install"):
        aws.load(None, tmp_path)
