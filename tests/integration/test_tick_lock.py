"""The lock of a tick, in a Redis."""

from collections.abc import Iterator

import pytest
from redis import Redis

from pipeline.messaging.tick_lock import TickLock

LASTS_S = 60


@pytest.fixture
def lock(redis_url: str) -> Iterator[TickLock]:
    with Redis.from_url(redis_url) as redis:
        yield TickLock(redis, "x", LASTS_S)
        redis.flushdb()


def acquire(lock: TickLock) -> str:
    token = lock.acquire()
    assert token
    return token


def fail(lock: TickLock, token: str) -> None:
    with pytest.raises(OSError, match="No space left"), lock.released_on_failure(token):
        raise OSError("No space left on device")


def test_only_one_tick_has_it(lock: TickLock) -> None:
    token = acquire(lock)
    with lock.released_on_failure(token):
        assert lock.acquire() is None
    assert lock.acquire() is None
    lock.release(token)
    acquire(lock)


def test_the_next_tick_has_it_at_once_where_one_fails(lock: TickLock) -> None:
    fail(lock, acquire(lock))
    acquire(lock)


def test_a_tick_that_lost_it_and_fails_takes_it_from_no_other(lock: TickLock) -> None:
    lost = acquire(lock)
    lock.redis.flushdb()
    token = acquire(lock)
    fail(lock, lost)
    assert lock.acquire() is None
    lock.release(token)


def test_networks_do_not_wait_for_each_other(lock: TickLock) -> None:
    acquire(lock)
    acquire(TickLock(lock.redis, "another", LASTS_S))
