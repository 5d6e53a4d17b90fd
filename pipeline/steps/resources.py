"""What the steps work with: made once a process, at first use, and so after the worker's fork."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from uuid import uuid4

from redis import Redis
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock

from pipeline.messaging.blobs import Blobs
from pipeline.messaging.celery_app import TASK_LIMIT_S
from pipeline.settings import PipelineSettings
from pipeline.sources.x.client import X
from pipeline.steps.upload import Cloud
from pipeline.store import Store

REDIS_TIMEOUT_S = 5
LONGEST_TICK_S = 3 * TASK_LIMIT_S
"""Planning, reading and storing: a tick that is lost holds up no others for longer, however rare they are."""
KNOWN = "tallybird:known"


class Resources:
    """The clients of one process."""

    def __init__(self, settings: PipelineSettings) -> None:
        self.settings = settings
        self.failed: set[int] = set()
        """The comparisons whose chart failed in this process, until the database knows that it is to be made anew."""

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.database_address)

    @cached_property
    def redis(self) -> Redis:
        return Redis.from_url(self.settings.redis_address, socket_timeout=REDIS_TIMEOUT_S)

    @property
    def redis_is_new(self) -> bool:
        """Whether Redis was never used, or was wiped since: what was under way is gone then."""
        return not self.redis.exists(KNOWN)

    def know_redis(self) -> None:
        self.redis.set(KNOWN, 1)

    @cached_property
    def blobs(self) -> Blobs:
        return Blobs(self.redis)

    @cached_property
    def turn(self) -> "Turn":
        return Turn(self.redis, min(2 * self.settings.tick_seconds, LONGEST_TICK_S))

    def is_first(self, what: str, every: timedelta) -> bool:
        """True once in each such while, for one process of all."""
        return bool(self.redis.set(f"tallybird:{what}", 1, nx=True, px=every))

    @contextmanager
    def noting_failure(self, comparison_ids: Iterable[int]) -> Iterator[None]:
        """Note these where what is done within fails."""
        try:
            yield
        except BaseException:
            self.failed.update(comparison_ids)
            raise

    @cached_property
    def x(self) -> X:
        return X(self.settings.x_bearer_token.get_secret_value(), self.settings.x_api_url)

    @cached_property
    def dropbox(self) -> Cloud:
        from pipeline.dropbox.client import Dropbox  # noqa: PLC0415 its library takes 140 MB, and only the uploader needs it

        return Dropbox(self.settings)


class Turn:
    """The lock that keeps ticks from overlapping: taken in one process, ended in another, lost by itself in time."""

    def __init__(self, redis: Redis, lasts_s: float) -> None:
        self.redis = redis
        self.lock = Lock(redis, "tallybird:tick", timeout=lasts_s, thread_local=False)

    def take(self) -> str | None:
        """A token to end the turn with, or None where another tick is under way."""
        token = uuid4().hex
        return token if self.lock.acquire(blocking=False, token=token) else None

    @contextmanager
    def held(self, token: str) -> Iterator[None]:
        """Where what is done within fails, the turn ends at once: the next tick need not wait until it is lost."""
        try:
            yield
        except BaseException:
            self.end(token)
            raise

    def end(self, token: str) -> None:
        """Free the lock, unless the turn was lost and is another's now."""
        with suppress(LockNotOwnedError):
            self.lock.do_release(token)
