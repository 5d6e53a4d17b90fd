"""The lock that lets urgent waiters go first, alone and as the order of writes to the database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session

from bot.context import Context
from bot.lease import BotLease
from bot.priority_lock import PriorityLock
from pipeline.messaging.client import PipelineClient
from pipeline.settings import BotSettings
from pipeline.store import Store
from tests.databases import migrate


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    settings = BotSettings(telegram_bot_token=SecretStr("42:made-up-token-0123456789"), data_dir=tmp_path)
    context = Context(settings, Store(settings.database_address), PipelineClient(settings), BotLease(settings))
    migrate(context.store)
    yield context
    await context.pipeline_client.close()
    context.store.close()


async def test_urgent_waiters_get_the_lock_first_and_equals_in_the_order_they_came() -> None:
    lock, passed = PriorityLock(), []

    async def go(name: str, *, urgent: bool) -> None:
        async with lock.hold(urgent=urgent):
            passed.append(name)
            await asyncio.sleep(0)

    names = {"a": False, "b": False, "C": True, "d": False, "E": True}
    await asyncio.gather(*(go(name, urgent=urgent) for name, urgent in names.items()))
    assert passed == ["a", "C", "E", "b", "d"]
    assert not lock.is_locked


async def test_a_waiter_that_gives_up_hands_the_lock_to_nobody_twice() -> None:
    lock, passed = PriorityLock(), []
    may_end = asyncio.Event()

    async def go(name: str) -> None:
        async with lock.hold(urgent=False):
            passed.append(name)
            await may_end.wait()

    first, second, third = (asyncio.create_task(go(name)) for name in "abc")
    await asyncio.sleep(0.01)
    second.cancel()
    may_end.set()
    await asyncio.gather(first, third)
    assert passed == ["a", "c"]


async def test_peoples_writes_go_before_those_of_background_work(context: Context) -> None:
    background, made = context.for_background(), []

    def change(_session: Session, name: str) -> None:
        made.append(name)

    notes = [asyncio.create_task(background.write(change, f"note {number}")) for number in range(20)]
    await asyncio.sleep(0)
    await context.write(change, "a command's")
    await asyncio.gather(*notes)
    assert made.index("a command's") <= 1
    assert len(made) == 21
