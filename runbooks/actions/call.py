"""The step that places one real call with sipp and wants it answered in time: does a customer get through?"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Literal

from monitor.outbound.addresses import Forbidden, Target
from monitor.outbound.resolving import reached
from monitor.redaction import masked
from monitor.template import TemplateError, fill
from monitor.text import clean
from monitor.units import Duration, spell_duration
from runbooks.actions.sip_options import address_user, users
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.expect import excerpt
from runbooks.mistake import Mistake
from runbooks.process import Ended, empty_folder, run
from runbooks.setting import Setting, effects
from runbooks.sip.call import ERRORS, MEDIA, SCENARIO, STATISTICS, TEARDOWN, Call, Line, arguments, read, scenario, span
from runbooks.step import Step

_LONGEST = 600.0
_SHOWN_BYTES = 65536
_NO_ROUTE = "no route from this machine"


class CallStep(Step, frozen=True, kw_only=True, tag="test_call", tag_field="action"):
    """INVITE, answer, hold, BYE. It rings somebody's telephone: say `effect: once` unless a second call does no harm."""

    host: str
    port: int = 5060
    transport: Literal["udp", "tcp"] = "udp"
    to: str
    """The number that is called, such as `{number}`."""
    caller: str = "golive"
    domain: str = ""
    """What stands behind the @ of the number; default: host and port."""
    answer_within: Duration = 20.0
    hold: Duration = 3.0
    """How long the line is held once it is answered."""
    post_dial_delay: Duration | None = None
    """Most time until it rings, or is answered without ringing."""
    media: str | None = None
    """A recording that is played, a WAV file in G.711 A-law at 8 kHz; its path is relative to golive.yaml."""
    program: str = "/usr/bin/sipp"
    """sipp 3.6 or later (Debian: sip-tester), by its absolute path."""

    @property
    def where(self) -> str:
        """The place as messages name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def request_text(self, context: Context) -> str:
        """Who is called through which place, and what is wanted of it."""
        wanted = f"answer within {spell_duration(self.answer_within)}"
        if self.post_dial_delay is not None:
            wanted += f", post-dial delay at most {spell_duration(self.post_dial_delay)}"
        media = f", plays {self.media}" if self.media else ""
        number = fill(self.to, context.values)
        return (
            f"call {number} from {self.caller} at {self.where} over {self.transport} with {self.program},"
            f" {wanted}, hold {spell_duration(self.hold)}{media}"
        )

    def templates(self) -> Iterator[str]:
        """The number, beside what every step has."""
        yield from Step.templates(self)
        yield self.to

    def hosts(self) -> Iterator[str]:
        """The server or trunk."""
        yield self.where

    def deeds(self) -> Iterator[str]:
        """The call."""
        yield f"call {self.to} at {self.where} over {self.transport}"

    def commands(self) -> Iterator[str]:
        """The program that places it."""
        yield f"{self.program} {self.where}"

    def programs(self) -> Iterator[str]:
        """The program."""
        yield self.program

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:
        """An effect class that a call does not have, a place that is not allowed, times that cannot be."""
        yield from effects(self.effect, ("once", "read"), "a call has no key and cannot be looked for")
        yield from setting.reach(("host",), self.host, self.port)
        yield from users(self, ("caller",))
        if not self.to:
            yield Mistake(("to",), "calls nobody", "write a number")
        if not Path(self.program).is_absolute():
            yield Mistake(("program",), f"{self.program!r} is not an absolute path", "nothing is looked for in PATH")
        if self.domain and not self.domain.replace(".", "").replace("-", "").replace(":", "").isalnum():
            yield Mistake(("domain",), f"{self.domain!r} is not a domain", "write host or host:port")
        if span(self.answer_within, self.hold) > _LONGEST or self.answer_within < 1:
            yield Mistake(("answer_within",), f"a call takes 1 s to {_LONGEST:g} s in all", "wait or hold less")

    async def perform(self, context: Context) -> Outcome:
        """Place it once."""
        try:
            line = await self._line(context)
        except (TemplateError, Forbidden, OSError) as error:
            return Outcome(kind="failed", detail=clean(f"not sent: {error}"), sent=False)
        async with empty_folder() as folder:
            try:
                await asyncio.to_thread(self._lay_out, folder, context.base)
            except OSError as error:
                return Outcome(kind="failed", detail=clean(f"not sent: {error}"), sent=False)
            ended = await run(
                arguments(self.program, line),
                environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb", "HOME": str(folder)},
                folder=folder,
                timeout=span(self.answer_within, self.hold) + TEARDOWN,
                on_started=lambda: context.reach("step.after_send"),
            )
            call = await asyncio.to_thread(_written, folder)
        await context.reach("step.after_reply")
        return judged(ended, call, self)

    async def _line(self, context: Context) -> Line:
        user = address_user(self.to, context)
        address = (await reached(Target("sip", self.host.rstrip(".").lower(), self.port), context.allow_hosts))[0]
        return Line(
            address=address,
            port=self.port,
            transport=self.transport,
            local=await _local(address, self.port),
            user=user,
            caller=self.caller,
            domain=self.domain or self.where,
            answer_within=self.answer_within,
            hold=self.hold,
        )

    def _lay_out(self, folder: Path, base: Path) -> None:
        template = (resources.files("runbooks.sip") / "call.xml").read_text(encoding="utf-8")
        (folder / SCENARIO).write_text(scenario(template, media=self.media is not None), encoding="utf-8")
        if self.media is not None:
            shutil.copyfile(base / self.media, folder / MEDIA)


async def _local(address: str, port: int) -> str:
    """The address on this machine that leads to another; sends nothing."""
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(address, port))
    except OSError as error:
        raise OSError(error.errno, f"{_NO_ROUTE}: {error.strerror}") from error
    try:
        return str(transport.get_extra_info("sockname")[0])
    finally:
        transport.close()


def _written(folder: Path) -> Call:
    def text(path: Path | None) -> str:
        try:
            return path.read_bytes()[:_SHOWN_BYTES].decode("utf-8", "replace") if path is not None else ""
        except OSError:
            return ""

    counts = next(iter(sorted(folder.glob("*_counts.csv"))), None)
    return read(text(folder / STATISTICS), text(counts), text(folder / ERRORS))


def judged(ended: Ended, call: Call, step: CallStep) -> Outcome:
    """What a call says. Pure. A call that was cut off by us may still be up, so its outcome is unknown."""
    if ended.refused:
        hint = "; next: apt-get install sip-tester" if "No such file" in ended.refused else ""
        return Outcome(kind="failed", detail=clean(masked(f"not sent: {ended.refused}{hint}")), sent=False)
    if ended.lost or ended.timed_out or ended.exit is None:
        kind: Literal["failed", "unknown"] = "failed" if step.effect == "read" else "unknown"
        return Outcome(kind=kind, detail=f"sipp was cut off, the call may still be up: {excerpt(ended.err)}")
    times = "" if call.ringing is None else f"rang after {call.ringing:.2f} s"
    if call.answered is None:
        return Outcome(kind="failed", detail=_unanswered(ended, call, step) + (f", {times}" if times else ""))
    times += f"{', ' if times else ''}answered after {call.answered:.2f} s"
    if why := _late(call, call.answered, step):
        return Outcome(kind="failed", detail=f"{times}, {why}")
    held = f", held {spell_duration(step.hold)}" if call.ended else ", but it did not end in order"
    return Outcome(kind="done" if call.ended else "failed", detail=f"{times}{held}")


def _unanswered(ended: Ended, call: Call, step: CallStep) -> str:
    if call.refused:
        return f"refused with {call.refused}"
    if call.placed:
        return f"not answered within {spell_duration(step.answer_within)}"
    return f"no call was placed: {excerpt(ended.err)}"


def _late(call: Call, answered: float, step: CallStep) -> str:
    if answered > step.answer_within:
        return f"later than {spell_duration(step.answer_within)}"
    delay = answered if call.ringing is None else call.ringing
    if step.post_dial_delay is not None and delay > step.post_dial_delay:
        return f"post-dial delay over {spell_duration(step.post_dial_delay)}"
    return ""
