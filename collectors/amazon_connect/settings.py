"""What a configuration says of an instance of Amazon Connect, beside what is asked of it."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from collectors.amazon_connect.budget import DOCUMENTED, Kind, Rate
from monitor.plan import Section
from monitor.secrets import SecretRef

Asked: TypeAlias = Literal["current", "agents", "users", "history", "counts", "quality", "cloudwatch"]
Channel: TypeAlias = Literal["voice", "chat", "task"]
_ARN = re.compile(r"arn:aws[a-z-]*:connect:([a-z0-9-]+):(\d{12}):instance/([a-zA-Z0-9-]{1,100})", re.ASCII)


class Instance(NamedTuple):
    """The parts of an instance's ARN."""

    arn: str
    region: str
    account: str
    id: str


def instance(arn: str) -> Instance:
    """Read an ARN; ValueError when it is not one of an instance."""
    match = _ARN.fullmatch(arn)
    if match is None:
        msg = (
            f"instance is {arn!r}, not arn:aws:connect:REGION:ACCOUNT:instance/ID; the console's overview page shows it"
        )
        raise ValueError(msg)
    return Instance(arn, *match.groups())


class Limits(Section, frozen=True, kw_only=True):
    """Requests a second and at once, of all collectors of one account and Region together.

    The defaults are Amazon's documented quotas. Lower them where other programs ask as well; raise `others` where Amazon has
    raised it. Where several collectors say different things, the lowest counts.
    """

    metrics: float = DOCUMENTED["metrics"].per_second
    """GetCurrentMetricData."""
    metrics_burst: int = DOCUMENTED["metrics"].burst
    others: float = DOCUMENTED["others"].per_second
    """Everything else of Amazon Connect."""
    others_burst: int = DOCUMENTED["others"].burst

    def __post_init__(self) -> None:
        if min(self.metrics, self.others) <= 0 or min(self.metrics_burst, self.others_burst) < 1:
            msg = "a limit of nothing: nothing would ever be asked"
            raise ValueError(msg)

    def rate(self, kind: Kind) -> Rate:
        """The rate for requests of a kind."""
        if kind == "metrics":
            return Rate(self.metrics, self.metrics_burst)
        return Rate(self.others, self.others_burst) if kind == "others" else DOCUMENTED[kind]


class Events(Section, frozen=True, kw_only=True):
    """Events that are posted to /api/v1/collectors/{name}, by an EventBridge API destination or Firehose."""

    key: SecretRef
    """What senders put into X-Api-Key, X-Amz-Firehose-Access-Key or behind `Authorization: Bearer`; 16 characters at least."""
    take: tuple[Literal["contacts", "agents"], ...] = ("contacts", "agents")
    """Which events are heard."""
    rate: int = 500
    """Events a second taken on average; beyond it a post is answered 429 with the seconds to wait."""
    plain: bool = False
    """Whether posts are taken over connections that others can read: not loopback, and without TLS."""

    def __post_init__(self) -> None:
        if self.rate < 1 or not self.take:
            msg = "rate is below one event a second, or take is empty: nothing would be heard"
            raise ValueError(msg)
