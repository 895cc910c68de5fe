"""The step that changes Amazon Connect: where numbers lead, how traffic is split, which queues take calls; test calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from monitor.outbound import aws
from monitor.outbound.aws_service import STRANGE
from monitor.outbound.http import RequestError
from monitor.redaction import masked
from monitor.template import TemplateError, filled, texts
from monitor.text import clean
from monitor.units import Duration
from runbooks.connect import distribution, service
from runbooks.connect.looking import LOOKS, Unanswered
from runbooks.connect.wire import Wire, error_words, request_id, result
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.mistake import Mistake
from runbooks.setting import Setting, effects
from runbooks.step import Step

Operation = Literal[
    "UpdateTrafficDistribution",
    "AssociatePhoneNumberContactFlow",
    "UpdatePhoneNumber",
    "UpdateContactFlowContent",
    "UpdateQueueStatus",
    "StartTestCaseExecution",
]
_KEYED = frozenset({"UpdatePhoneNumber", "StartTestCaseExecution"})
"""Operations that take a ClientToken, Amazon's idempotency key."""
_TOKEN = "ClientToken"  # noqa: S105 - a field's name
_SERVER_ERROR = 500


class AmazonConnect(Step, frozen=True, kw_only=True, tag="amazon_connect", tag_field="action"):
    """One request, checked against Amazon's own model before anything is sent.

    A checked step needs no probe of its own: Describe and Get calls tell whether it took effect.
    """

    operation: Operation
    region: str
    input: dict[str, Any] = {}
    """Fields as the API names them. In a keyed step golive sets ClientToken to the step's key."""
    shares: dict[str, Any] = {}
    """For UpdateTrafficDistribution: percentage by region; sets telephony, agents and sign-in together."""
    telephony_only: bool = False
    """Says that calls are meant to move without agents and sign-in (a group that is not the default one)."""
    endpoint_url: str | None = None
    """Default: the region's own."""
    credentials: aws.Credentials | None = None
    """Default: what botocore finds (environment, shared files, the machine's role)."""
    timeout: Duration = 20.0
    within: Duration = 600.0
    """How long a test case may take until its result."""
    every: Duration = 5.0
    """How often its result is asked for."""

    def __post_init__(self) -> None:
        if self.shares and self.operation != "UpdateTrafficDistribution":
            msg = "shares are for UpdateTrafficDistribution"
            raise ValueError(msg)
        if self.shares and any(leg in self.input for leg in distribution.LEGS):
            msg = f"shares set {', '.join(distribution.LEGS)}; leave these out of input"
            raise ValueError(msg)

    @property
    def where(self) -> str:
        """The endpoint's URL."""
        return service.endpoint(self.region, self.endpoint_url)

    @property
    def tells(self) -> bool:
        """Whether it can be asked if it took effect."""
        return self.probe is not None or self.operation in LOOKS

    @property
    def asking_takes(self) -> float:
        """Seconds that asking takes at most, by the probe or by requests of our own."""
        return self.probe.timeout if self.probe is not None else self.timeout

    def fields(self, context: Context) -> dict[str, Any]:
        """The request's fields as they will be sent; numbers may still be text."""
        given: dict[str, Any] = filled(self.input, context.values)
        if self.shares:
            given |= distribution.legs(filled(self.shares, context.values))
        key = self.key_for(context)
        return given | ({_TOKEN: key} if key else {})

    def request_text(self, context: Context) -> str:
        """Operation, place, every field, and whose signature."""
        data = msgspec.json.encode(self.fields(context)).decode()
        return f"Amazon Connect {self.operation} at {self.where} {data} [{aws.shown(self.credentials)}]"

    def templates(self) -> Iterator[str]:
        """Every field, beside what every step has."""
        yield from Step.templates(self)
        yield from texts(self.input)
        yield from texts(self.shares)

    def hosts(self) -> Iterator[str]:
        """The endpoint."""
        try:
            host, port = service.place(self.where)
        except ValueError:
            return
        yield f"{host}:{port}"

    def deeds(self) -> Iterator[str]:
        """The operation."""
        yield f"Amazon Connect {self.operation} at {self.where}"

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:
        """What Amazon would refuse, by its own model; and what would send calls where nobody is."""
        try:
            yield from setting.reach(("endpoint_url",), *service.place(self.where))
        except ValueError as error:
            yield Mistake(("endpoint_url",), str(error))
        takes = ("checked", "once") if self.operation in LOOKS else ("once",)
        if self.probe is not None and self.operation not in LOOKS:
            takes = ("checked", "once")
        why = (
            f"{self.operation} knows no idempotency key"
            if self.operation not in _KEYED
            else "its result cannot be read"
        )
        yield from effects(self.effect, (*takes, *(("keyed",) if self.operation in _KEYED else ())), why)
        if _TOKEN in self.input:
            yield Mistake(("input", _TOKEN), "golive sets ClientToken to the step's key", "leave it out")
        if self.operation == "UpdateTrafficDistribution":
            given = self.input | (distribution.legs(self.shares) if self.shares else {})
            for what in distribution.problems(given, telephony_only=self.telephony_only, unfilled=True):
                yield Mistake(("shares" if self.shares else "input",), what, "see shares")
        if why := aws.missing():
            yield Mistake(("operation",), why, aws.INSTALL)
            return
        raw = self.input | (distribution.legs(self.shares) if self.shares else {})
        for what in service.problems(self.operation, raw, unfilled=True):
            yield Mistake(("input",), f"Amazon Connect would refuse it: {what}", "see the API's reference")

    async def perform(self, context: Context) -> Outcome:
        """Send it once; for a test case, wait for its result."""
        try:
            given = self.fields(context)
            why = await asyncio.to_thread(self._refused, given)
        except (TemplateError, aws.AwsError) as error:
            why = str(error)
        if why:
            return Outcome(kind="failed", detail=clean(f"not sent: {why}"), sent=False)
        wire = self._wire(context)
        try:
            status, answer = await wire.ask(self.operation, given, lambda: context.reach("step.after_send"))
        except RequestError as error:
            return Outcome(
                kind="unknown" if error.sent else "failed", detail=clean(masked(str(error))), sent=error.sent
            )
        await context.reach("step.after_reply")
        if "Error" in answer:
            strange = answer["Error"].get("Code") == STRANGE
            kind: Literal["failed", "unknown"] = "unknown" if status >= _SERVER_ERROR or strange else "failed"
            return Outcome(kind=kind, detail=f"Amazon Connect answered {status} {error_words(answer)}")
        if self.operation == "StartTestCaseExecution":
            return await result(wire, given, answer, within=self.within, every=self.every)
        return Outcome(kind="done", detail=f"{self.operation} answered {status}{request_id(answer)}")

    def _wire(self, context: Context) -> Wire:
        return Wire(self.where, self.region, self.credentials, self.timeout, context)

    def _refused(self, given: Mapping[str, Any]) -> str:
        found = list(service.problems(self.operation, given))
        if self.operation == "UpdateTrafficDistribution":
            found += distribution.problems(given, telephony_only=self.telephony_only)
        return "; ".join(found)

    async def applied(self, context: Context) -> tuple[bool | None, str]:
        """Ask the runbook's own probe where it has one, else Amazon Connect itself."""
        if self.probe is not None or self.operation not in LOOKS:
            return await Step.applied(self, context)
        try:
            wanted = await asyncio.to_thread(service.shaped, self.operation, self.fields(context))
            return await LOOKS[self.operation](self._wire(context).look, wanted)
        except (Unanswered, ValueError, aws.AwsError) as error:
            return None, f"the probe could not ask: {clean(masked(str(error)))}"
