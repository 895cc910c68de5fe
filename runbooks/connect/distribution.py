"""Traffic between two regions of Amazon Connect: telephones, agents and sign-in move together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

STEP, WHOLE = 10, 100
LEGS = ("TelephonyConfig", "AgentConfig", "SignInConfig")


def legs(shares: Mapping[str, Any]) -> dict[str, Any]:
    """The three legs of UpdateTrafficDistribution for percentages by region; who gets nothing is not signed in to."""
    parts = [{"Region": region, "Percentage": share} for region, share in shares.items()]
    enabled = [{"Region": region, "Enabled": str(share).strip() != "0"} for region, share in shares.items()]
    return {
        "TelephonyConfig": {"Distributions": parts},
        "AgentConfig": {"Distributions": parts},
        "SignInConfig": {"Distributions": enabled},
    }


def problems(given: Mapping[str, Any], *, telephony_only: bool, unfilled: bool = False) -> Iterator[str]:
    """Why a distribution would leave calls without agents, or be refused. unfilled: templates still stand in it."""
    missing = [leg for leg in LEGS if leg not in given]
    if "TelephonyConfig" not in given:
        yield "it moves no calls: TelephonyConfig is missing"
    elif missing and not telephony_only:
        yield f"it moves calls without {' and '.join(missing)}: they would find nobody"
    for leg in LEGS[:2]:
        shares = [part.get("Percentage") for part in _parts(given.get(leg))]
        open_shares = [share for share in shares if unfilled and isinstance(share, str) and "{" in share]
        shares = [share for share in shares if share not in open_shares]
        numbers = [int(str(share)) for share in shares if str(share).isdigit()]
        if leg in given and (len(numbers) != len(shares) or any(number % STEP for number in numbers)):
            yield f"{leg}: percentages go in steps of {STEP}"
        elif leg in given and not open_shares and sum(numbers) != WHOLE:
            yield f"{leg}: the percentages come to {sum(numbers)}, not {WHOLE}"
    signed_in = [part.get("Enabled") for part in _parts(given.get("SignInConfig"))]
    if "SignInConfig" in given and not unfilled and not any(str(on).lower() == "true" for on in signed_in):
        yield "SignInConfig: no region would take sign-ins"


def _parts(leg: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - as a runbook wrote it
    found = leg.get("Distributions") if isinstance(leg, Mapping) else None
    return [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []


def same(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """How a distribution that was read differs from the wanted one; empty when it does not."""
    for leg in LEGS:
        if leg in wanted:
            shown = _shown(found.get(leg))
            if shown != _shown(wanted[leg]):
                return f"{leg} is {shown or 'not there'}"
    return ""


def _shown(leg: Any) -> str:  # noqa: ANN401 - as the service or a runbook wrote it
    parts = _parts(leg)
    return ", ".join(sorted(f"{part.get('Region')} {part.get('Percentage', part.get('Enabled'))}" for part in parts))
