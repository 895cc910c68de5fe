"""An Asterisk as its Manager Interface shows it, on a real socket: logs in, answers, and says what a test tells it to.

Its messages have the fields and spellings of Asterisk's sources (app_queue.c, rtp_engine.c, manager.c).
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field

from tests.rig.mosquitto import free_port

SECRET = "what-only-the-pbx-knows"  # noqa: S105 - of a PBX that is no PBX


@dataclass
class Queue:
    """A queue's present."""

    name: str
    abandoned: int = 0
    completed: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    """Unique id of a call -> seconds it has waited."""
    members: list[dict[str, str]] = field(default_factory=list)


def member(name: str, status: int = 1, **more: str) -> dict[str, str]:
    """A member as QueueStatus lists it."""
    plain = {"Name": name, "Location": f"PJSIP/{name}", "StateInterface": f"PJSIP/{name}", "Membership": "static"}
    return {**plain, "Penalty": "0", "CallsTaken": "0", "LastCall": "0", "InCall": "0", "Status": str(status), **more}


class Pbx:
    """Listens until `stop`; `silent` makes it answer nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.queues: dict[str, Queue] = {}
        self.silent = False
        self.asked: list[str] = []
        self.secret = SECRET
        self.greeting = b"Asterisk Call Manager/5.0.4\r\n"
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Break every line and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for line in list(self._lines):
            line.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        while True:
            raw = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked = dict(line.split(": ", 1) for line in raw.strip().split("\r\n"))
            self.asked.append(raw)
            if not self.silent:
                writer.write(self._answer(asked, writer))
                await writer.drain()

    def _answer(self, asked: dict[str, str], writer: asyncio.StreamWriter) -> bytes:
        number = asked["ActionID"]
        match asked["Action"]:
            case "Challenge":
                return message(Response="Success", ActionID=number, Challenge="163922771")
            case "Login":
                key = hashlib.md5(f"163922771{self.secret}".encode(), usedforsecurity=False).hexdigest()
                if asked["Key"] != key:
                    return message(Response="Error", ActionID=number, Message="Authentication failed")
                self._lines.add(writer)
                return message(Response="Success", ActionID=number, Message="Authentication accepted")
            case "QueueSummary":
                return self._list(number, "QueueSummary", [self._summary(queue) for queue in self.queues.values()])
            case "QueueStatus":
                parts = [part for queue in self.queues.values() for part in self._status(queue)]
                return self._list(number, "QueueStatus", parts)
        return message(Response="Error", ActionID=number, Message="Invalid/unknown command")

    @staticmethod
    def _list(number: str, name: str, items: list[dict[str, str]]) -> bytes:
        head = message(Response="Success", ActionID=number, EventList="start", Message=f"{name} will follow")
        body = b"".join(message(**item, ActionID=number) for item in items)
        count = str(len(items))
        return head + body + message(Event=f"{name}Complete", ActionID=number, EventList="Complete", ListItems=count)

    @staticmethod
    def _summary(queue: Queue) -> dict[str, str]:
        longest = max(queue.waiting.values(), default=0)
        return {
            "Event": "QueueSummary",
            "Queue": queue.name,
            "LoggedIn": str(len(queue.members)),
            "Available": str(sum(one["Status"] == "1" for one in queue.members)),
            "Callers": str(len(queue.waiting)),
            "HoldTime": "12",
            "TalkTime": "180",
            "LongestHoldTime": str(longest),
        }

    @staticmethod
    def _status(queue: Queue) -> list[dict[str, str]]:
        params = {
            "Event": "QueueParams",
            "Queue": queue.name,
            "Max": "0",
            "Strategy": "ringall",
            "Calls": str(len(queue.waiting)),
            "Holdtime": "12",
            "TalkTime": "180",
            "Completed": str(queue.completed),
            "Abandoned": str(queue.abandoned),
            "ServiceLevel": "20",
            "ServicelevelPerf": "80.0",
            "ServicelevelPerf2": "78.0",
            "Weight": "0",
        }
        members = [{"Event": "QueueMember", "Queue": queue.name, **one} for one in queue.members]
        entries = [
            {"Event": "QueueEntry", "Queue": queue.name, "Position": "1", "Uniqueid": call, "Wait": str(seconds)}
            for call, seconds in queue.waiting.items()
        ]
        return [params, *members, *entries]

    def say(self, **fields: str) -> None:
        """An event to everybody who listens."""
        self.raw(message(**fields))

    def raw(self, data: bytes) -> None:
        """Bytes to everybody who listens."""
        for line in self._lines:
            line.write(data)

    def join(self, queue: str, call: str) -> None:
        """A caller enters a queue."""
        self.queues[queue].waiting[call] = 0
        self.say(Event="QueueCallerJoin", Queue=queue, Uniqueid=call, Position="1", Count="1")

    def connect(self, queue: str, call: str, waited: int) -> None:
        """An agent answers."""
        self.queues[queue].waiting.pop(call, None)
        self.say(Event="QueueCallerLeave", Queue=queue, Uniqueid=call)
        self.say(Event="AgentConnect", Queue=queue, Uniqueid=call, HoldTime=str(waited), RingTime="4")

    def complete(self, queue: str, call: str, talked: int) -> None:
        """The call ends."""
        self.queues[queue].completed += 1
        self.say(Event="AgentComplete", Queue=queue, Uniqueid=call, HoldTime="4", TalkTime=str(talked), Reason="caller")

    def abandon(self, queue: str, call: str, waited: int) -> None:
        """A caller gives up."""
        self.queues[queue].waiting.pop(call, None)
        self.queues[queue].abandoned += 1
        self.say(Event="QueueCallerAbandon", Queue=queue, Uniqueid=call, Position="1", HoldTime=str(waited))
        self.say(Event="QueueCallerLeave", Queue=queue, Uniqueid=call)


def message(**fields: str) -> bytes:
    """A message as it goes over the wire."""
    return "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"
