"""Amazon Connect: held against Amazon's own service model, both what is sent and how its answers are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.outbound import aws
from monitor.secrets import SecretRef
from runbooks.actions.amazon_connect import AmazonConnect
from runbooks.conduct import perform, probed
from runbooks.connect import distribution, service
from runbooks.context import Context
from runbooks.setting import Setting
from tests.runbooks.connect_service import ConnectService, serving

VALUES = {"queue": "q-sales", "share": "30", "rest": "70", "decision": "d1", "run": "r1", "step": "move"}
GROUP = "0f0e0d0c-1111-2222-3333-444455556666"
INPUTS: dict[str, dict[str, Any]] = {
    "UpdateTrafficDistribution": {"input": {"Id": GROUP}, "shares": {"eu-central-1": "{share}", "eu-west-2": "{rest}"}},
    "AssociatePhoneNumberContactFlow": {
        "input": {"PhoneNumberId": "n1", "InstanceId": "i1", "ContactFlowId": "f-legacy"}
    },
    "UpdatePhoneNumber": {"input": {"PhoneNumberId": "n1", "TargetArn": "arn:aws:connect:eu-central-1:1:instance/i2"}},
    "UpdateContactFlowContent": {
        "input": {"InstanceId": "i1", "ContactFlowId": "f1", "Content": {"Version": "2019-10-30", "StartAction": "a"}}
    },
    "UpdateQueueStatus": {"input": {"InstanceId": "i1", "QueueId": "{queue}", "Status": "ENABLED"}},
    "StartTestCaseExecution": {"input": {"InstanceId": "i1", "TestCaseId": "t1"}},
}
CHANGES = [name for name in INPUTS if name != "StartTestCaseExecution"]


def step(operation: str, base: str, effect: Any = "checked", **more: Any) -> AmazonConnect:
    keys = aws.Credentials(access_key_id="AKIDEXAMPLE", secret_access_key=SecretRef(file="aws"))
    fields: dict[str, Any] = {
        "name": "move",
        "effect": effect,
        "operation": operation,
        "region": "eu-central-1",
        "endpoint_url": base,
        "credentials": keys,
        "timeout": 3.0,
        "every": 0.01,
        **INPUTS[operation],
        **more,
    }
    return AmazonConnect(**fields)


def context(there: ConnectService, folder: Path, **values: str) -> Context:
    (folder / "aws").write_text("canary/aws+secret=4711")
    (folder / "aws").chmod(0o600)
    return Context(values={**VALUES, **values}, base=folder, allow_hosts=(there.host,))


@pytest.mark.parametrize("operation", CHANGES)
async def test_each_change_is_sent_as_the_model_says_and_can_be_looked_for(tmp_path: Path, operation: str) -> None:
    """Before it the probe says no, after it yes; the request passed Amazon's own validator; the key never shows."""
    async with serving() as there:
        here, move = context(there, tmp_path), step(operation, there.base)
        truth, seen = await probed(move, here)
        assert truth is False, seen
        outcome = await perform(move, here)
        assert (outcome.kind, outcome.detail) == ("done", f"{operation} answered 200 (request req-4711)")
        truth, seen = await probed(move, here)
        assert truth is True, seen
        assert there.calls[operation] == 1
        assert all(
            "Credential=AKIDEXAMPLE/" in line and "/eu-central-1/connect/aws4_request" in line for line in there.signed
        )
        shown = move.request_text(here)
        assert f"Amazon Connect {operation} at {there.base} " in shown
        assert "canary" not in shown + outcome.detail + seen


async def test_telephony_agents_and_sign_in_move_together(tmp_path: Path) -> None:
    """One `shares` sets all three legs; a region that gets nothing takes no sign-ins."""
    async with serving() as there:
        move = step("UpdateTrafficDistribution", there.base)
        assert (await perform(move, context(there, tmp_path, share="0", rest="100"))).kind == "done"
        (sent,) = there.inputs["UpdateTrafficDistribution"]
        parts = [{"Region": "eu-central-1", "Percentage": 0}, {"Region": "eu-west-2", "Percentage": 100}]
        assert sent["TelephonyConfig"] == sent["AgentConfig"] == {"Distributions": parts}
        assert [part["Enabled"] for part in sent["SignInConfig"]["Distributions"]] == [False, True]
        assert sent["Id"] == GROUP


@pytest.mark.parametrize(
    ("way", "kind", "words"),
    [
        ("throttle", "failed", "answered 429 ThrottlingException: Rate exceeded"),
        ("denied", "failed", "answered 403 AccessDeniedException"),
        ("internal", "unknown", "answered 500 InternalServiceException"),
        ("cut", "unknown", "the connection was cut before an answer came"),
        ("hang", "unknown", "no answer within 0.4 s"),
        ("garbage", "unknown", "not an answer of Amazon Connect: \\x1b[2J<html>proxy</html>"),
    ],
)
async def test_a_bad_answer_is_sent_once_and_told_as_it_is(tmp_path: Path, way: str, kind: str, words: str) -> None:
    """Nothing is sent twice behind our back; what may have been applied is unknown, and the probe then settles it."""
    async with serving() as there:
        there.ways["UpdateQueueStatus"] = [way]
        here, move = context(there, tmp_path), step("UpdateQueueStatus", there.base, timeout=0.4)
        outcome = await perform(move, here)
        assert (outcome.kind, outcome.sent) == (kind, True)
        assert words in outcome.detail
        assert there.calls["UpdateQueueStatus"] == 1
        truth, _ = await probed(step("UpdateQueueStatus", there.base), here)
        assert truth is (kind == "unknown")


