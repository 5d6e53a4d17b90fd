"""The lock that keeps ticks of a network from overlapping."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from redis import Redis
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock


class TickLock:
    """A lock in Redis that one process acquires and another releases; it expires where neither does."""

    def __init__(self, redis: Redis, network: str, lasts_s: float) -> None:
        self.redis = redis
        self.lock = Lock(redis, f"tallybird:tick-lock:{network}", timeout=lasts_s, thread_local=False)

    def acquire(self) -> str | None:
        """The token to release the lock with, or None where another tick is under way."""
        token = uuid4().hex
        return token if self.lock.acquire(blocking=False, token=token) else None

    @contextmanager
    def released_on_failure(self, token: str) -> Iterator[None]:
        """Release the lock where the block raises, so that the next tick need not wait until the lock expires."""
        try:
            yield
        except BaseException:
            self.release(token)
            raise

    def release(self, token: str) -> None:
        """Release the lock, unless it has expired, and may be another tick's by now."""
        with suppress(LockNotOwnedError):
            self.lock.do_release(token)
