"""Topics: which filter a topic falls under, and what its levels say."""

from __future__ import annotations

import re

from monitor.text import clean_label

SOURCE = "source"
"""The placeholder that names who speaks instead of a label."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
SHARED = "$share/"
"""What a shared subscription begins with (MQTT 5, 4.8.2): its group comes next."""


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic falls under an MQTT topic filter (MQTT 4.7), shared subscriptions included."""
    topic_filter = without_share(topic_filter)
    wanted, given = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and not topic_filter.startswith("$"):
        return False
    for level, part in enumerate(wanted):
        if part == "#":
            return True
        if level >= len(given) or part not in ("+", given[level]):
            return False
    return len(wanted) == len(given)


def without_share(topic_filter: str) -> str:
    """A filter that hears what the group of a shared subscription hears together; any other as it is."""
    if not topic_filter.startswith(SHARED):
        return topic_filter
    return topic_filter.split("/", 2)[2] if topic_filter.count("/") > 1 else ""


def template_names(template: str) -> tuple[str, ...]:
    """The placeholders of a topic template in their order; ValueError for one that is written wrongly."""
    rest = _PLACEHOLDER.sub("", template)
    if "{" in rest or "}" in rest:
        msg = f"{template!r}: a placeholder is a label's name in braces, such as {{site}}"
        raise ValueError(msg)
    names = tuple(_PLACEHOLDER.findall(template))
    if len(set(names)) < len(names):
        msg = f"{template!r} names a label twice"
        raise ValueError(msg)
    return names


class Template:
    """Reads labels out of topics: `cc/{platform}/{site}/{queue}/call`; `+` and `#` stand as in a filter."""

    def __init__(self, template: str) -> None:
        template_names(template)
        pattern, end = "", 0
        for hit in re.finditer(_PLACEHOLDER.pattern + r"|\+|/?#", template):
            pattern += re.escape(template[end : hit.start()])
            pattern += f"(?P<{hit[1]}>[^/]+)" if hit[1] else "[^/]+" if hit[0] == "+" else "(?:/.*)?"
            end = hit.end()
        self._pattern = re.compile(pattern + re.escape(template[end:])) if template else None

    def read(self, topic: str) -> dict[str, str] | None:
        """Labels, cleaned, and `source` where it is named; None for a topic of another shape."""
        if self._pattern is None:
            return {}
        match = self._pattern.fullmatch(topic)
        return None if match is None else {name: clean_label(value) for name, value in match.groupdict().items()}
