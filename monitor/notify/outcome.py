"""What an attempt to deliver came to, and what an HTTP answer means for the next one. Pure."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from monitor.outbound.addresses import Forbidden
from monitor.outbound.http import Answer, RequestError
from monitor.text import clean

LONGEST_WAIT = 300.0
"""Most seconds that a receiver can make us wait by Retry-After: a page is no use tomorrow."""
_AGAIN = frozenset({408, 409, 425, 429})
_SHOWN = 200


class Outcome(NamedTuple):
    """What one attempt came to."""

    delivered: bool
    again: bool
    """Whether another attempt can help."""
    wait: float
    """Least seconds until then, as the receiver asked."""
    detail: str
    reached: Literal["yes", "no", "unknown"] = "yes"
    """Whether the receiver got it, whatever it made of it."""


def judged(answer: Answer, now: float) -> Outcome:
    """What a status means: 2xx is delivered; 5xx, 408, 409, 425 and 429 may pass; the rest will not."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - success, RFC 9110 15.3
        return Outcome(delivered=True, again=False, wait=0.0, detail=f"delivered ({status})")
    if status >= 500 or status in _AGAIN:  # noqa: PLR2004 - server errors, RFC 9110 15.6
        return Outcome(
            delivered=False, again=True, wait=wait_of(answer.retry_after, now), detail=f"the receiver answered {status}"
        )
    if 300 <= status < 400:  # noqa: PLR2004 - redirections, RFC 9110 15.4
        words = f"the receiver answered {status}, and redirects are not followed; next: put its final address in golive.yaml"
    else:
        words = f"the receiver refuses it: {status}; next: check url and secret of this channel"
    return Outcome(delivered=False, again=False, wait=0.0, detail=words)


def failed(error: Exception, hidden: str = "") -> Outcome:
    """What an exception on the way means. hidden: an address that is a secret and must not be shown."""
    words = clean(str(error).replace(hidden, "***") if hidden else str(error), _SHOWN)
    if isinstance(error, Forbidden):
        return Outcome(delivered=False, again=False, wait=0.0, detail=words, reached="no")
    reached: Literal["no", "unknown"] = "unknown" if isinstance(error, RequestError) and error.sent else "no"
    return Outcome(delivered=False, again=True, wait=0.0, detail=words, reached=reached)


def wait_of(retry_after: str, now: float) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110 10.2.3), 0 when it says nothing usable, at most 300."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - now), LONGEST_WAIT)
