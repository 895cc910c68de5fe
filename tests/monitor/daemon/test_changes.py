"""What a reload may take over, and what it refuses by name: every section of the configuration has its answer."""

from __future__ import annotations

import msgspec
import pytest

from monitor.config import Config
from monitor.daemon.changes import MOST_SAID, Differences, differences
from monitor.documents.loading import Loaded, load_text
from tests.monitor.config_base import BASE

TAKEN = {
    "a limit": ("breach: 30ms", "breach: 35ms", "rule jitter: breach 0.03 → 0.035", True),
    "a new rule": ("triggers:\n", "  - {name: more, metric: my_ratio, estimator: last, window: 5m, operator: '>', breach: 1, missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}}\ntriggers:\n", "rule more is new", True),
    "a title of a rule": ("  - name: jitter\n", "  - name: jitter\n    title: Jitter\n", "rule jitter: title none → Jitter", False),
    "a title of a gate": ("{name: voice, rules", "{name: voice, title: Voice, rules", "gate voice: title none → Voice", False),
    "an address": ("pager.example/x", "pager.example/y", "channel pager: another url", False),
    "a channel": ("web: {", "  - {name: mail, kind: webhook, url: 'https://mail.example/'}\nweb: {", "channel mail is new", False),
    "a kind of channel": ('{name: pager, kind: webhook, url: "https://pager.example/x"}', "{name: pager, kind: slack, url: {file: x}}", "channel pager is of another kind", False),
    "paging": ("web: {", "paging: {remind: 1m}\nweb: {", "paging: remind 300 → 60", False),
    "inhibit": ("web: {", "inhibit: [{source: jitter, targets: [mos], equal: []}]\nweb: {", "inhibit: another list", False),
    "the port's bounds": ('web: {listen: "127.0.0.1:8930"}', 'web: {listen: "127.0.0.1:8930", max_requests: 4}', "web: max_requests 32 → 4", False),
}  # fmt: skip
REFUSED = {
    "cutover.environment": ("name: retail\n", "name: retail\n  environment: TEST\n"),
    "cutover.decide_by": ("05:30:00Z", "05:45:00Z"),
    "people[1]": ("{name: ben, role: approver,", "{name: ben, role: operator,"),
    "sites[0]": ("agents: 12}\nwaves", "agents: 13}\nwaves"),
    "waves[0]": ("queues: [sales]", "queues: [service]"),
    "stages[1]": ("share: 10", "share: 20"),
    "points_of_no_return[0]": ('when: ">= 1"', 'when: ">= 2"'),
    "collectors[0]": ("max_age: 10s", "max_age: 15s"),
    "metrics[0]": ("help: Mine.", "help: Ours."),
    "signals[0]": ("estimator: last, window: 1m", "estimator: last, window: 2m"),
    "triggers[0]": ("quorum: 2, deadline: 4m", "quorum: 1, deadline: 4m"),
    "gates[0]": ("rules: [mos, jitter]", "rules: [mos]"),
    "gates[1]": ("signed_by: telephony}", "signed_by: manager}"),
    "journal.record": ("web: {", "journal: {record: true}\nweb: {"),
    "web.listen": ("127.0.0.1:8930", "127.0.0.1:8931"),
    "runbooks": ("web: {", "runbooks: plans\nweb: {"),
    "rules": ("    by: [site]\n", "    by: [site, trunk]\n"),
}  # fmt: skip


def loaded(text: str) -> Loaded[Config]:
    """A configuration from text."""
    made = load_text(text, "f", Config)
    assert made.value is not None, made.findings
    return made


def other(old: str, new: str) -> Loaded[Config]:
    """The small configuration with one thing changed."""
    assert BASE.count(old) >= 1, old
    return loaded(BASE.replace(old, new, 1))


def now() -> Config:
    """What runs."""
    made = loaded(BASE).value
    assert made is not None
    return made


def compared(made: Loaded[Config], busy: str = "") -> Differences:
    """What a reload of it would do."""
    assert made.value is not None
    return differences(now(), made.value, made.positions, busy)


@pytest.mark.parametrize("name", TAKEN)
def test_what_can_change_is_said_in_words(name: str) -> None:
    """Thresholds, words, channels, paging and inhibitions are taken over; no address stands in what is said."""
    old, new, words, judging = TAKEN[name]
    made = other(old, new)
    found = compared(made)
    assert found.refused == ()
    assert found.taken == (words,)
    assert found.judging is judging
    assert "example" not in "".join(found.taken)


@pytest.mark.parametrize("where", REFUSED)
def test_what_only_a_restart_takes_is_refused_at_its_place(where: str) -> None:
    """The key with file, line and column, why it cannot change, and what to do; nothing beside it is taken either."""
    made = other(*REFUSED[where])
    found = compared(made)
    (finding,) = found.refused
    assert finding.where == where
    assert finding.line
    assert "cannot change while golive runs" in finding.what
    assert "restart golive" in finding.hint


def test_every_section_has_an_answer() -> None:
    """A key that golive.yaml can hold is either compared as one that lasts or taken over by name; none is passed over."""
    from monitor.daemon.changes import _LASTING

    assert set(_LASTING) | {"gates", "rules", "inhibit", "notify", "paging", "web"} == set(Config.__struct_fields__)


def test_an_open_decision_keeps_every_rule() -> None:
    """While one is open no limit moves, and the refusal names the rule, the decision and the way on; words may change."""
    made = other(*TAKEN["a limit"][:2])
    (finding,) = compared(made, "decision d-7 is awaiting").refused
    assert "rule jitter cannot change while decision d-7 is awaiting" in finding.what
    assert (finding.where, "let the run end" in finding.hint) == ("rules[1]", True)
    for name in ("a title of a rule", "an address"):
        made = other(*TAKEN[name][:2])
        assert compared(made, "decision d-7 is executing").refused == ()


def test_the_same_is_no_difference() -> None:
    """Another way of writing the same configuration changes nothing."""
    made = loaded(BASE.replace("window: 5m", "window: 300s"))
    assert compared(made) == ((), (), False)


def test_what_is_said_is_bounded() -> None:
    """A hundred new channels are counted, not listed."""
    running = now()
    channels = tuple(msgspec.structs.replace(running.notify[0], name=f"c{number}") for number in range(100))
    then = msgspec.structs.replace(running, notify=(*running.notify, *channels))
    found = differences(running, then, loaded(BASE).positions)
    assert len(found.taken) == MOST_SAID + 1
    assert found.taken[-1] == "and 80 more"
