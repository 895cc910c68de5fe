"""Topic filters and topic templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.mqtt.topics import Template, matches, template_names


@pytest.mark.parametrize(
    ("topic_filter", "topic", "falls"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("a/+/c", "a//c", True),
        ("#", "a/b", True),
        ("a/#", "a", True),
        ("a/#", "ab", False),
        ("$share/pair/a/+", "a/b", True),
        ("$share/pair/a/+", "b/b", False),
        ("#", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
    ],
)
def test_filters(topic_filter, topic, falls):
    """Filters match as MQTT 4.7 says, shared subscriptions without their prefix."""
    assert matches(topic_filter, topic) is falls


def test_template_reads_labels():
    """Placeholders become labels; a topic of another shape gives nothing."""
    template = Template("cc/{platform}/{site}/{queue}/call")
    assert template.read("cc/target/porto/sales-en/call") == {
        "platform": "target",
        "site": "porto",
        "queue": "sales-en",
    }
    assert template.read("cc/target/porto/call") is None
    assert template.read("cc/target/porto/a/b/call") is None
    assert Template("pbx.{site}/+/#").read("pbx.porto/x") == {"site": "porto"}
    assert Template("pbx.{site}/+/#").read("pbx.porto/x/y/z") == {"site": "porto"}
    assert Template("").read("anything") == {}


@pytest.mark.parametrize("template", ["a/{site", "a/site}", "{site}/{site}", "{9}", "{a b}"])
def test_wrong_templates_are_refused(template):
    """A brace that is not closed, a name that is none and a name given twice are refused at configuration."""
    with pytest.raises(ValueError, match=r"placeholder|twice"):
        template_names(template)


@given(st.text(alphabet=st.characters(exclude_characters="/"), min_size=1, max_size=40))
def test_outside_text_is_cleaned(name):
    """Whatever a level holds, the label is printable."""
    labels = Template("cc/{queue}").read(f"cc/{name}")
    assert labels is None or labels["queue"].isprintable()
