"""Where a report belongs: labels of the configuration, by rules over who sent it and what it says of its device."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TypeAlias

from collectors.sip_quality.message import Message
from collectors.sip_quality.report import Report
from monitor.catalogue.inventory import COMMON_LABELS
from monitor.model import Labels
from monitor.plan import Section
from monitor.text import clean_label

UNKNOWN = "unknown"
"""Value of a label that a rule could have given and none did."""
_CACHE = 10_000
_LONGEST = 256
_NAMES = frozenset((*COMMON_LABELS, "device"))
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Rule(Section, frozen=True, kw_only=True):
    """Labels for reports of which all that is written here is true. `*` in a pattern stands for any text."""

    network: str | None = None
    """Network or address that the message came from: the telephone, or the proxy before it."""
    local_network: str | None = None
    """Network of the device's media address, `LocalAddr: IP=`: the telephone itself, also behind a proxy."""
    local_host: str | None = None
    """Pattern for the host in `LocalID`."""
    local_group: str | None = None
    """Pattern for `LocalGroup`."""
    user_agent: str | None = None
    """Pattern for the header User-Agent."""
    headers: dict[str, str] = {}
    """Header -> pattern, for what a proxy marks its messages with."""
    labels: dict[str, str]
    """Label -> value."""

    def __post_init__(self) -> None:
        for name in ("network", "local_network"):
            text = getattr(self, name)
            if text is not None:
                network_of(text)
        if not self.labels:
            msg = "labels is empty: the rule would say nothing"
            raise ValueError(msg)
        check_labels(self.labels)
        if not (self.network or self.local_network or self._patterns()):
            msg = "the rule matches everything: write what it is for, or put its labels beside the rules"
            raise ValueError(msg)

    def _patterns(self) -> bool:
        return bool(self.local_host or self.local_group or self.user_agent or self.headers)


def check_labels(labels: Mapping[str, str]) -> None:
    """ValueError for a label that quality metrics do not carry; calls, people and numbers are none."""
    for name in labels:
        if name not in _NAMES:
            msg = f"{name!r} is not a label of quality metrics: write one of {', '.join(sorted(_NAMES))}"
            raise ValueError(msg)


def network_of(text: str) -> Network:
    """A network as it is written; ValueError says what is wrong."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        msg = f"{text!r} is not a network: write an address or a network such as 192.0.2.0/24 ({error})"
        raise ValueError(msg) from error


def address_of(text: str) -> Address | None:
    """An address as it is written, an IPv4 one out of its IPv6 clothes; None for anything else."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class Places:
    """Finds the labels of a report. For each label the first rule that holds and names it decides."""

    def __init__(self, fixed: Mapping[str, str], rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._networks = [
            (
                network_of(rule.network) if rule.network else None,
                network_of(rule.local_network) if rule.local_network else None,
            )
            for rule in rules
        ]
        named = {name for rule in rules for name in rule.labels}
        self._start = {**dict.fromkeys(named, UNKNOWN), **fixed}
        self._headers = sorted({name.lower() for rule in rules for name in rule.headers})
        self._cache: dict[tuple[str, ...], Labels] = {}

    def find(self, host: str, message: Message, report: Report) -> Labels:
        """Labels of a report that came from `host`."""
        said = (
            host,
            report.local_address[:_LONGEST],
            report.local_host,
            report.local_group[:_LONGEST],
            message.first("user-agent")[:_LONGEST],
            *(message.first(name)[:_LONGEST] for name in self._headers),
        )
        labels = self._cache.get(said)
        if labels is None:
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            labels = self._cache[said] = self._judge(said)
        return labels

    def _judge(self, said: tuple[str, ...]) -> Labels:
        host, local, *_ = said
        sender, device = address_of(host), address_of(local)
        found: dict[str, str] = {}
        for rule, (network, local_network) in zip(self._rules, self._networks, strict=True):
            if _within(sender, network) and _within(device, local_network) and self._fits(rule, said):
                found = {**rule.labels, **found}
        labels = {**self._start, **found}
        return tuple(sorted((name, str(clean_label(value))) for name, value in labels.items() if value))

    def _fits(self, rule: Rule, said: tuple[str, ...]) -> bool:
        _, _, host, group, agent, *headers = said
        told = dict(zip(self._headers, headers, strict=True))
        pairs = [(rule.local_host, host), (rule.local_group, group), (rule.user_agent, agent)]
        pairs += [(pattern, told[name.lower()]) for name, pattern in rule.headers.items()]
        return all(pattern is None or _like(text, pattern) for pattern, text in pairs)


def _within(address: Address | None, network: Network | None) -> bool:
    return network is None or (address is not None and address in network)


def _like(text: str, pattern: str) -> bool:
    """Whether a text has the form of a pattern, upper or lower case."""
    return bool(text) and fnmatchcase(text.lower(), pattern.lower())
