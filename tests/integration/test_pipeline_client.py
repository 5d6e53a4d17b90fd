"""The bot's client of the pipeline, on a Redis of its own."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from redis import ConnectionError as RedisConnectionError

from pipeline.messaging.client import PipelineClient, wake_bot
from pipeline.settings import Settings
from tests.servers import Redis

SOON, AT_ONCE = timedelta(seconds=20), timedelta(milliseconds=50)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path).running() as server:
        yield server


@pytest_asyncio.fixture
async def client(redis: Redis, tmp_path: Path) -> AsyncIterator[PipelineClient]:
    made = PipelineClient(Settings(redis_url=redis.url, data_dir=tmp_path, _env_file=None))
    yield made
    await made.close()


async def test_a_ready_chart_wakes_the_bot_and_nothing_else_does(redis: Redis, client: PipelineClient) -> None:
    assert await client.wait_for_ready(SOON), "a chart may have become ready before it listened"
    assert not await client.wait_for_ready(AT_ONCE)
    wake_bot(redis.client)
    assert await client.wait_for_ready(SOON)
    assert not await client.wait_for_ready(AT_ONCE)


async def test_it_wakes_where_it_may_have_missed_a_chart_while_redis_was_away(
    redis: Redis, client: PipelineClient
) -> None:
    await client.wait_for_ready(SOON)
    redis.stop()
    with pytest.raises(RedisConnectionError):
        await client.wait_for_ready(SOON)
    redis.start()
    assert await client.wait_for_ready(SOON)
    assert not await client.wait_for_ready(AT_ONCE)
    wake_bot(redis.client)
    assert await client.wait_for_ready(SOON)
