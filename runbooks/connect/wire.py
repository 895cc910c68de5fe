"""Requests to Amazon Connect on the wire, and waiting for a test case that was started by one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from monitor.outbound import aws
from monitor.outbound.http import Hook, RequestError
from monitor.outbound.http import request as send
from monitor.redaction import masked
from monitor.text import clean
from runbooks.connect import service
from runbooks.connect.looking import Unanswered
from runbooks.context import Context
from runbooks.effect import Outcome

_TOO_MANY, _SLOWEST = 429, 60.0


class Wire(NamedTuple):
    """One place of Amazon Connect, and who speaks to it."""

    where: str
    region: str
    credentials: aws.Credentials | None
    timeout: float
    context: Context

    async def ask(
        self, operation: str, given: Mapping[str, Any], on_sent: Hook | None = None
    ) -> tuple[int, dict[str, Any]]:
        """One request: status and fields, or `Error` among them; RequestError when there is no whole answer."""
        context = self.context
        try:
            draft = await asyncio.to_thread(
                service.draft, operation, given, self.where, self.region, self.credentials, context.base
            )
        except (aws.AwsError, ValueError) as error:
            raise RequestError(f"not sent: {error}", sent=False) from error
        answer = await send(
            draft.method,
            draft.url,
            allow_hosts=context.allow_hosts,
            headers=draft.headers,
            body=draft.body or None,
            timeout=self.timeout,
            on_sent=on_sent,
        )
        return answer.status, await asyncio.to_thread(service.read, operation, answer)

    async def look(self, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of an answer that says something; Unanswered when there is none."""
        try:
            status, answer = await self.ask(operation, given)
        except RequestError as error:
            raise Unanswered(str(error)) from error
        if "Error" in answer:
            raise Unanswered(f"{operation} answered {status} {error_words(answer)}")
        return answer


async def result(
    wire: Wire, given: Mapping[str, Any], started: Mapping[str, Any], *, within: float, every: float
) -> Outcome:
    """Ask until a test case has ended. That it was started is known; its result may stay unknown.

    within, every: seconds to wait in all, and between two questions (doubled while Amazon throttles).
    """
    execution = started.get("TestCaseExecutionId")
    if not execution:
        return Outcome(kind="unknown", detail="Amazon Connect started a test case and did not say which")
    asked = {"InstanceId": given["InstanceId"], "TestCaseId": given["TestCaseId"], "TestCaseExecutionId": execution}
    called = f"test case execution {clean(execution, 80)}"
    clock = asyncio.get_running_loop().time
    until, last, wait = clock() + within, "nothing was heard of it", every
    while clock() < until:
        await asyncio.sleep(min(wait, max(0.0, until - clock())))
        try:
            status, answer = await wire.ask("GetTestCaseExecutionSummary", asked)
        except RequestError as error:
            last = f"it could not be asked: {masked(str(error))}"
            continue
        wait = min(wait * 2, _SLOWEST) if status == _TOO_MANY else every
        if "Error" in answer:
            last = f"asking was answered {status} {error_words(answer)}"
            continue
        word = str(answer.get("Status", ""))
        if word in ("PASSED", "FAILED", "STOPPED"):
            kind: Literal["done", "failed"] = "done" if word == "PASSED" else "failed"
            return Outcome(kind=kind, detail=f"{called} {word}{_counts(answer)}")
        last = f"it is {clean(word, 40) or 'in no state that is known'}"
    return Outcome(kind="unknown", detail=clean(f"{called} has no result after {within:g} s: {last}"))


def error_words(answer: Mapping[str, Any]) -> str:
    """What an answer says went wrong, secrets masked, with the number that Amazon gave it."""
    error = answer.get("Error", {})
    words = f"{error.get('Code', '')}: {error.get('Message', '')}".strip(": ")
    return clean(masked(words), 200) + request_id(answer)


def request_id(answer: Mapping[str, Any]) -> str:
    """The number that Amazon gave an answer, for its support."""
    request = answer.get("ResponseMetadata", {}).get("RequestId", "")
    return f" (request {clean(str(request), 60)})" if request else ""


def _counts(answer: Mapping[str, Any]) -> str:
    counts = answer.get("ObservationSummary") or {}
    if "TotalObservations" not in counts:
        return ""
    return f", {counts.get('ObservationsPassed', 0)} of {counts['TotalObservations']} observations passed"
