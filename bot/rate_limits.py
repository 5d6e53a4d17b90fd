"""Telegram's limits, kept from this side: per chat, per group and for the whole bot. Every request passes here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from telegram.error import RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from bot import telegram_errors
from bot.priority_lock import PriorityLock
from bot.telegram_errors import ErrorKind

UNCOUNTED = {
    *("answerCallbackQuery", "getChat", "getChatAdministrators", "getChatMember", "sendChatAction", "setMyCommands"),
}
CHARTS = {"sendPhoto", "editMessageMedia"}
PAUSES_S = (1.0, 3.0, 9.0)
"""Before what did not get there is said again."""
PROMPT_S = 0.5
"""What arrives within that is as good as there at once."""
LOOK_S = 0.25
"""How often whoever waits for room looks for some."""
ASK_AGAIN_S = 5.0
PER_SECOND = 28
"""About 30 a second, says Telegram."""
CATCH_UP_S = 0.1
"""A chart that comes so late, as timers do, takes no time from the next ones."""

Request = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(eq=False, slots=True)
class Slot:
    """What a request takes of a window; moments by `monotonic`. arrived: None as long as nothing tells that it has."""

    sent: float
    arrived: float | None = None


class Window:
    """At most `count` requests in any `seconds`: what Telegram states, unlike a bucket that lets a burst pass on top.

    Telegram counts what it gets. What is not answered for long counts from when it seems to have arrived, since after a
    standstill Telegram gets all that waited at once.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self.places: list[Slot] = []
        self.closed_until = 0.0

    def wait(self, now: float, *, spare: int = 0) -> float:
        """Seconds until there is room for one more, leaving `spare` places free."""
        ends = sorted(end for place in self.places if (end := self._end(place, now)) > now)
        most = self.count - spare
        full_until = ends[len(ends) - most] if len(ends) >= most else 0.0
        return max(full_until, self.closed_until) - now

    def take(self, place: Slot) -> None:
        self.places = [each for each in self.places if self._end(each, place.sent) > place.sent] + [place]

    def _end(self, place: Slot, now: float) -> float:
        arrived = now if place.arrived is None else place.arrived
        return (place.sent if arrived - place.sent <= PROMPT_S else arrived) + self.seconds


