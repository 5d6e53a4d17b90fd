"""What every command works with, and the one seam through which async code reaches the store."""

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
from bot.flood_control import FloodControl
from bot.priority_lock import PriorityLock
from bot.telegram_errors import ErrorKind, Failure
from pipeline import clock
from pipeline.errors import DATABASE_AWAY
from pipeline.messaging.client import PipelineClient
from pipeline.settings import BotSettings
from pipeline.store import Store, chats

log = logging.getLogger(__name__)

WRITE_AGAIN = timedelta(seconds=1)
READERS = 4

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Context:
    """The bot's tools. `news` wakes the delivery when a command changed what is to be shown.

    readers: the threads that questions to the store are asked in.
    writer: the database takes one change after the other, so that more threads would only wait for each other, and
    whoever reads would wait for them. writing: who waits for it.
    hurried: whether people wait for what is read and written, so that it goes before all else.
    """

    settings: BotSettings
    store: Store
    pipeline_client: PipelineClient
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    locks: WeakValueDictionary[int, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    flood_control: FloodControl = field(default_factory=FloodControl)
    answered: AnsweredMessages = field(default_factory=AnsweredMessages)
    readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READERS, "read"))
    writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "write"))
    write_lock: PriorityLock = field(default_factory=PriorityLock)
    urgent: bool = True

    def background(self) -> "Context":
        """The same for what nobody waits for: with threads of its own to read in, and after people's changes."""
        return replace(self, readers=ThreadPoolExecutor(READERS, "read unhurried"), urgent=False)

    async def read(self, ask: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a question to the store in a thread, in a transaction that only reads."""

        def run() -> T:
            with self.store.read_session() as session:
                return ask(session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self.readers, run)

    async def write(self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change of the store in a thread, in a transaction of its own: all of it or nothing."""

        def run() -> T:
            with self.store.write_session() as session:
                return change(session, *args, **kwargs)

        async with self.write_lock.hold(urgent=self.urgent):
            return await asyncio.get_running_loop().run_in_executor(self.writer, run)

    async def write_surely(self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a change however long the database is away: what Telegram took or refused must be noted."""
        while True:
            try:
                return await self.write(change, *args, **kwargs)
            except DATABASE_AWAY as error:
                log.warning("the database cannot be written to just now: %s", type(error).__name__)
            await asyncio.sleep(WRITE_AGAIN.total_seconds())

    @asynccontextmanager
    async def turn(self, chat_id: int) -> AsyncIterator[None]:
        """Answer a chat's commands in the order they came, while other chats go on."""
        async with self.locks.setdefault(chat_id, asyncio.Lock()):
            yield

    async def follow(self, chat_id: int, failure: Failure) -> None:
        """A chat that is gone is set aside until it is back; one that moved is known by its new id."""
        if failure.kind is ErrorKind.CHAT_GONE:
            await self.write_surely(chats.deactivate, chat_id, failure.text, clock.now())
        if failure.new_chat_id:
            await self.write_surely(chats.migrate, chat_id, failure.new_chat_id, clock.now())

    async def ask_for_charts(self, comparison_ids: Collection[int], account_ids: Collection[int] = ()) -> None:
        """Have these charts drawn and these new accounts read now; what stands already is shown at once."""
        self.wake.set()
        await self.pipeline_client.request_charts(comparison_ids, account_ids)
