"""A stand-in for Amazon Connect: takes only what Amazon's own service model allows, and misbehaves on request."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.rig.serving import served_at

MODEL = Session().get_service_model("connect")
OPERATIONS = (
    *("UpdateTrafficDistribution", "GetTrafficDistribution", "AssociatePhoneNumberContactFlow", "UpdatePhoneNumber"),
    *("UpdateContactFlowContent", "UpdateQueueStatus", "DescribeQueue", "DescribePhoneNumber", "DescribeContactFlow"),
    *("StartTestCaseExecution", "GetTestCaseExecutionSummary", "BatchGetFlowAssociation"),
)


_SPLIT = {"Distributions": [{"Region": "eu-central-1", "Percentage": 100}, {"Region": "eu-west-2", "Percentage": 0}]}
_HOME = {"Distributions": [{"Region": "eu-central-1", "Enabled": True}, {"Region": "eu-west-2", "Enabled": False}]}
BEFORE = {"TelephonyConfig": _SPLIT, "AgentConfig": _SPLIT, "SignInConfig": _HOME}


class ConnectService:
    """`calls` counts requests by operation; `state` is what the changes made."""

    def __init__(self) -> None:
        self.base = ""
        self.host = ""
        self.calls: Counter[str] = Counter()
        self.inputs: dict[str, list[dict[str, Any]]] = {}
        self.applied: Counter[str] = Counter()
        self.signed: list[str] = []
        self.ways: dict[str, list[str]] = {}
        """By operation, how the next requests are answered: ok, throttle, internal, denied, cut, hang, garbage."""
        self.state: dict[str, Any] = {"queue": "DISABLED", "flow": "old", "content": "{}", "distribution": BEFORE}
        self.results = ["IN_PROGRESS", "PASSED"]
        self.release = asyncio.Event()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        operation, given = self._read(request, await request.read())
        self.calls[operation] += 1
        self.inputs.setdefault(operation, []).append(given)
        self.signed.append(request.headers["Authorization"])
        report = ParamValidator().validate(given, MODEL.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
        ways = self.ways.get(operation, [])
        way = ways.pop(0) if ways else "ok"
        if way == "throttle":
            return failure(429, "ThrottlingException", "Rate exceeded")
        if way == "denied":
            return failure(403, "AccessDeniedException", f"you sent {request.headers['Authorization']}")
        answer = self._apply(operation, given)
        if way == "internal":
            return failure(500, "InternalServiceException", "Request processing failed")
        if way == "garbage":
            return web.Response(body=b"\x1b[2J<html>proxy</html>", status=200)
        if way == "cut":
            assert request.transport is not None
            request.transport.abort()
        if way == "hang":
            await self.release.wait()
        return web.json_response(answer, headers={"x-amzn-RequestId": "req-4711"})

    def _read(self, request: web.Request, body: bytes) -> tuple[str, dict[str, Any]]:
        """The operation whose method and path it is, with its fields, by the model."""
        for operation in OPERATIONS:
            model = MODEL.operation_model(operation)
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(model.http["requestUri"]))
            match = re.fullmatch(pattern, request.raw_path)
            if match is None or model.http["method"] != request.method:
                continue
            fields: dict[str, Any] = json.loads(body) if body else {}
            names = {shape.serialization.get("name"): name for name, shape in model.input_shape.members.items()}
            return operation, fields | {names[key]: unquote(value) for key, value in match.groupdict().items()}
        raise web.HTTPNotFound

    def _apply(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        self.applied[operation] += 1
        state = self.state
        if operation == "UpdateQueueStatus":
            state["queue"] = given["Status"]
        elif operation == "UpdateTrafficDistribution":
            state["distribution"] = {key: value for key, value in given.items() if key != "Id"}
        elif operation == "AssociatePhoneNumberContactFlow":
            state["flow"] = given["ContactFlowId"]
        elif operation == "UpdatePhoneNumber":
            state["home"] = given["TargetArn"]
        elif operation == "UpdateContactFlowContent":
            state["content"] = given["Content"]
        arn = "arn:aws:connect:eu-central-1:1:phone-number/n1"
        answers: dict[str, dict[str, Any]] = {
            "DescribeQueue": {"Queue": {"Status": state["queue"]}},
            "GetTrafficDistribution": {"Id": "x", **state["distribution"]},
            "DescribePhoneNumber": {
                "ClaimedPhoneNumberSummary": {
                    "PhoneNumberArn": arn,
                    "TargetArn": state.get("home", "arn:old"),
                    "PhoneNumberStatus": {"Status": state.get("move", "CLAIMED")},
                }
            },
            "BatchGetFlowAssociation": {
                "FlowAssociationSummaryList": [
                    {"ResourceId": arn, "FlowId": f"arn:instance/i/contact-flow/{state['flow']}"}
                ]
            },
            "DescribeContactFlow": {"ContactFlow": {"Content": state["content"]}},
            "StartTestCaseExecution": {"TestCaseExecutionId": "e-1", "Status": "INITIATED"},
        }
        if operation == "GetTestCaseExecutionSummary":
            word = self.results.pop(0) if len(self.results) > 1 else self.results[0]
            counts = {"TotalObservations": 4, "ObservationsPassed": 3, "ObservationsFailed": 1}
            return {"Status": word, "StartTime": 1.0, "ObservationSummary": counts}
        return answers.get(operation, {})


def failure(status: int, code: str, message: str) -> web.Response:
    return web.json_response(
        {"message": message}, status=status, headers={"x-amzn-ErrorType": code, "x-amzn-RequestId": "req-0"}
    )


@asynccontextmanager
async def serving() -> AsyncIterator[ConnectService]:
    here = ConnectService()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", here.serve)
    async with served_at(app) as here.host:
        here.base = f"http://{here.host}"
        try:
            yield here
        finally:
            here.release.set()