@pytest.mark.parametrize("way", ["throttle", "internal", "denied", "cut", "hang", "garbage"])
@pytest.mark.parametrize("operation", CHANGES)
async def test_a_probe_that_gets_no_answer_cannot_tell(tmp_path: Path, operation: str, way: str) -> None:
    """Neither yes nor no: the step is parked with a question, never sent again on a guess."""
    async with serving() as there:
        there.ways = {name: [way] for name in ("DescribeQueue", "DescribePhoneNumber", "DescribeContactFlow")}
        there.ways["GetTrafficDistribution"] = [way]
        truth, seen = await probed(step(operation, there.base, timeout=0.4), context(there, tmp_path))
        assert truth is None, seen


async def test_a_number_on_its_way_is_neither_here_nor_there(tmp_path: Path) -> None:
    """UpdatePhoneNumber goes on after its answer: while Amazon says IN_PROGRESS the probe cannot tell."""
    async with serving() as there:
        here, move = context(there, tmp_path), step("UpdatePhoneNumber", there.base, effect="keyed")
        await perform(move, here)
        assert there.inputs["UpdatePhoneNumber"][0]["ClientToken"] == "d1/move"
        there.state["move"] = "IN_PROGRESS"
        assert (await probed(move, here))[0] is None
        there.state["move"] = "FAILED"
        assert (await probed(move, here))[0] is False


@pytest.mark.parametrize(
    ("results", "kind", "words"),
    [
        (["INITIATED", "IN_PROGRESS", "PASSED"], "done", "e-1 PASSED, 3 of 4 observations passed"),
        (["FAILED"], "failed", "e-1 FAILED, 3 of 4 observations passed"),
        (["STOPPED"], "failed", "e-1 STOPPED"),
        (["IN_PROGRESS"], "unknown", "has no result after 0.3 s: it is IN_PROGRESS"),
        (["SOMETHING\x1b[2J"], "unknown", "it is SOMETHING\\x1b[2J"),
    ],
)
async def test_a_test_case_is_done_only_when_it_passed(
    tmp_path: Path, results: list[str], kind: str, words: str
) -> None:
    """Started is not passed: its result is waited for, through throttling and faults, and no result is unknown."""
    async with serving() as there:
        there.results = results
        there.ways["GetTestCaseExecutionSummary"] = ["throttle", "internal", "cut"]
        call = step("StartTestCaseExecution", there.base, effect="keyed", within=0.3 if kind == "unknown" else 10.0)
        outcome = await perform(call, context(there, tmp_path))
        assert outcome.kind == kind
        assert words in outcome.detail
        assert there.calls["StartTestCaseExecution"] == 1


async def test_what_amazon_would_refuse_never_leaves(tmp_path: Path) -> None:
    """A parameter that makes an impossible request is told before anything is sent."""
    async with serving() as there:
        cases = [
            (step("UpdateTrafficDistribution", there.base), {"share": "35", "rest": "65"}, "steps of 10"),
            (step("UpdateTrafficDistribution", there.base), {"share": "30", "rest": "80"}, "come to 110"),
            (step("UpdateTrafficDistribution", there.base), {"share": "many"}, "not a whole number"),
            (
                step("UpdateQueueStatus", there.base, input={"QueueId": "q", "InstanceId": "i", "Status": "{queue}"}),
                {},
                "ENABLED",
            ),
            (step("UpdateQueueStatus", there.base, input={"QueueId": "q"}), {}, "InstanceId"),
        ]
        for move, values, words in cases:
            outcome = await perform(move, context(there, tmp_path, **values))
            assert (outcome.kind, outcome.sent) == ("failed", False), words
            assert words in outcome.detail
        assert not there.calls


async def test_its_endpoint_is_under_the_outbound_policy(tmp_path: Path) -> None:
    """An endpoint that allow_hosts does not name is not spoken to."""
    async with serving() as there:
        elsewhere = Context(values=VALUES, base=tmp_path, allow_hosts=("connect.eu-central-1.amazonaws.com",))
        context(there, tmp_path)
        outcome = await perform(step("UpdateQueueStatus", there.base), elsewhere)
        assert (outcome.kind, outcome.sent, there.calls.total()) == ("failed", False, 0)
        assert "allow_hosts" in outcome.detail


