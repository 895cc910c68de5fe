"""The schemas as they are published with this version."""

from __future__ import annotations

from importlib.resources import files

_END = ".json"

PUBLISHED: dict[str, bytes] = {
    file.name.removesuffix(_END): file.read_bytes()
    for file in sorted(files("monitor.serving.schema").iterdir(), key=lambda file: file.name)
    if file.name.endswith(_END)
}
"""Each by its name; read when the program starts."""
