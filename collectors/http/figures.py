"""Rounds of a transaction as numbers of the catalogue."""

from __future__ import annotations

from collections import Counter, deque

from collectors.http.asking import Result
from collectors.http.requests import Transaction
from collectors.http.rounds import Round
from collectors.mqtt.reading import fitting, pairs
from monitor.intake.inlet import Inlet
from monitor.outbound.addresses import target_of

UP = "golive_integration_up"
SECONDS = "golive_integration_request_seconds"
PHASE = "golive_integration_phase_seconds"
REQUESTS = "golive_integration_requests_total"
ERRORS = "golive_integration_error_ratio"
POP = "golive_screen_pop_seconds"
POPPED = "golive_screen_pop_success_ratio"
EXPIRY = "golive_tls_certificate_expiry_timestamp_seconds"
TLS = "golive_tls_version"
RECENT = 20
"""Rounds over which the shares of errors and of screen pops are taken."""
_VERSIONS = {"TLSv1": 1.0, "TLSv1.1": 1.1, "TLSv1.2": 1.2, "TLSv1.3": 1.3}


class Figures:
    """What a transaction has told so far."""

    def __init__(self, transaction: Transaction, labels: dict[str, str], inlet: Inlet) -> None:
        self._transaction = transaction
        self._labels = {**labels, "integration": transaction.integration}
        self._inlet = inlet
        self._counts: Counter[tuple[str, str]] = Counter()
        self._errors: deque[tuple[int, int]] = deque(maxlen=RECENT)
        self._pops: deque[bool] = deque(maxlen=RECENT)
        self._urls = {r.operation: r.url for r in (*transaction.requests, *transaction.cleanup)}
        self._handles: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}

    def take(self, made: Round, received: float, *, steady: bool) -> None:
        """Hand a round over. steady: false when this process was itself held up, so that its times say nothing."""
        failed = made.failed
        if steady or failed is None:
            self._emit(UP, {}, 0.0 if failed is not None else 1.0, received)
        else:
            self.unknown(received)
        self._errors.append((len(made.results), int(failed is not None)))
        asked, wrong = (sum(column) for column in zip(*self._errors, strict=True))
        self._emit(ERRORS, {}, wrong / asked, received)
        for result in (*made.results, *made.cleanup):
            self._operation(result, received, steady=steady)
        if any(request.screen_pop for request in self._transaction.requests):
            self._pops.append(made.screen_pop is not None)
            self._emit(POPPED, {}, sum(self._pops) / len(self._pops), received)
            if made.screen_pop is not None and steady:
                self._emit(POP, {}, made.screen_pop, received)

    def unknown(self, received: float) -> None:
        """Nobody can say whether it is up: a secret is not there, or this machine stood still."""
        handle = self._handle(UP, {})
        self._inlet.blank(handle, "error", received, received)

    def _operation(self, result: Result, received: float, *, steady: bool) -> None:
        where = {"operation": result.operation}
        self._counts[result.operation, result.outcome] += 1
        count = float(self._counts[result.operation, result.outcome])
        self._emit(REQUESTS, {**where, "outcome": result.outcome}, count, received)
        made = result.exchange
        if steady and made.status:
            self._emit(SECONDS, where, made.seconds, received)
        for phase, seconds in made.phases.items() if steady else ():
            self._emit(PHASE, {**where, "phase": phase}, seconds, received)
        endpoint = {"endpoint": target_of(self._urls[result.operation].replace("{", "").replace("}", "")).shown}
        if made.certificate_ends is not None:
            self._emit(EXPIRY, endpoint, made.certificate_ends, received)
        if made.tls_version in _VERSIONS:
            self._emit(TLS, endpoint, _VERSIONS[made.tls_version], received)

    def _emit(self, metric: str, labels: dict[str, str], value: float, received: float) -> None:
        handle = self._handle(metric, labels)
        if handle >= 0:
            self._inlet.emit([handle], [value], [received], received)

    def _handle(self, metric: str, labels: dict[str, str]) -> int:
        series = pairs(fitting(metric, {**self._labels, **labels}))
        handle = self._handles.get((metric, series))
        if handle is None:
            handle = self._handles[metric, series] = self._inlet.series(metric, series)
        return handle
