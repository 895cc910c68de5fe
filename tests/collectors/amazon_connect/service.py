"""A stand-in for Amazon Connect and CloudWatch: takes and gives only what Amazon's own service models allow.

It counts what comes by a token bucket of its own, refuses what is beyond it, and misbehaves on request.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.rig.mosquitto import free_port

CONNECT, CLOUDWATCH = (Session().get_service_model(name) for name in ("connect", "cloudwatch"))
OPERATIONS = ("GetCurrentMetricData", "GetMetricDataV2", "GetCurrentUserData", "DescribeContact")
ARN = "arn:aws:connect:eu-west-2:111122223333:instance/6b9c0b0a-0000-4000-8000-000000000001"
INSTANCE = ARN.rpartition("/")[2]
SALES, CARE = "0f4c1a52-1111-4222-8333-944455566677", "0f4c1a52-1111-4222-8333-944455566688"
CREDENTIALS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": {"env": "CONNECT_SECRET"}}


class Bucket:
    """What Amazon documents: a rate, and a burst."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst, self.level, self.at = rate, float(burst), float(burst), time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class Amazon:
    """`answers` makes each operation's fields from its input; `ways` is how the next requests of one are answered."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls: Counter[str] = Counter()
        self.inputs: dict[str, list[dict[str, Any]]] = {}
        self.times: dict[str, list[float]] = {}
        self.over = 0
        """Requests beyond the rate."""
        self.buckets = {"GetCurrentMetricData": Bucket(5, 8), "": Bucket(2, 5)}
        self.ways: dict[str, list[str]] = {}
        """throttle, throttle N (with Retry-After: N), internal, denied, garbage, cut, hang, nameless."""
        self.answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GetCurrentMetricData": lambda _: {"MetricResults": [], "DataSnapshotTime": time.time()},
            "GetMetricDataV2": lambda _: {"MetricResults": []},
            "GetCurrentUserData": lambda _: {"UserDataList": []},
            "DescribeContact": lambda _: {"Contact": {}},
            "GetMetricData": lambda _: {"MetricDataResults": []},
        }
        self._open = AsyncExitStack()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        model, operation, given = self._read(request, body)
        self.calls[operation] += 1
        self.inputs.setdefault(operation, []).append(given)
        self.times.setdefault(operation, []).append(time.monotonic())
        described = model.operation_model(operation)
        report = ParamValidator().validate(given, described.input_shape)
        assert not report.has_errors(), report.generate_report()
        assert resigned(request, body) == request.headers["Authorization"].rpartition("Signature=")[2]
        assert (
            f"/eu-west-2/{model.metadata.get('signingName', model.metadata['endpointPrefix'])}/"
            in request.headers["Authorization"]
        )
        ways = self.ways.get(operation, [])
        way = ways.pop(0) if ways else "ok"
        bucket = self.buckets.get(operation) or self.buckets[""]
        if model is CONNECT and not bucket.take():
            self.over += 1
            way = "throttle"
        return await self._answer(request, way, described, given)

    async def _answer(
        self, request: web.Request, way: str, described: Any, given: dict[str, Any]
    ) -> web.StreamResponse:
        word, _, seconds = way.partition(" ")
        if word == "throttle":
            return failure(
                429, "TooManyRequestsException", "Rate exceeded", **({"Retry-After": seconds} if seconds else {})
            )
        if word == "internal":
            return failure(500, "InternalServiceException", "Request processing failed")
        if word == "denied":
            return failure(403, "AccessDeniedException", "User is not authorized \x1b[2J")
        if word == "garbage":
            return web.Response(body=b"\xff{", headers={"x-amzn-RequestId": "r"})
        if word == "nameless":
            return web.json_response({"MetricResults": []})
        if word == "cut":
            assert request.transport is not None
            request.transport.abort()
        if word == "hang":
            await asyncio.sleep(30)
        made = self.answers[described.name](given)
        report = ParamValidator().validate(without_nulls(made), described.output_shape)
        assert not report.has_errors(), report.generate_report()
        return web.Response(
            text=json.dumps(made, default=_time),
            headers={"x-amzn-RequestId": "req-4711"},
            content_type="application/json",
        )

    def _read(self, request: web.Request, body: bytes) -> tuple[Any, str, dict[str, Any]]:
        target = request.headers.get("X-Amz-Target", "")
        if target:
            return CLOUDWATCH, target.rpartition(".")[2], json.loads(body)
        for operation in OPERATIONS:
            model = CONNECT.operation_model(operation)
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(model.http["requestUri"]))
            match = re.fullmatch(pattern, request.raw_path)
            if match is not None and model.http["method"] == request.method:
                fields: dict[str, Any] = json.loads(body) if body else {}
                names = {shape.serialization.get("name"): name for name, shape in model.input_shape.members.items()}
                return (
                    CONNECT,
                    operation,
                    fields | {names[key]: unquote(value) for key, value in match.groupdict().items()},
                )
        raise web.HTTPNotFound

    async def start(self) -> None:
        self._open = AsyncExitStack()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        self._open.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        await self._open.aclose()


def resigned(request: web.Request, body: bytes) -> str:
    """The signature that the request must have, by Amazon's own way."""
    told = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/\d{8}/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=\w+",
        request.headers["Authorization"],
    )
    assert told is not None, request.headers["Authorization"]
    names = [name for name in told[3].split(";") if name != "host"]
    headers = {name: request.headers[name] for name in names}
    made = AWSRequest(method=request.method, url=str(request.url), headers=headers, data=body)
    made.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(ReadOnlyCredentials("AKIAEXAMPLE", "s" * 40, None, None), told[2], told[1])
    signature: str = signer.signature(signer.string_to_sign(made, signer.canonical_request(made)), made)
    return signature


