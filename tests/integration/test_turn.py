"""The turn of a tick, in a Redis."""

from collections.abc import Iterator

import pytest
from redis import Redis

from pipeline.steps.resources import Turn

LASTS_S = 60


@pytest.fixture
def turn(redis_url: str) -> Iterator[Turn]:
    with Redis.from_url(redis_url) as redis:
        yield Turn(redis, LASTS_S)
        redis.flushdb()


def take(turn: Turn) -> str:
    token = turn.take()
    assert token
    return token


def fail(turn: Turn, token: str) -> None:
    with pytest.raises(OSError, match="No space left"), turn.held(token):
        raise OSError("No space left on device")


def test_only_one_tick_has_it(turn: Turn) -> None:
    token = take(turn)
    with turn.held(token):
        assert turn.take() is None
    assert turn.take() is None
    turn.end(token)
    take(turn)


def test_the_next_tick_has_it_at_once_where_one_fails(turn: Turn) -> None:
    fail(turn, take(turn))
    take(turn)


def test_a_tick_that_lost_it_and_fails_takes_it_from_no_other(turn: Turn) -> None:
    lost = take(turn)
    turn.redis.flushdb()
    token = take(turn)
    fail(turn, lost)
    assert turn.take() is None
    turn.end(token)
