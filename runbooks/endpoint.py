"""Addresses that begin with an endpoint of the runbook: `{api}/routes`. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def split(url: str, endpoints: Mapping[str, str]) -> tuple[str, str]:
    """The endpoint's own URL without a slash at its end, and the rest; nothing and all of it where there is none."""
    for name, base in endpoints.items():
        head = f"{{{name}}}"
        if url.startswith(head):
            return base.rstrip("/"), url[len(head) :]
    return "", url
