"""Hostile, the part that a rollback sees: values, addresses, secrets and runbooks that somebody made to do harm.

Each attack is one hostile value in one place; what it must come to is nothing: no effect, no byte that steers a
terminal, no secret where it can be read.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import random
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec

from monitor.documents.loading import load_text
from monitor.outbound.addresses import Forbidden
from monitor.outbound.http import RequestError, request
from monitor.serving.acts import Refusal
from runbooks.model import Runbook
from tests.chaos.outside import Outside, Target, outside
from tests.monitor.deciding.world import ANNA, BEN
from tests.runbooks.rollback import ENDS, Rollback, runbook

VALUES = (
    "; rm -rf /",
    "$(touch owned)",
    "`id`",
    "| tee owned",
    "&& halt",
    "--help",
    "-oProxyCommand=id",
    "../../etc/passwd",
    "..%2f..%2fstate",
    "a/b#c?d=e&f",
    "{decision}",
    "{{7*7}}",
    "${HOME}",
    "%s%s%n",
    "a\r\nIdempotency-Key: other",
    "a\nX-Evil: 1",
    "x\x00y",
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[1;1H",
    "\x9b31m",
    "\u202egnp.exe",
    "\u200b\u2066\u2069",
    "[@click=app.approve]Sales[/]",
    "[/foo]",
    "<!channel>",
    '"}, "to": "target", "x": {"y": "',
    "\\u0022",
    "+/#",
    "$SYS/broker",
    "' OR 1=1 --",
    "🦄" * 40,
    "A" * 5000,
    "\ud800",
)
ADDRESSES = (
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://metadata.google.internal/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://017700000001:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[0:0:0:0:0:ffff:7f00:1]:{port}/",
    "http://user@127.0.0.1:{port}/",
    "http://good.example@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#good.example",
    "http://127.0.0.1\\@good.example:{port}/",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1/",
    "unix:///var/run/docker.sock",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http://",
)
DOCUMENTS = (
    "!!python/object/apply:os.system [touch owned]",
    "name: !!python/name:os.system x",
    "name: !include /etc/passwd",
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]",
    "a: &a {b: *a}",
    "[" * 5000,
    "{a: " * 5000,
    "name: one\nname: two",
    "name: line\ntitle: no\nsteps: no",
    "name: line\nsteps:\n  - {name: a, action: wait, effect: read, span: 1:30:00}",
    "name: line\nsteps:\n  - {name: a, action: shell, effect: once, command: 'touch owned'}",
    "name: line\nsteps:\n  - {name: a, action: wait, effect: read, span: 1s, run: 'touch owned'}",
    "\ufeffname: line\x00",
    "name: 'a\x1b]0;owned\x07'",
    "name: \xff\xfe",
    "- " * 20000,
    "a: " + "x" * (10 * 1024 * 1024),
    "? [complex]\n: key",
    "name: line\n<<: {steps: []}",
    "%YAML 9.9\n---\nname: x",
)
SLOWEST = 1.0
"""Seconds for a hostile document."""
TEXT = """
name: line
title: Line
allow_hosts: ["{host}", "127.0.0.1:{broker}"]
parameters: {{queue: {{pattern: "(?s).*", default: "sales"}}}}
steps:
  - name: put
    action: http
    effect: keyed
    request: {{method: PUT, url: "{http}/{case}/apply/{{queue}}", json: {{queue: "{{queue}}"}}, headers: {{X-Queue: "{{queue}}"}}}}
    retry: {{times: 0}}
  - {{name: say, action: mqtt, effect: once, broker: {{host: 127.0.0.1, port: {broker}}}, topic: "chaos/{case}/{{queue}}", json: {{queue: "{{queue}}"}}, timeout: 2s}}
  - {{name: ask, action: manual, effect: once, instructions: "move {{queue}}"}}
