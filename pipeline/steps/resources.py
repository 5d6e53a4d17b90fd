"""The clients that steps work with. Each is made at its first use, and so after the worker's fork."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, cast

from redis import Redis

from pipeline.messaging.blobs import Blobs
from pipeline.messaging.celery_app import TASK_LIMIT_S
from pipeline.messaging.tick_lock import TickLock
from pipeline.settings import Settings
from pipeline.sources.source import Network, PricedSource, Source, connect
from pipeline.store import Store, comparisons

if TYPE_CHECKING:
    from pipeline.dropbox.client import Dropbox

REDIS_TIMEOUT_S = 5
LONGEST_TICK_S = 3 * TASK_LIMIT_S
"""From plan to store. A tick that got lost holds up the next ones no longer than that, however long the period."""
KNOWN = "tallybird:known"
"""A key that exists in a Redis that was not wiped since it was used."""


class Resources:
    """The clients of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sources: dict[str, Source] = {}
        """The clients made so far, by their networks' keys."""
        self.uploading = threading.Lock()
        """Held by the thread that uploads."""
        self.failed: set[int] = set()
        """The comparisons whose chart failed in this process, until `release_failed` notes that in the database."""

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.database_address)

    @cached_property
    def redis(self) -> Redis:
        return Redis.from_url(self.settings.redis_address, socket_timeout=REDIS_TIMEOUT_S)

    @property
    def redis_is_new(self) -> bool:
        """Whether Redis was never used, or was wiped since. The messages and pictures under way are then lost."""
        return not self.redis.exists(KNOWN)

    def mark_redis_known(self) -> None:
        self.redis.set(KNOWN, 1)

    @cached_property
    def blobs(self) -> Blobs:
        return Blobs(self.redis)

    def tick_lock(self, network: str) -> TickLock:
        """The lock that keeps ticks of a network, by its key, from overlapping."""
        return TickLock(self.redis, network, min(2 * self.settings.tick_seconds, LONGEST_TICK_S))

    def is_first(self, what: str, every: timedelta) -> bool:
        """True once in each such period, in one of all processes."""
        return bool(self.redis.set(f"tallybird:{what}", 1, nx=True, px=every))

    def count_up(self, what: str) -> int:
        """The next number, of all processes."""
        return cast("int", self.redis.incr(f"tallybird:{what}"))

    @contextmanager
    def noting_failure(self, comparison_ids: Iterable[int]) -> Iterator[None]:
        """Note these comparisons as failed where the block raises."""
        try:
            yield
        except BaseException:
            self.failed.update(comparison_ids)
            raise

    def release_failed(self) -> None:
        """Let the next tick draw the charts that failed in this process, not only once their claims expire."""
        if self.failed:
            with self.store.write_session() as db:
                for comparison_id in self.failed:
                    comparisons.requeue(db, comparison_id)
            self.failed.clear()

    def source(self, network: Network) -> Source:
        """The network's client, made at first use."""
        if network.key not in self.sources:
            self.sources[network.key] = connect(network, self.settings)
        return self.sources[network.key]

    def priced_source(self, network: Network) -> PricedSource:
        """The client of a network that has a price."""
        return cast("PricedSource", self.source(network))

    @cached_property
    def dropbox(self) -> "Dropbox":
        from pipeline.dropbox.client import Dropbox  # noqa: PLC0415 its library takes 140 MB, and only the uploader needs it

        return Dropbox(self.settings)
