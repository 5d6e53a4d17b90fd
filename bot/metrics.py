"""The metrics of what all processes do, read from the database, Redis and the broker whenever they are asked for."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from sqlalchemy.orm import Session

from bot.context import Context
from pipeline import clock
from pipeline.errors import AWAY
from pipeline.messaging import progress
from pipeline.messaging.queues import queue_lengths
from pipeline.records import DROPBOX
from pipeline.sources.registry import switched_on
from pipeline.sources.source import Network
from pipeline.store import ledger, network_status, totals

log = logging.getLogger(__name__)

COUNTED: dict[str, tuple[str, list[str]]] = {
    "requests": ("Requests for accounts and posts.", ["network"]),
    "readings": ("Requests for accounts and posts that brought posts.", ["network"]),
    "failed_readings": (
        "Those that failed, by why: the state of an account, or the English text that chats are told.",
        ["network", "problem"],
    ),
    "charts_drawn": ("Charts drawn.", []),
}
"""What workers count in Redis: what each is, and its labels."""

Figures = Iterator[Metric]


class SharedFigures(Collector):
    """Reads the figures anew at each scrape. Those of a server that is away are left out, and tallybird_up tells."""

    def __init__(self, context: Context, redis: Redis) -> None:
        self.context, self.redis = context, redis

    def collect(self) -> Figures:
        up = GaugeMetricFamily("tallybird_up", "Whether the server answered this scrape.", labels=["server"])
        parts: dict[str, Callable[[datetime], Figures]] = {
            "database": self._of_database,
            "redis": self._of_redis,
            "broker": self._of_broker,
        }
        now = clock.now()
        for server, part in parts.items():
            try:
                yield from list(part(now))
                up.add_metric([server], 1)
            except AWAY as error:
                log.warning("no metrics of the %s: %s", server, type(error).__name__)
                up.add_metric([server], 0)
        yield up

    def _of_database(self, now: datetime) -> Figures:
        with self.context.store.read_session() as db:
            yield from _accounts(db, now)
            yield from _charts(db, now)
            for network in switched_on(self.context.settings):
                if network.price is not None:
                    yield from self._money(db, network, now)
            services = [*(network.key for network in switched_on(self.context.settings)), DROPBOX]
            yield _family(
                "circuit_breakers_open",
                "Services that are not asked for now: networks and their servers, and Dropbox.",
                "service",
                dict.fromkeys(services, 0) | totals.open_breakers(db, now),
            )
            yield _gauge("database_size_bytes", "Size of the database.", totals.size_bytes(db))

    def _money(self, db: Session, network: Network, now: datetime) -> Figures:
        if network.price is None:
            return
        posts, profiles = totals.billed(db, network.key)
        spent = CounterMetricFamily("tallybird_spent_dollars", "What the network has billed.", labels=["network"])
        spent.add_metric([network.key], float(posts * network.price.post_usd + profiles * network.price.profile_usd))
        yield spent
        day = network_status.read_time(db, network.key, now).day.date
        money = ledger.money(db, network, self.context.settings, day)
        left = "What may still be spent today, without passing a limit."
        yield _family("budget_left_dollars", left, "network", {network.key: float(money.left)})

    def _of_redis(self, now: datetime) -> Figures:
        redis: Any = self.redis
        yield _gauge("redis_memory_bytes", "Memory that Redis' data takes.", redis.info("memory")["used_memory"])
        yield _gauge("redis_keys", "Keys in Redis' database.", redis.dbsize())
        parts = progress.load(self.redis)
        drawing = parts.pop(progress.DRAWING, now)
        yield _family(
            "last_tick_age_seconds",
            "Since a tick of the network concluded.",
            "network",
            {part: _age(at, now) for part, at in parts.items()},
        )
        yield _gauge("drawing_stalled_seconds", "For how long charts wait and none was drawn.", _age(drawing, now))
        counts = progress.load_counts(self.redis)
        for name, (text, labels) in COUNTED.items():
            family = CounterMetricFamily(f"tallybird_{name}", text, labels=labels)
            for (counted, *values), number in counts.items():
                if counted == name:
                    family.add_metric(values, number)
            if not labels and not family.samples:
                family.add_metric([], 0)
            yield family

    def _of_broker(self, _now: datetime) -> Figures:
        lengths = queue_lengths(self.context.pipeline_client.app)
        yield _family("queue_messages", "Messages that no worker has taken yet.", "queue", lengths)


def _accounts(db: Session, now: datetime) -> Figures:
    rows = totals.of_accounts(db)
    yield _family(
        "accounts", "Tracked accounts that can be read.", "network", {each.network: each.number for each in rows}
    )
    yield _family(
        "unread_accounts",
        "Those of them that were never read.",
        "network",
        {each.network: each.unread for each in rows},
    )
    yield _family(
        "oldest_reading_age_seconds",
        "Since the account was read that was read longest ago.",
        "network",
        {each.network: _age(each.oldest, now) for each in rows if each.oldest},
    )


def _charts(db: Session, now: datetime) -> Figures:
    charts = totals.of_charts(db)
    yield _gauge("chats", "Chats that are served.", charts.chats)
    yield _gauge("subscriptions", "Charts that they are to be shown.", charts.subscriptions)
    yield _gauge("failing_subscriptions", "Those of them whose last delivery failed.", charts.failing)
    yield _gauge("undrawn_charts", "Charts whose figures have changed since they were drawn.", charts.undrawn)
    waits = 0.0 if charts.asked_at is None else _age(charts.asked_at, now)
    yield _gauge("oldest_request_age_seconds", "Since the person asked who waits longest for a chart.", waits)


def _age(at: datetime, now: datetime) -> float:
    return max((now - at).total_seconds(), 0)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tallybird_{name}", text, value=value)


def _family(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    """A gauge with a value for each value of its label."""
    family = GaugeMetricFamily(f"tallybird_{name}", text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family