def without_nulls(value: Any) -> Any:
    """The same without nulls: botocore's validator knows none, and Amazon sends them."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _time(value: object) -> float:
    assert isinstance(value, datetime)
    return value.timestamp()


def failure(status: int, code: str, message: str, **headers: str) -> web.Response:
    numbered = {"x-amzn-ErrorType": code, "x-amzn-RequestId": "req-0", **headers}
    return web.json_response({"message": message, "__type": code}, status=status, headers=numbered)


def row(queue: str, *collections: tuple[str, float | None], channel: str = "VOICE") -> dict[str, Any]:
    """A row of GetCurrentMetricData."""
    return {
        "Dimensions": {"Queue": {"Id": queue, "Arn": f"{ARN}/queue/{queue}"}, "Channel": channel},
        "Collections": [{"Metric": {"Name": name, "Unit": "COUNT"}, "Value": value} for name, value in collections],
    }


def past(queue: str, *collections: tuple[str, float | None, float | None], **interval: Any) -> dict[str, Any]:
    """A row of GetMetricDataV2: metric, threshold, value."""
    made: dict[str, Any] = {
        "Dimensions": {"QUEUE": queue, "QUEUE_ARN": f"{ARN}/queue/{queue}", "CHANNEL": "VOICE"},
        "Collections": [
            {
                "Metric": {
                    "Name": name,
                    **({"Threshold": [{"Comparison": "LT", "ThresholdValue": limit}]} if limit else {}),
                },
                "Value": value,
            }
            for name, limit, value in collections
        ],
    }
    return {**made, "MetricInterval": {"Interval": "TOTAL", **interval}} if interval else made


def user(name: str, status: str, *contacts: tuple[str, str, str]) -> dict[str, Any]:
    """One of UserDataList; contacts: id, state, queue."""
    return {
        "User": {"Id": name, "Arn": f"{ARN}/agent/{name}"},
        "Status": {
            "StatusName": status,
            "StatusArn": f"{ARN}/agent-state/{status}",
            "StatusStartTimestamp": time.time(),
        },
        "Contacts": [
            {
                "ContactId": contact,
                "Channel": "VOICE",
                "AgentContactState": state,
                "StateStartTimestamp": 1_700_000_000.0,
                "Queue": {"Id": queue, "Arn": f"{ARN}/queue/{queue}"},
            }
            for contact, state, queue in contacts
        ],
    }


@asynccontextmanager
async def amazon() -> AsyncIterator[Amazon]:
    """An Amazon that runs."""
    here = Amazon()
    await here.start()
    try:
        yield here
    finally:
        await here.stop()
