"""A running bot that polls a stand-in of Telegram, with a private Redis and no worker, for tests of whole chats."""

import asyncio
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from pydantic import SecretStr
from redis import Redis, RedisError

from bot import app, callbacks
from pipeline.settings import BotSettings
from pipeline.store import Store
from pipeline.supervise import private_redis
from sandbox.server import make_app
from tests.conftest import until
from tests.databases import migrate
from tests.e2e.chat import Chat, Sandbox

TOKEN = "4242:marked-telegram-token-0123456789"
OWNER = 900
T = TypeVar("T")
Stop = Callable[[], Awaitable[object]]


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, python-telegram-bot warns of the future type of retry_after."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine too, presses are answered with what they did, not with that they take a moment."""
    monkeypatch.setattr(callbacks, "ANSWER_WITHIN_S", 20)


@dataclass
class Bot:
    """A running bot's store, its DATA_DIR and the stand-in that it polls."""

    sandbox: Sandbox
    store: Store
    folder: Path

    def chat(self, chat_id: int, **more: Any) -> Chat:
        return Chat(self.sandbox, chat_id, **more)


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    with running() as started:
        yield started


@contextmanager
def running(**settings: Any) -> Iterator[Bot]:
    folder = Path(tempfile.mkdtemp(prefix="tallybird"))  # a short path: a socket's has little room
    with _in_a_thread(_start_sandbox) as address:
        chosen = BotSettings(
            telegram_bot_token=SecretStr(TOKEN),
            telegram_api_url=f"{address}/telegram",
            data_dir=folder,
            admin_ids=frozenset({OWNER}),
            _env_file=None,
            **settings,
        )
        store = Store(chosen.database_address)
        migrate(store)
        sandbox = Sandbox(address)
        with _redis(chosen), _in_a_thread(lambda: _start_bot(chosen, store)):
            until(lambda: sandbox.get("telegram/chats") is not None)
            yield Bot(sandbox, store, folder)
        store.close()
    shutil.rmtree(folder)


@contextmanager
def _redis(settings: BotSettings) -> Iterator[None]:
    command = shlex.split(private_redis(settings))
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    redis = Redis.from_url(settings.redis_address)
    until(lambda: _answers(redis), every_s=0.02)
    redis.close()
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


@contextmanager
def _in_a_thread(start: Callable[[], Awaitable[tuple[T, Stop]]]) -> Iterator[T]:
    """Run a service in an event loop of its own, in a thread, until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        served, stop = asyncio.run_coroutine_threadsafe(_awaited(start), loop).result(30)
        try:
            yield served
        finally:
            asyncio.run_coroutine_threadsafe(_awaited(stop), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _awaited(begin: Callable[[], Awaitable[T]]) -> T:
    return await begin()


async def _start_sandbox() -> tuple[str, Stop]:
    runner = web.AppRunner(make_app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner.cleanup


async def _start_bot(settings: BotSettings, store: Store) -> tuple[None, Stop]:
    """Start the bot as run_polling does, which works in the main thread only."""
    os.environ["PTB_TIMEDELTA"] = "true"
    application = app.build(settings, store)
    await application.initialize()
    assert application.post_init
    assert application.updater
    await application.post_init(application)
    await application.start()
    await application.updater.start_polling(allowed_updates=app.UPDATES)

    async def stop() -> None:
        assert application.post_stop
        assert application.updater
        await application.updater.stop()
        await application.stop()
        await application.post_stop(application)
        await application.shutdown()
        assert application.post_shutdown
        await application.post_shutdown(application)

    return None, stop