verify: ["legacy_share >= 0.9"]
verify_within: 1s
"""


@dataclass
class Attacks:
    """What came of them."""

    tried: int = 0
    sent: int = 0
    """Hostile values that went out as what they are: text."""
    effects: int = 0
    control_bytes: int = 0
    secrets: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """As the release says it."""
        return (
            f"corpus of {self.tried} attacks: {self.effects} effects, {self.control_bytes} control bytes, "
            f"{self.secrets} secrets ({self.sent} values went out as plain text)"
        )

    def effect(self, words: str) -> None:
        """An attack had an effect."""
        self.effects += 1
        self.violations.append(f"effect: {words}")

    def look(self, text: str, where: str, canaries: tuple[str, ...]) -> None:
        """Look for bytes that steer a terminal, and for secrets in any spelling, in what people are shown."""
        steering = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n"]
        if steering:
            self.control_bytes += len(steering)
            self.violations.append(f"control bytes {steering[:5]!r} in {where}")
        for canary in canaries:
            for spelling in (canary, quote(canary, safe=""), base64.b64encode(canary.encode()).decode().rstrip("=")):
                if spelling in text:
                    self.secrets += 1
                    self.violations.append(f"a secret in {where}")


async def attack(folder: Path, seed: int) -> Attacks:
    """Try everything."""
    found = Attacks()
    canaries = tuple(f"canary-{random.Random(f'{seed}/{n}').getrandbits(64):x}" for n in range(20))
    async with outside(folder, broker=True) as world:
        world.targets = {f"v{number}": Target() for number in range(len(VALUES))}
        world.target("s")
        for number, value in enumerate(VALUES):
            await _value(found, value, folder / f"v{number}", world, canaries)
        await _addresses(found, world)
        await _secrets(found, folder / "secrets", world, canaries)
    await asyncio.to_thread(_documents, found)
    if await asyncio.to_thread(lambda: [*folder.rglob("owned"), *Path().glob("owned")]):
        found.effect("a file that only a shell could have made")
    return found


async def _value(found: Attacks, value: str, state: Path, world: Outside, canaries: tuple[str, ...]) -> None:
    """One hostile value as a parameter, in the URL, a header, a body, a topic and a person's instructions."""
    await asyncio.to_thread(state.mkdir)
    case = state.name
    target = world.target(case)
    text = TEXT.format(host=world.http.partition("://")[2], http=world.http, case=case, broker=world.broker_port)
    async with Rollback(state, runbook(text), when="probe") as world_:
        found.tried += 5
        await world_.until(lambda: world_.desk.counter.facts is not None)
        try:
            row = await world_.desk.request_run(ANNA, "line", {"queue": value}, value)
        except Refusal as refusal:
            found.look(refusal.what, f"the refusal of {value!r}", canaries)
            return
        row = await world_.desk.approve(BEN, row.id, row.digest, row.nonce, value)
        await world_.until(
            lambda: row.id not in _open(world_) or any(w.kind != "approval" for w in world_.desk.waiting_rows())
        )
        for shown in (world_.desk.decision_rows(), world_.desk.run_rows(), world_.desk.waiting_rows()):
            found.look(_texts(msgspec.to_builtins(shown)), f"what is shown of {value!r}", canaries)
        lines = await world_.journal.entries()
        found.look(
            "\n".join(f"{line.who} {line.what} {line.object}" for line in lines), f"journal of {value!r}", canaries
        )
    others = set(world.targets) - {f"v{n}" for n in range(len(VALUES))} - {"s"}
    if others:
        found.effect(f"{value!r} reached another target: {others}")
        for name in others:
            del world.targets[name]
    found.sent += target.sends.total()
    if any(key and not key.endswith("/put") for keys in target.keys.values() for key in keys):
        found.effect(f"{value!r} exchanged the idempotency key")
    if target.sends.total() > 2:
        found.effect(f"{value!r} was sent {target.sends.total()} times")


def _open(world: Rollback) -> list[str]:
    return [row.id for row in world.desk.decision_rows() if row.state not in ENDS]


