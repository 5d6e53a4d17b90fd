"""What the bot notes of its own work, for /readyz and /metrics."""

from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from bot.telegram_errors import ErrorKind, Failure

FAILS_AGAIN_WITHIN_S = 300
"""A delivery that fails is tried again sooner; where none was, nothing is to be shown any more."""
OF_ONE_CHAT = {
    *(ErrorKind.CHAT_GONE, ErrorKind.CHAT_MOVED, ErrorKind.MESSAGE_GONE, ErrorKind.NO_RIGHTS, ErrorKind.TOPIC_GONE),
    *(ErrorKind.FORBIDDEN, ErrorKind.NOT_MODIFIED),
}
"""Failures that say nothing of other chats' charts."""
LAG_BUCKETS_S = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600)


@dataclass
class Failing:
    """Charts have failed since the first of these moments, by time.monotonic, and last at the other; none was shown."""

    since: float
    last: float
    text: str


@dataclass
class Signs:
    """Moments by time.monotonic, None where there was none yet. Written by the event loop, read by any thread.

    turned_at: the event loop's last turn. answered_at: Telegram's last good answer to what asks it all the time.
    delivered_at: when a chart was shown last, or none was due.
    """

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    turned_at: float | None = None
    answered_at: float | None = None
    delivered_at: float | None = None
    failing: Failing | None = None

    def __post_init__(self) -> None:
        ProcessCollector(registry=self.registry)
        metric: dict[str, Any] = {"namespace": "tallybird", "registry": self.registry}
        self.shown = Counter("charts_shown", "Charts shown in chats.", **metric)
        self.failures = Counter(
            "delivery_failures", "Charts that Telegram did not take, by what its answer means.", ["kind"], **metric
        )
        self.asked_to_wait = Counter("telegram_rate_limited_requests", "Answers of Telegram with status 429.", **metric)
        self.lag = Histogram(
            "delivery_lag_seconds",
            "From the reading of the figures in a live chart, or from a person's request, until the chart was shown.",
            ["cause"],
            buckets=LAG_BUCKETS_S,
            **metric,
        )

    def nothing_due(self) -> None:
        self.delivered_at = monotonic()

    def chart_shown(self, lag: timedelta | None, *, requested: bool) -> None:
        """lag: None where the chart was to come at a time of its own."""
        self.delivered_at, self.failing = monotonic(), None
        self.shown.inc()
        if lag is not None:
            self.lag.labels("request" if requested else "reading").observe(lag.total_seconds())

    def chart_failed(self, failure: Failure) -> None:
        self.failures.labels(failure.kind.name.lower()).inc()
        if failure.kind not in OF_ONE_CHAT:
            now = monotonic()
            is_new = self.failing is None or now - self.failing.last > FAILS_AGAIN_WITHIN_S
            since = now if is_new or self.failing is None else self.failing.since
            self.failing = Failing(since, now, failure.text)
