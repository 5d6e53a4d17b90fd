"""What every handler works with, and how async code reaches the database: in threads, through read and write."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.orm import Session

from bot.answered_messages import AnsweredMessages
from bot.flood_control import CopyLimits, FloodControl
from bot.lease import BotLease
from bot.priority_lock import PriorityLock
from bot.signs import Signs
from bot.telegram_errors import ErrorKind, Failure
from pipeline import clock
from pipeline.errors import DATABASE_AWAY
from pipeline.messaging.client import PipelineClient
from pipeline.settings import BotSettings
from pipeline.store import Store, chats

log = logging.getLogger(__name__)

RETRY_DELAY = timedelta(seconds=1)
READ_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Context:
    """The bot's shared objects. One for handlers, and one for background work with threads of its own to read in.

    lease: without it this bot writes neither to the database nor to Telegram.
    wake: set when a chart may be due, so that the delivery checks at once. chat_locks: of chats with a command under
    way. write_thread: a single one, since the database admits one writer at a time anyway. write_lock: decides which
    write is next. urgent: whether people wait for this context's writes, which then go first. asked_for_time_zone: the
    private chats whose next message is the answer to that question, and until when, by time.monotonic.
    """

    settings: BotSettings
    store: Store
    pipeline_client: PipelineClient
    lease: BotLease
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    chat_locks: WeakValueDictionary[int, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    flood_control: FloodControl = field(default_factory=FloodControl)
    copy_limits: CopyLimits = field(default_factory=CopyLimits)
    answered_messages: AnsweredMessages = field(default_factory=AnsweredMessages)
    read_threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READ_THREADS, "read"))
    write_thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "write"))
    write_lock: PriorityLock = field(default_factory=PriorityLock)
    urgent: bool = True
    asked_for_time_zone: dict[int, float] = field(default_factory=dict)
    signs: Signs = field(default_factory=Signs)

    def for_background(self) -> "Context":
        """The same context for work that nobody waits for."""
        return replace(self, read_threads=ThreadPoolExecutor(READ_THREADS, "background read"), urgent=False)

    async def read(self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the store in a thread, in a transaction that only reads.

        Raises SQLAlchemy's errors, and those of the function.
        """

        def run() -> T:
            with self.store.read_session() as session:
                return query(session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self.read_threads, run)

    async def write(self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the store in a thread, in a transaction of its own: an error rolls all of it back.

        Raises SQLAlchemy's errors, and those of the function.
        """

        def run() -> T:
            with self.store.write_session() as session:
                return change(session, *args, **kwargs)

        async with self.write_lock.hold(urgent=self.urgent):
            await self.lease.held()
            return await asyncio.get_running_loop().run_in_executor(self.write_thread, run)

    async def write_with_retries(
        self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Write, however long the database is away: what Telegram accepted or refused must not be forgotten."""
        while True:
            try:
                return await self.write(change, *args, **kwargs)
            except DATABASE_AWAY as error:
                log.warning("the database cannot be written to just now: %s", type(error).__name__)
            await asyncio.sleep(RETRY_DELAY.total_seconds())

    @asynccontextmanager
    async def chat_lock(self, chat_id: int) -> AsyncIterator[None]:
        """Run a chat's commands one after the other, in the order they came, while other chats go on."""
        async with self.chat_locks.setdefault(chat_id, asyncio.Lock()):
            yield

    async def update_chat(self, chat_id: int, failure: Failure) -> None:
        """Note what a failure tells of the chat: that it is gone, or has a new id."""
        if failure.kind is ErrorKind.CHAT_GONE:
            await self.write_with_retries(chats.deactivate, chat_id, failure.text, clock.now())
        if failure.new_chat_id:
            await self.write_with_retries(chats.migrate, chat_id, failure.new_chat_id, clock.now())

    async def request_charts(self, comparison_ids: Collection[int], account_ids: Collection[int] = ()) -> None:
        """Have the pipeline draw these charts now, after it fetched those of these accounts that it never fetched.

        Raises the errors of redis or kombu while a server is away; the next tick draws the charts then.
        """
        self.wake.set()
        await self.pipeline_client.request_charts(comparison_ids, account_ids)