def _texts(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(itertools.chain(map(str, value), map(_texts, value.values())))
    if isinstance(value, list | tuple):
        return "\n".join(map(_texts, value))
    return str(value)


async def _addresses(found: Attacks, world: Outside) -> None:
    """Addresses that nobody allowed, in every spelling, asked for under an entry that looks like it."""
    port = world.http.rpartition(":")[2]
    before = sum(target.sends.total() for target in world.targets.values())
    for spelling in ADDRESSES:
        url = spelling.format(port=port)
        for allowed in ((), ("good.example",), ("*",)):
            found.tried += 1
            try:
                answer = await request("PUT", url + "ssrf/apply/x", allow_hosts=allowed, timeout=2.0)
            except (RequestError, Forbidden, ValueError) as error:
                sent = getattr(error, "sent", False)
            else:
                sent = answer.status > 0
            if sent:
                found.effect(f"{url} was spoken to under {allowed}")
    if sum(target.sends.total() for target in world.targets.values()) != before:
        found.effect("a forbidden address was reached")


async def _secrets(found: Attacks, state: Path, world: Outside, canaries: tuple[str, ...]) -> None:
    """Twenty canaries in files and variables that a runbook's headers name: they go to the target, and nowhere else."""
    await asyncio.to_thread(state.mkdir)
    headers = []
    for number, canary in enumerate(canaries):
        if number % 2:
            os.environ[f"CANARY_{number}"] = canary
            headers.append(f"X-C{number}: {{env: CANARY_{number}}}")
        else:
            path = state / f"{number}.secret"
            await asyncio.to_thread(path.write_text, canary)
            await asyncio.to_thread(path.chmod, 0o600)
            headers.append(f"X-C{number}: {{file: {number}.secret}}")
    text = f"""
name: line
title: Line
allow_hosts: ["{world.http.partition("://")[2]}"]
steps:
  - name: put
    action: http
    effect: once
    request: {{method: PUT, url: "{world.http}/s/apply/put", headers: {{{", ".join(headers)}}}}}
    expect: {{status: 201}}
verify: ["legacy_share >= 0.9"]
"""
    async with Rollback(state, runbook(text)) as rollback:
        found.tried += len(canaries)
        await rollback.sign()
        await rollback.reaches("paused", *ENDS)
        for shown in (rollback.desk.decision_rows(), rollback.desk.run_rows(), rollback.desk.waiting_rows()):
            found.look(_texts(msgspec.to_builtins(shown)), "rows", canaries)
            found.look(repr(shown).replace("\\n", ""), "repr", canaries)
    for path in await asyncio.to_thread(lambda: [p for p in state.iterdir() if p.suffix != ".secret"]):
        raw = (await asyncio.to_thread(path.read_bytes)).decode("latin-1")
        for canary in canaries:
            if canary in raw or base64.b64encode(canary.encode()).decode().rstrip("=") in raw:
                found.secrets += 1
                found.violations.append(f"a secret in {path.name}")
    for number in range(1, len(canaries), 2):
        del os.environ[f"CANARY_{number}"]
    if not world.target("s").sends["put"]:
        found.effect("the request with the canaries never went out: nothing was proved")


def _documents(found: Attacks) -> None:
    """Runbooks that are made to run something, to explode or to be read differently than they look."""
    for text in DOCUMENTS:
        found.tried += 1
        began = time.monotonic()
        loaded = load_text(text, "evil.yaml", Runbook)
        took = time.monotonic() - began
        if loaded.value is not None:
            found.effect(f"a runbook was made of {text[:60]!r}")
        if not loaded.findings:
            found.effect(f"nothing was found wrong with {text[:60]!r}")
        if took > SLOWEST:
            found.effect(f"{text[:60]!r} took {took:.1f} s")
        found.look("\n".join(map(str, loaded.findings)), f"findings of {text[:30]!r}", ())