class RateLimiter(BaseRateLimiter[bool]):
    """Holds a request back until its chat and the bot have room. A chat that was told to wait closes alone.

    What people wait for goes first. Charts that nobody asked for come evenly: then there is room for an answer at any
    moment, and none has to be kept free for it.

    line: who waits for room in the bot. next_chart: when a chart that nobody asked for may go; by `monotonic`.
    showing: the chats whose chart is with Telegram just now.
    ask: a request that Telegram does not count; its answer tells a standstill from some chats that hang.
    """

    def __init__(self) -> None:
        self.all = Window(PER_SECOND, 1.0)
        self.line = PriorityLock()
        self.next_chart = 0.0
        self.chats: dict[int, Window] = {}
        self.showing: set[int] = set()
        self.under_way: set[Slot] = set()
        self.ask: Request
        self.asking: asyncio.Task[None] | None = None

    def is_open(self, chat_id: int, *, asked: bool) -> bool:
        """Whether something may go there now. What nobody just asked for leaves room in the window for what is."""
        return self._chat(chat_id).wait(monotonic(), spare=0 if asked else _spare(chat_id)) <= 0

    async def process_request(  # noqa: PLR0913, PLR0917 the parent's signature
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: bool | None,  # noqa: FBT001
    ) -> Any:
        """Wait for room, then send. A chart's errors pass through: its turn comes again, with the newest one then.

        rate_limit_args: whether somebody waits for the chart.
        """
        chat_id = data.get("chat_id")
        if endpoint in UNCOUNTED or not isinstance(chat_id, int):
            return await callback(*args, **kwargs)
        if endpoint in CHARTS:
            return await self._show(chat_id, lambda: callback(*args, **kwargs), asked=bool(rate_limit_args))
        return await self._say(chat_id, lambda: callback(*args, **kwargs))

    async def _show(self, chat_id: int, request: Request, *, asked: bool) -> Any:
        async with self._place(chat_id, asked=asked):
            self.showing.add(chat_id)
            try:
                return await self._send(chat_id, request)
            finally:
                self.showing.discard(chat_id)

    async def _say(self, chat_id: int, request: Request) -> Any:
        """Say it again where it surely did not get there; after a wait that Telegram asks for, however long."""
        pauses = iter(PAUSES_S)
        while True:
            try:
                async with self._place(chat_id, asked=True):
                    return await self._send(chat_id, request)
            except RetryAfter:
                continue
            except TelegramError as error:
                if telegram_errors.classify(error).kind is not ErrorKind.WAIT or (pause := next(pauses, None)) is None:
                    raise
            await asyncio.sleep(pause)

    async def _send(self, chat_id: int, request: Request) -> Any:
        try:
            return await request()
        except RetryAfter as error:
            self._chat(chat_id).closed_until = monotonic() + telegram_errors.asked_wait(error).total_seconds()
            raise

    @asynccontextmanager
    async def _place(self, chat_id: int, *, asked: bool) -> AsyncIterator[None]:
        """Wait for room in the chat and in the bot, and take it."""
        while (place := await self._find_place(chat_id, asked=asked)) is None:
            continue
        try:
            yield
            self._note_arrival(place.sent)
        finally:
            place.arrived = place.arrived or monotonic()
            self.under_way.discard(place)

    async def _find_place(self, chat_id: int, *, asked: bool) -> Slot | None:
        """A place, once there is room in the chat; none where others of the chat took it while the bot had no room."""
        chat = self._chat(chat_id)
        while (wait := chat.wait(monotonic())) > 0:  # noqa: ASYNC110 time alone ends it
            await asyncio.sleep(min(wait, LOOK_S))
        async with self.line.turn(urgent=asked):
            while (wait := self._wait(asked=asked)) > 0:
                if self.all.wait(monotonic()) > 0:
                    self._doubt()
                await asyncio.sleep(min(wait, LOOK_S))
            if chat.wait(monotonic()) > 0:
                return None
            return self._take(chat, asked=asked)

    def _wait(self, *, asked: bool) -> float:
        """Seconds until the bot has room."""
        now = monotonic()
        return self.all.wait(now) if asked else max(self.all.wait(now), self.next_chart - now)

    def _take(self, chat: Window, *, asked: bool) -> Slot:
        place = Slot(monotonic())
        if not asked:
            self.next_chart = max(self.next_chart, place.sent - CATCH_UP_S) + self.all.seconds / self.all.count
        self.under_way.add(place)
        for window in (chat, self.all):
            window.take(place)
        return place

    def _doubt(self) -> None:
        """Where answers are late, find out whether Telegram answers at all; one question at a time."""
        is_late = any(monotonic() - place.sent > PROMPT_S for place in self.under_way)
        if is_late and (self.asking is None or self.asking.done()):
            self.asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        asked = monotonic()
        try:
            await self.ask()
        except TelegramError:
            await asyncio.sleep(ASK_AGAIN_S)
        else:
            self._note_arrival(asked)

    def _note_arrival(self, sent: float) -> None:
        """Telegram answered what was sent then: it does not stand still, and should have all that was sent before."""
        arrived = [place for place in self.under_way if place.sent <= sent]
        for place in arrived:
            place.arrived = monotonic()
        self.under_way.difference_update(arrived)

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None:
        if self.asking is not None:
            self.asking.cancel()

    def _chat(self, chat_id: int) -> Window:
        if chat_id not in self.chats:
            self.chats[chat_id] = _window(chat_id)
        return self.chats[chat_id]


def _is_group(chat_id: int) -> bool:
    """Groups and channels have negative ids."""
    return chat_id < 0


def _window(chat_id: int) -> Window:
    return Window(20, 60.0) if _is_group(chat_id) else Window(3, 3.0)


def _spare(chat_id: int) -> int:
    return 5 if _is_group(chat_id) else 1
