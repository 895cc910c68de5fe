"""Where a report belongs: rules of the configuration, and a refusal of those that cannot work."""

from __future__ import annotations

import msgspec
import pytest

from collectors.sip_quality.collector import SipQuality
from collectors.sip_quality.message import Message
from collectors.sip_quality.places import Places, Rule
from collectors.sip_quality.report import Report
from collectors.sip_quality.sources import MOST, Admission, Sources

REPORT = Report(
    "session", "c", "<sip:a@SBC-A.example.test:5060>", "10.1.2.3", "lon1/sales", "", "", None, None, None, ()
)


def labels(rules: list[Rule], host: str = "192.0.2.10", **headers: str) -> dict[str, str]:
    """Labels of one report."""
    said = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return dict(Places({"platform": "target"}, tuple(rules)).find(host, Message("", "", "", said, b""), REPORT))


def rule(site: str, **what: object) -> Rule:
    """A rule that gives a site."""
    return Rule(labels={"site": site}, **what)  # type: ignore[arg-type] # as a person writes it


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        ({"network": "192.0.2.0/24"}, True),
        ({"network": "192.0.2.10"}, True),
        ({"network": "2001:db8::/32"}, False),
        ({"local_network": "10.0.0.0/8"}, True),
        ({"local_network": "11.0.0.0/8"}, False),
        ({"local_host": "sbc-a.*"}, True),
        ({"local_host": "sbc-a"}, False),
        ({"local_group": "LON1/*"}, True),
        ({"user_agent": "yealink*"}, True),
        ({"headers": {"X-Site": "por*"}}, True),
        ({"headers": {"X-Nothing": "*"}}, False),
        ({"network": "192.0.2.0/24", "local_group": "por*"}, False),
    ],
)
def test_a_rule_holds_when_all_of_it_is_true(what, holds):
    """Each thing that a rule can say is compared with what it names; two of them must both be true."""
    found = labels([rule("porto", **what)], user_agent="Yealink SIP-T46", x_site="Porto-1")
    assert found == {"platform": "target", "site": "porto" if holds else "unknown"}


def test_the_first_rule_that_names_a_label_decides():
    """Order is what a person sees in the file; other labels of later rules still count."""
    first = rule("porto", network="192.0.2.0/24")
    second = Rule(labels={"site": "lisbon", "trunk": "b", "platform": "legacy"}, local_host="*")
    assert labels([first, second]) == {"platform": "legacy", "site": "porto", "trunk": "b"}


def test_an_ipv4_sender_on_an_ipv6_socket_is_itself():
    """On a socket for both, 192.0.2.10 comes as ::ffff:192.0.2.10 and is matched and admitted as IPv4."""
    assert labels([rule("porto", network="192.0.2.0/24")], host="::ffff:192.0.2.10")["site"] == "porto"
    sources = Sources(["192.0.2.0/24"], 10)
    assert sources.admit("::ffff:192.0.2.10", 0.0) is Admission.WELCOME
    assert sources.admit("fe80::1%eth0", 0.0) is Admission.FOREIGN


def test_the_memory_of_senders_is_bounded():
    """Ten thousand addresses are remembered; more make room for each other and are still capped one by one."""
    sources = Sources(["0.0.0.0/0"], 1)
    for number in range(MOST + 100):
        assert sources.admit(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0) is Admission.WELCOME
    assert len(sources._buckets) == MOST
    assert sources.admit("10.0.39.15", 0.0) is Admission.TOO_FAST


def test_what_can_wait_is_held_back_by_its_rate():
    """A connection that sent 30 messages at 10 a second, 10 of them at once, is read again two seconds later."""
    sources = Sources(["192.0.2.0/24"], 10)
    assert sources.wait("192.0.2.10", 10, 0.0) == 0
    assert sources.wait("192.0.2.10", 20, 0.0) == pytest.approx(2.0)
    assert sources.wait("192.0.2.10", 1, 2.0) == pytest.approx(0.1)


BASE = {"kind": "sip_quality", "name": "x", "every": 5, "listen": [{}], "allow": ["192.0.2.0/24"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"listen": []}, "nothing would be heard"),
        ({"allow": []}, "nobody could report"),
        ({"allow": ["192.0.2.1/24"]}, "is not a network"),
        ({"rate": 0}, "at least 1"),
        ({"labels": {"call_id": "x"}}, "not a label of quality metrics"),
        ({"rules": [{"labels": {"agent": "x"}, "network": "192.0.2.1"}]}, "not a label of quality metrics"),
        ({"rules": [{"labels": {"site": "x"}}]}, "matches everything"),
        ({"rules": [{"labels": {}, "network": "192.0.2.1"}]}, "would say nothing"),
        ({"rules": [{"labels": {"site": "x"}, "network": "porto"}]}, "is not a network"),
        ({"listen": [{"transport": "tls"}]}, "belong together"),
        ({"listen": [{"transport": "udp", "tls": {"cert": "a", "key": "b"}}]}, "belong together"),
        ({"listen": [{"transport": "tls", "tls": {"ca": "a"}}]}, "write cert and key"),
        ({"listen": [{"port": 70000}]}, "65535"),
        ({"nonsense": 1}, "unknown field"),
    ],
)
def test_what_cannot_work_is_refused_at_configuration(change, words):
    """Each mistake is found before the night, with words that say what to write."""
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({**BASE, **change}, SipQuality)