async def test_without_credentials_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys anywhere is one sentence with what to do, and surely nothing left this machine."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    async with serving() as there:
        outcome = await perform(step("UpdateQueueStatus", there.base, credentials=None), context(there, tmp_path))
        assert (outcome.kind, outcome.sent) == ("failed", False)
        assert "there are no AWS credentials; next: name them in the runbook" in outcome.detail
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDDEFAULT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-default-secret")
        outcome = await perform(step("UpdateQueueStatus", there.base, credentials=None), context(there, tmp_path))
        assert outcome.kind == "done"
        assert "Credential=AKIDDEFAULT/" in there.signed[-1]


@pytest.mark.parametrize(
    ("operation", "effect", "more", "words"),
    [
        ("UpdateQueueStatus", "keyed", {}, "knows no idempotency key"),
        ("StartTestCaseExecution", "checked", {}, "its result cannot be read"),
        ("UpdateQueueStatus", "read", {}, "read is not for this action"),
        (
            "UpdateQueueStatus",
            "checked",
            {"input": {"InstanceId": "i1", "QueueId": "q", "Status": "OFF"}},
            "not one of ENABLED",
        ),
        ("UpdateQueueStatus", "checked", {"input": {"InstanceId": "i1", "Status": "ENABLED"}}, "QueueId"),
        (
            "UpdateQueueStatus",
            "checked",
            {"input": {**INPUTS["UpdateQueueStatus"]["input"], "Color": 1}},
            "has no Color",
        ),
        (
            "UpdateQueueStatus",
            "checked",
            {"input": {"InstanceId": 5, "QueueId": "q", "Status": "ENABLED"}},
            "InstanceId",
        ),
        (
            "UpdatePhoneNumber",
            "keyed",
            {"input": {"PhoneNumberId": "n", "ClientToken": "x"}},
            "golive sets ClientToken",
        ),
        ("UpdateTrafficDistribution", "checked", {"input": {"Id": "not-a-group"}}, "does not match"),
        ("UpdateTrafficDistribution", "checked", {"shares": {"eu-central-1": 35, "eu-west-2": 65}}, "steps of 10"),
        ("UpdateTrafficDistribution", "checked", {"shares": {"eu-central-1": 100, "mars-north": 0}}, "does not match"),
        (
            "UpdateTrafficDistribution",
            "checked",
            {"shares": {}, "input": {"Id": GROUP, "TelephonyConfig": {"Distributions": []}}},
            "calls without AgentConfig and SignInConfig",
        ),
        ("UpdateQueueStatus", "checked", {"endpoint_url": "https://elsewhere.example"}, "is not in allow_hosts"),
        ("UpdateQueueStatus", "checked", {"endpoint_url": "ftp://elsewhere.example"}, "not an http or https URL"),
    ],
)
def test_what_amazon_would_refuse_is_found_beforehand(
    operation: str, effect: str, more: dict[str, Any], words: str
) -> None:
    """`golive check` holds every request against Amazon's model, before there is a night to spoil."""
    move = step(operation, "http://127.0.0.1:9", effect, **more)
    found = [mistake.what for mistake in move.mistakes(Setting(values=VALUES, allow_hosts=("127.0.0.1:9",)))]
    assert any(words in what for what in found), found


@pytest.mark.parametrize("operation", INPUTS)
def test_what_amazon_would_take_has_no_finding(operation: str) -> None:
    """The six operations as they are meant pass, with parameters that are not known yet."""
    move = step(operation, "http://127.0.0.1:9", "keyed" if operation == "StartTestCaseExecution" else "checked")
    samples = {**dict.fromkeys(VALUES, "x"), "decision": "x"}
    assert list(move.mistakes(Setting(values=samples, allow_hosts=("127.0.0.1:9",)))) == []
    assert list(move.hosts()) == ["127.0.0.1:9"]
    default = step(operation, "", "once", endpoint_url=None)
    assert list(default.hosts()) == ["connect.eu-central-1.amazonaws.com:443"]
    assert service.endpoint("cn-north-1", None) == "https://connect.cn-north-1.amazonaws.com.cn"


@settings(max_examples=60, deadline=None)
@given(share=st.integers(-50, 150), rest=st.integers(-50, 150), as_text=st.booleans())
def test_only_whole_tenths_that_come_to_a_hundred_are_distributions(share: int, rest: int, as_text: bool) -> None:
    """Any two percentages: accepted exactly when they are steps of ten and add up, as numbers or as text."""
    shares = {"eu-central-1": str(share) if as_text else share, "eu-west-2": str(rest) if as_text else rest}
    fits = 0 <= share <= 100 and share % 10 == 0 and share + rest == 100
    made = distribution.legs(shares)
    assert (not list(distribution.problems(made, telephony_only=False))) is fits
    if fits:
        typed = service.shaped("UpdateTrafficDistribution", {"Id": GROUP, **made})
        assert list(service.problems("UpdateTrafficDistribution", typed)) == []
        assert distribution.same(typed, typed) == ""
        enabled = [part["Enabled"] for part in typed["SignInConfig"]["Distributions"]]
        assert enabled == [share > 0, rest > 0]
