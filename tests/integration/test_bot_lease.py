"""The lease that one of several bots has, in a Redis of its own. Each bot here has a machine of its own but one."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot import lease
from bot.lease import BotLease
from pipeline.settings import BotSettings
from tests.servers import Redis

LEASE_S = 3
AT_ONCE_S = 1
POSTGRESQL = "postgresql://postgres@127.0.0.1/any"
New = Callable[..., BotLease]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_S", LEASE_S)
    monkeypatch.setattr(lease, "RENEWED_EVERY_S", 0.2)
    monkeypatch.setattr(lease, "LOOK_EVERY_S", 0.05)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path).running() as server:
        yield server


@pytest_asyncio.fixture
async def new(redis: Redis) -> AsyncIterator[New]:
    """Makes a bot's lease. folder: its DATA_DIR; one of its own where none is given."""
    folders, made = [], []

    def make(folder: Path | None = None, database_url: str | None = POSTGRESQL) -> BotLease:
        folders.append(folder or Path(mkdtemp(prefix="tallybird")))
        token = SecretStr("42:made-up-token-0123456789")
        settings = BotSettings(
            telegram_bot_token=token,
            data_dir=folders[-1],
            redis_url=redis.url,
            database_url=database_url,
            _env_file=None,
        )
        made.append(BotLease(settings))
        return made[-1]

    yield make
    for each in made:
        await each.release()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def working(bot: BotLease) -> AsyncIterator[None]:
    """The bot renews its lease until the block ends, as by a SIGKILL or where it is cut off."""
    task = asyncio.create_task(bot.keep())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def seconds_until_taken(bot: BotLease) -> float:
    began = monotonic()
    await asyncio.wait_for(bot.acquire(), 4 * LEASE_S)
    return monotonic() - began


async def waits(bot: BotLease, seconds: float = LEASE_S + 0.5) -> bool:
    """Whether the bot waits as a standby for so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(bot.acquire(), seconds)
    return bot.is_standby


async def held(bot: BotLease) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(bot.held(), 2 * LEASE_S)
        return True
    return False


async def test_a_standby_waits_as_long_as_the_other_works_and_takes_over_at_once_where_it_ends(new: New) -> None:
    first, second = new(), new()
    await first.acquire()
    async with working(first):
        assert await waits(second)
        assert await held(first)
        await first.release()
    assert await seconds_until_taken(second) < AT_ONCE_S


async def test_a_standby_takes_over_from_a_bot_that_was_cut_off(new: New) -> None:
    first, second = new(), new()
    await first.acquire()
    async with working(first):
        assert await waits(second)
    assert LEASE_S - 0.5 < await seconds_until_taken(second) < LEASE_S + AT_ONCE_S
    assert not await held(first)


async def test_a_bot_that_was_killed_is_followed_at_once_by_the_next_in_its_data_dir(new: New, tmp_path: Path) -> None:
    killed, restarted = new(tmp_path), new(tmp_path)
    await killed.acquire()
    assert await waits(restarted, AT_ONCE_S), "the first one lives"
    killed._unlock_folder()  # as the system does
    assert await seconds_until_taken(restarted) < AT_ONCE_S


async def test_a_bot_that_took_over_from_a_frozen_one_in_its_data_dir_is_not_taken_for_dead(
    new: New, tmp_path: Path
) -> None:
    frozen, second, restarted = new(tmp_path), new(tmp_path), new(tmp_path)
    await frozen.acquire()
    await seconds_until_taken(second)
    async with working(second):
        frozen._unlock_folder()  # it ends where it wakes
        assert await waits(restarted)


async def test_nobody_takes_over_where_redis_forgets(new: New, redis: Redis) -> None:
    first, second, third = new(), new(), new()
    await first.acquire()
    async with working(first):
        assert await waits(second)
        redis.client.flushdb()
        assert await waits(second)
        redis.client.flushdb()
        assert await waits(third)
        assert await held(first)


async def test_the_first_start_waits_for_nobody_where_the_database_is_in_data_dir(new: New, tmp_path: Path) -> None:
    assert await seconds_until_taken(new(tmp_path, database_url=None)) < AT_ONCE_S


async def test_a_standby_can_be_cancelled_at_any_moment(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LOOK_EVERY_S", 0.0005)
    first, second, chance = new(), new(), random.Random(1)
    await first.acquire()
    async with working(first):
        for _ in range(500):
            waiting = asyncio.create_task(second.acquire())
            await asyncio.sleep(chance.random() * 0.006)
            waiting.cancel()
            _, going_on = await asyncio.wait({waiting}, timeout=1)
            assert not going_on


async def test_without_redis_a_bot_goes_on_if_none_waits_for_it_and_else_stops(new: New, redis: Redis) -> None:
    first, second = new(), new()
    await first.acquire()
    async with working(first):
        redis.stop()
        await asyncio.sleep(LEASE_S + 0.5)
        assert await held(first)
        redis.start()
        assert await waits(second)
        redis.stop()
        await asyncio.sleep(LEASE_S)
        assert not await held(first)
        redis.start()
        assert await held(first)


async def test_on_one_machine_a_bot_starts_without_redis_unless_another_runs(
    new: New, redis: Redis, tmp_path: Path
) -> None:
    first, second = new(tmp_path, database_url=None), new(tmp_path, database_url=None)
    redis.stop()
    assert await seconds_until_taken(first) < AT_ONCE_S
    assert await held(first)
    async with working(first):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second.acquire(), AT_ONCE_S)
        redis.start()
        assert await waits(second)
        assert await held(first)
    redis.stop()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(new(database_url=POSTGRESQL).acquire(), AT_ONCE_S)
