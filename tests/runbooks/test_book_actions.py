"""Runbooks with every action, as people write them: read, shown, reviewed, and refused where they cannot work."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.signing import runbook_lines
from runbooks.book import Book, Touches
from runbooks.model import Runbook

ALL = """\
name: mine
title: Every action once
parameters:
  queue: {pattern: "[a-z]+", default: sales}
  number: {pattern: "[0-9+]+", default: "+351210000000"}
  share: {pattern: "[0-9]{1,3}", default: "100"}
endpoints: {api: "https://api.example.com"}
allow_hosts:
  - api.example.com
  - broker.example.com
  - connect.eu-central-1.amazonaws.com
  - sbc.example.com
steps:
  - name: api
    action: http
    effect: keyed
    request:
      method: POST
      url: "{api}/routes/{queue}"
      form: {to: legacy, number: "{number}"}
      auth:
        kind: oauth2
        token_url: "{api}/oauth/token"
        client_id: golive
        client_secret: {env: API_SECRET}
    expect: {status: [200, 2xx], headers: {X-Route: legacy}, paths: {"data[0].to": "{queue}"}, without: [errors]}
    key_header: X-Idempotency-Key
    probe:
      url: "{api}/routes/{queue}"
      auth: {kind: hmac, secret: {env: API_SECRET}, over: "{timestamp}.{method}.{path}"}
      expect: {json: {to: legacy}}
  - name: tool
    action: command
    effect: once
    argv: [/usr/local/bin/route-tool, --queue, "{queue}", "--note=back to legacy"]
    environment: {TOKEN: {env: TOOL_TOKEN}, SITE: porto}
    expect: {exit: [0, 3], unknown: [75], stdout: "moved {queue}"}
  - name: say
    action: mqtt
    effect: once
    broker: {host: broker.example.com, tls: {}}
    topic: cc/{queue}/route
    json: {to: legacy}
  - name: split
    action: amazon_connect
    effect: checked
    operation: UpdateTrafficDistribution
    region: eu-central-1
    input: {Id: 0f0e0d0c-1111-2222-3333-444455556666}
    shares: {eu-central-1: 0, eu-west-2: "{share}"}
  - name: smoke
    action: amazon_connect
    effect: keyed
    operation: StartTestCaseExecution
    region: eu-central-1
    input: {InstanceId: i1, TestCaseId: t1}
    within: 5m
  - {name: trunk, action: sip_options, effect: read, host: sbc.example.com, transport: tls, status: [200, 4xx]}
  - name: ring
    action: test_call
    effect: once
    host: sbc.example.com
    to: "{number}"
    answer_within: 15s
    post_dial_delay: 4s
  - {name: tell, action: notify, effect: keyed, text: "calls of {queue} are back", severity: warning, channels: [ops]}
  - {name: floor, action: manual, effect: once, instructions: "tell {queue}", confirm: "type:LEGACY", evidence: ticket}
  - {name: pause, action: wait, effect: read, span: 10s}
  - {name: look, action: verify, effect: read, that: [legacy_share >= 95%]}
