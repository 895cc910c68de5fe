"""Which page tells which kind of subject."""

from __future__ import annotations

from dashboards.terminal.drawing.page import Canvas, Item
from dashboards.terminal.subject import Subject


def page(subject: Subject, canvas: Canvas) -> list[Item]:
    """Everything that is known of a subject, as lines."""
    labels = ", ".join(f"{name}={value}" for name, value in subject.labels.items())
    return [
        *canvas.fact(subject.kind, subject.title, "strong"),
        *canvas.fact("labels", labels),
        *canvas.fact("metrics", ", ".join(subject.metrics)),
        *canvas.fact("rule", subject.rule),
        *canvas.fact("source", subject.source),
    ]
