"""Which workers live, by what they say in a Redis."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis

from pipeline import clock
from pipeline.messaging import living_workers
from pipeline.messaging.celery_app import SLOTS
from pipeline.messaging.living_workers import LivingWorker, announce, count_slots, withdraw

NEAR, FAR = LivingWorker("1", 2, "here"), LivingWorker("2", 4, "there")


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        yield redis
        redis.flushdb()


def test_slots_are_those_of_all_workers_that_live(redis: Redis) -> None:
    announce(redis, NEAR)
    announce(redis, FAR)
    announce(redis, NEAR)
    assert count_slots(redis) == 6
    withdraw(redis, NEAR)
    assert count_slots(redis) == 4


def test_without_a_word_of_any_there_is_one(redis: Redis) -> None:
    assert count_slots(redis) == SLOTS


@pytest.mark.parametrize("ago", [timedelta(seconds=20), timedelta(hours=-1)])
def test_a_worker_that_says_nothing_any_more_is_gone_also_where_the_clock_was_set_back(
    redis: Redis, ago: timedelta
) -> None:
    announce(redis, NEAR)
    silent_since = (clock.now() - ago).timestamp()
    redis.zadd(living_workers.KEY, {living_workers.packed.dump_json(FAR): silent_since})
    assert living_workers.load(redis) == [NEAR]
    announce(redis, NEAR)
    assert redis.zcard(living_workers.KEY) == 1