verify: [legacy_share >= 95%]
"""


def loaded(folder: Path, text: str) -> Book:
    (folder / "mine.yaml").write_text(text)
    return Book.load(folder)


def test_every_action_is_read_shown_and_reviewed(tmp_path: Path) -> None:
    """All that a runbook would do is shown as it will be done; all it may reach and start stands in one list."""
    book = loaded(tmp_path, ALL)
    assert [str(finding) for finding in book.findings] == []
    plan = book.plan("mine")
    runbook = book.get("mine")
    assert plan is not None
    assert isinstance(runbook, Runbook)
    rows = {row.name: row.request for row in plan.steps("d1", plan.filled({}))}
    assert rows == {
        "api": (
            "POST https://api.example.com/routes/sales to=legacy&number=%2B351210000000"
            " [bearer *** from https://api.example.com/oauth/token as golive] (X-Idempotency-Key: d1/api)"
        ),
        "tool": ("run /usr/local/bin/route-tool --queue sales '--note=back to legacy' with TOKEN=***, SITE=porto"),
        "say": 'publish to broker.example.com:8883 cc/sales/route {"to":"legacy"}',
        "split": (
            "Amazon Connect UpdateTrafficDistribution at https://connect.eu-central-1.amazonaws.com "
            '{"Id":"0f0e0d0c-1111-2222-3333-444455556666",'
            '"TelephonyConfig":{"Distributions":[{"Region":"eu-central-1","Percentage":0},{"Region":"eu-west-2","Percentage":"100"}]},'
            '"AgentConfig":{"Distributions":[{"Region":"eu-central-1","Percentage":0},{"Region":"eu-west-2","Percentage":"100"}]},'
            '"SignInConfig":{"Distributions":[{"Region":"eu-central-1","Enabled":false},{"Region":"eu-west-2","Enabled":true}]}}'
            " [by the default credentials]"
        ),
        "smoke": (
            "Amazon Connect StartTestCaseExecution at https://connect.eu-central-1.amazonaws.com "
            '{"InstanceId":"i1","TestCaseId":"t1","ClientToken":"d1/smoke"} [by the default credentials]'
        ),
        "trunk": "SIP OPTIONS sbc.example.com:5061 over tls, expects 200 or 4xx",
        "ring": (
            "call +351210000000 from golive at sbc.example.com:5060 over udp with /usr/bin/sipp,"
            " answer within 15s, post-dial delay at most 4s, hold 3s"
        ),
        "tell": "tell ops (warning): calls of sales are back",
        "floor": "tell sales [to confirm, begin with: LEGACY] [evidence: ticket]",
        "pause": "wait 10s",
        "look": "wait until legacy_share >= 95% for 0s, within 10m00s",
    }
    touched = book.touches("mine")
    assert touched == Touches(
        hosts=(
            "api.example.com",
            "api.example.com:443",
            "broker.example.com",
            "broker.example.com:8883",
            "connect.eu-central-1.amazonaws.com",
            "connect.eu-central-1.amazonaws.com:443",
            "sbc.example.com",
            "sbc.example.com:5060",
            "sbc.example.com:5061",
        ),
        requests=(
            "api: POST {api}/routes/{queue}",
            "api: GET {api}/routes/{queue}",
            "api: POST {api}/oauth/token for a token",
            "say: publish cc/{queue}/route",
            "split: Amazon Connect UpdateTrafficDistribution at https://connect.eu-central-1.amazonaws.com",
            "smoke: Amazon Connect StartTestCaseExecution at https://connect.eu-central-1.amazonaws.com",
            "trunk: SIP OPTIONS sbc.example.com:5061 over tls",
            "ring: call {number} at sbc.example.com:5060 over udp",
            "tell: tell ops: calls of {queue} are back",
        ),
        commands=(
            "tool: /usr/local/bin/route-tool --queue '{queue}' '--note=back to legacy'",
            "ring: /usr/bin/sipp sbc.example.com:5060",
        ),
    )
    shown = "\n".join(runbook_lines(runbook, touched))
    assert "may start  tool: /usr/local/bin/route-tool" in shown


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("form: {to: legacy", "json: {a: 1}\n      form: {to: legacy", "one body: json, form or text"),
        ("kind: oauth2", "kind: oauth1", "oauth1"),
        (
            'token_url: "{api}/oauth/token"',
            "token_url: https://other.example/t",
            "other.example:443 is not in allow_hosts",
        ),
        ('token_url: "{api}/oauth/token"', 'token_url: "{api}/{queue}"', "no parameter is put into a token's address"),
        ("client_secret: {env: API_SECRET}", "client_secret: hunter2-canary", "client_secret"),
        ("status: [200, 2xx]", "status: [200, 2yy]", "is not 100 to 599"),
        ('"data[0].to": "{queue}"', '"data[0.to": "{queue}"', "is not a path"),
        ('"data[0].to": "{queue}"', '"data[0].to": "{nobody}"', "{nobody}"),
        ("key_header: X-Idempotency-Key", "key_header: X Key", "is not a header's name"),
        ("{timestamp}.{method}", "{method}.{method}", "covers no timestamp"),
        ("argv: [/usr/local/bin/route-tool", "argv: [route-tool", "not an absolute path"),
        ("argv: [/usr/local/bin/route-tool", "argv: [/bin/bash, -c", "makes a command out of its arguments"),
        ("argv: [/usr/local/bin/route-tool", 'argv: ["/opt/{queue}"', "never chooses the program"),
        ('stdout: "moved {queue}"', 'stdout: "moved {nobody}"', "{nobody}"),
        ("unknown: [75]", "unknown: [3]", "cannot be both"),
        ("exit: [0, 3]", "exit: [0, 300]", "is not an exit code"),
        ("broker: {host: broker.example.com", "broker: {host: other.example.com", "is not in allow_hosts"),
        ("operation: UpdateTrafficDistribution", "operation: DeleteInstance", "DeleteInstance"),
        ("shares: {eu-central-1: 0", "shares: {eu-central-1: 5", "steps of 10"),
        (
            "region: eu-central-1\n    input: {InstanceId",
            "region: eu-west-9\n    input: {InstanceId",
            "is not in allow_hosts",
        ),
        ("input: {InstanceId: i1, TestCaseId: t1}", "input: {InstanceId: i1}", "TestCaseId"),
        ("effect: checked\n    operation", "effect: keyed\n    operation", "knows no idempotency key"),
        ("effect: read, host: sbc", "effect: once, host: sbc", "it changes nothing"),
        ("transport: tls, status", "transport: sctp, status", "sctp"),
        ("effect: once\n    host: sbc", "effect: checked\n    host: sbc", "probe"),
        ("effect: keyed, text", "effect: read, text", "cannot be looked for"),
        ('confirm: "type:LEGACY"', "confirm: LEGACY", "type:WORD"),
        ('confirm: "type:LEGACY"', 'confirm: "type:{nobody}"', "{nobody}"),
    ],
)
def test_what_cannot_work_is_found_when_it_is_read(tmp_path: Path, old: str, new: str, what: str) -> None:
    """A runbook with a mistake in any action is not run, and the finding says where and what; never a secret."""
    assert old in ALL
    book = loaded(tmp_path, ALL.replace(old, new, 1))
    assert book.plan("mine") is None
    shown = [str(finding) for finding in book.findings]
    assert any(what in line and "mine.yaml:" in line for line in shown), shown
    assert "canary" not in "".join(shown)
