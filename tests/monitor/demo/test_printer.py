from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import ClientSession

from monitor.demo.printer import Printer
from monitor.demo.receiver import Page, Receiver
from monitor.serving.snapshot import EventRow

ROW = EventRow(
    seq=7, at=1_795_294_546.25, kind="verdict", who="engine", what="GO -> NO-GO: loss", object="loss", state="NO-GO"
)


def test_an_event_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is an object with `at` and `event`, in the journal's words."""
    printer = Printer(as_json=True)
    printer.say("demo", "scenario x", port=1)
    printer.event(ROW)
    printer.page({"summary": "two\nlines \x1b[31m"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["demo", "verdict", "notify"]
    assert all(isinstance(line["at"], float) for line in lines)
    assert lines[0]["port"] == 1
    assert (lines[1]["state"], lines[1]["seq"], lines[1]["at"]) == ("NO-GO", 7, 1_795_294_546.25)
    assert "\x1b" not in lines[2]["what"]
    assert "\n" not in lines[2]["what"]


def test_without_json_it_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads the time, the kind and what happened; control characters reach no screen."""
    printer = Printer(as_json=False)
    printer.event(ROW)
    printer.page({"summary": "page \x1b]0;title\x07"})
    first, second = capsys.readouterr().out.splitlines()
    assert first == "20:55:46 verdict: engine: GO -> NO-GO: loss"
    assert "\x1b" not in second


async def test_the_pager_takes_pages_over_http() -> None:
    """A page is handed on; what is no JSON object is refused."""
    pages: list[Page] = []
    receiver = Receiver(pages.append)
    port = await receiver.start()
    url = f"http://127.0.0.1:{port}/notify"
    try:
        async with asyncio.timeout(5), ClientSession() as session:
            async with session.post(url, json={"summary": "blind"}) as answer:
                assert answer.status == 204
            async with session.post(url, data=b"[1]") as answer:
                assert answer.status == 400
    finally:
        await receiver.stop()
    assert pages == [{"summary": "blind"}]
