"""What every command works with, and the one seam through which async code reaches the store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.orm import Session

from pipeline.doors import Doors
from pipeline.settings import BotSettings
from pipeline.store import Store

MOST_WAITING = 10

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class House:
    """The bot's tools. `news` wakes the delivery when a command changed what is to be shown."""

    settings: BotSettings
    store: Store
    doors: Doors
    news: asyncio.Event = field(default_factory=asyncio.Event)
    locks: WeakValueDictionary[int, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    waiting: Counter[int] = field(default_factory=Counter)

    async def read(self, ask: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a question to the store in a thread, in a transaction that only reads."""

        def run() -> T:
            with self.store.reading() as session:
                return ask(session, *args, **kwargs)

        return await asyncio.to_thread(run)

    async def write(self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change of the store in a thread, in a transaction of its own: all of it or nothing."""

        def run() -> T:
            with self.store.writing() as session:
                return change(session, *args, **kwargs)

        return await asyncio.to_thread(run)

    @asynccontextmanager
    async def turn(self, chat_id: int) -> AsyncIterator[None]:
        """Answer a chat's commands in the order they came, while other chats go on."""
        self.waiting[chat_id] += 1
        try:
            async with self.locks.setdefault(chat_id, asyncio.Lock()):
                yield
        finally:
            self.waiting[chat_id] -= 1
            if not self.waiting[chat_id]:
                del self.waiting[chat_id]

    def is_crowded(self, chat_id: int) -> bool:
        """Whether a chat has so many commands waiting that more would take the places of other chats."""
        return self.waiting[chat_id] >= MOST_WAITING

    async def ask_for_charts(self) -> None:
        """Let the pipeline draw what is wanted now, and the delivery look for what can be shown at once."""
        self.news.set()
        await self.doors.ask()
