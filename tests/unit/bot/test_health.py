"""/readyz says what is wrong, a line each; /metrics tells what all processes do."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from redis import Redis
from telegram import Bot as TelegramBot

from bot.context import Context
from bot.health import HealthServer
from bot.lease import BotLease
from pipeline import clock
from pipeline.messaging import progress
from pipeline.messaging.client import PipelineClient
from pipeline.settings import BotSettings
from tests.conftest import free_port, until
from tests.unit.bot.conftest import TOKEN, Bot, running

PORT = free_port()
NO_TICK = "ticks: none has begun; are beat and a worker running?"


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    """A bot that serves its health, without a worker."""
    with running(health_port=PORT) as started:
        yield started


@pytest.fixture
def redis(bot: Bot) -> Iterator[Redis]:
    with Redis.from_url(f"unix://{bot.folder}/redis/redis.sock") as redis:
        yield redis
        redis.delete(progress.PARTS, progress.COUNTS)


def asked(path: str) -> tuple[int, list[str]]:
    answer = httpx.get(f"http://127.0.0.1:{PORT}/{path}", timeout=20)
    return answer.status_code, answer.text.splitlines()


def metrics() -> dict[tuple[str, ...], float]:
    text = "\n".join(asked("metrics")[1])
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(f"{text}\n")
        for sample in family.samples
    }


def late(redis: Redis, part: str) -> None:
    redis.hset(progress.PARTS, part, str((clock.now() - timedelta(minutes=5)).timestamp()))


def test_a_bot_without_a_worker_lives_and_is_not_ready(bot: Bot) -> None:
    assert bot
    until(lambda: asked("readyz") == (503, [NO_TICK]))
    assert asked("livez") == (200, ["ok"])
    assert asked("other")[0] == 404


def test_it_is_ready_while_each_network_concludes_ticks(redis: Redis) -> None:
    progress.begin_ticks(redis, ["x", "bluesky"])
    assert asked("readyz") == (200, ["ok"])
    late(redis, "x")
    assert asked("readyz") == (503, ["ticks: none of x has concluded for 300 s"])
    progress.note(redis, "x")
    assert asked("readyz") == (200, ["ok"])


def test_a_standby_is_ready_to_take_over(bot: Bot, redis: Redis) -> None:
    progress.begin_ticks(redis, ["x"])
    settings = BotSettings(telegram_bot_token=SecretStr(TOKEN), data_dir=bot.folder, _env_file=None)
    context = Context(settings, bot.store, PipelineClient(settings), BotLease(settings))
    server = HealthServer(context, TelegramBot(TOKEN))

    async def stand_by() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(context.lease.acquire(), 0.5)
        await context.lease.release()
        await context.pipeline_client.close()

    asyncio.run(stand_by())
    answered = list[str]()
    [text] = server.respond({"PATH_INFO": "/readyz"}, lambda status, _headers: answered.append(status))
    assert answered == ["200 OK"]
    assert text == b"standby: another bot speaks to Telegram, and this one takes over where that ends\n"
    redis.delete(progress.PARTS)
    assert server.problems() == [NO_TICK]
    server.redis.close()


def test_a_network_that_is_not_read_any_more_is_not_waited_for(redis: Redis) -> None:
    progress.begin_ticks(redis, ["x", "bluesky"])
    late(redis, "x")
    progress.begin_ticks(redis, ["bluesky"])
    assert asked("readyz") == (200, ["ok"])


def test_a_tick_that_begins_again_and_again_does_not_count_as_concluded(redis: Redis) -> None:
    progress.begin_ticks(redis, ["x"])
    late(redis, "x")
    progress.begin_ticks(redis, ["x"])
    assert asked("readyz")[0] == 503


def test_charts_that_wait_are_to_be_drawn(redis: Redis) -> None:
    progress.begin_ticks(redis, ["x"])
    late(redis, progress.DRAWING)
    progress.await_drawing(redis, is_awaited=True)
    assert asked("readyz") == (503, ["charts: some are to be drawn, and none was for 300 s"])
    progress.await_drawing(redis, is_awaited=False)
    assert asked("readyz") == (200, ["ok"])


def test_metrics_have_what_any_worker_counted(redis: Redis) -> None:
    for _worker in range(2):
        progress.count(redis, {("readings", "x"): 3, ("failed_readings", "x", 'a "kind"\n'): 1, ("charts_drawn",): 2})
    figures = metrics()
    assert figures["tallybird_readings_total", "x"] == 6
    assert figures["tallybird_failed_readings_total", "x", 'a "kind"\n'] == 2
    assert figures["tallybird_charts_drawn_total",] == 4
    assert figures["tallybird_up", "database"] == figures["tallybird_up", "redis"] == 1
    assert figures["tallybird_database_size_bytes",] > 0
    assert figures["tallybird_queue_messages", "ticks"] == 0
    assert figures["tallybird_circuit_breakers_open", "dropbox"] == 0
