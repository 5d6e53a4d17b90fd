"""Telegram's rate limits: for the whole bot, for each group and for each private chat. Every request passes here.

The library's own limiter is no replacement: it knows no limit for a private chat, lets a burst pass on top of its rate,
and a RetryAfter of one chat stops the others; see docs/upstream.md.
"""

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
from bot.signs import Signs
from bot.telegram_errors import ErrorKind

UNLIMITED_METHODS = {
    *("answerCallbackQuery", "getChat", "getChatAdministrators", "getChatMember", "sendChatAction", "setMyCommands"),
}
"""Methods that send no message and do not count."""
CHART_METHODS = {"sendPhoto", "editMessageMedia"}
RETRY_DELAYS_S = (1.0, 3.0, 9.0)
"""Seconds to wait before each retry of an undelivered message."""
REQUESTS_PER_SECOND = 28
"""Of the whole bot. Telegram states about 30. Source: https://core.telegram.org/bots/faq"""
PROMPT_ANSWER_S = 0.5
"""A request that is answered within this time is taken to have arrived when it was sent."""
POLL_INTERVAL_S = 0.25
"""How often a waiting request checks whether there is room."""
PROBE_RETRY_S = 5.0
MAX_LATENESS_S = 0.1
"""A chart that is sent this much after its moment, as timers are late, does not delay the charts after it."""

Request = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(eq=False, slots=True)
class Slot:
    """One request within a window; moments by time.monotonic. arrived: None until an answer tells that it arrived."""

    sent: float
    arrived: float | None = None


class Window:
    """Allows at most `count` requests in any `seconds`. A token bucket would let a burst pass on top of that.

    Telegram counts when a request arrives. A request that is not answered promptly counts from the moment that it seems
    to have arrived, since a Telegram that stood still receives all that waited at once.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self.slots: list[Slot] = []
        self.closed_until = 0.0

    def wait_s(self, now: float, *, reserve: int = 0) -> float:
        """Seconds until one more request is allowed, with `reserve` slots kept free; zero or less for now."""
        ends = sorted(end for slot in self.slots if (end := self._end_of(slot, now)) > now)
        usable = self.count - reserve
        full_until = ends[len(ends) - usable] if len(ends) >= usable else 0.0
        return max(full_until, self.closed_until) - now

    def add(self, slot: Slot) -> None:
        self.slots = [each for each in self.slots if self._end_of(each, slot.sent) > slot.sent] + [slot]

    def _end_of(self, slot: Slot, now: float) -> float:
        """When the slot is free again."""
        arrived = now if slot.arrived is None else slot.arrived
        return (slot.sent if arrived - slot.sent <= PROMPT_ANSWER_S else arrived) + self.seconds


class RateLimiter(BaseRateLimiter[bool]):
    """Delays each request until its chat and the bot may send it. A RetryAfter closes its own chat only.

    Requests that people wait for go first. Charts that nobody asked for are spread evenly over each second, so that an
    answer finds room at any moment.

    bot_lock: held by the request that waits for room in the bot's window. next_chart_at: when the next chart that
    nobody asked for may be sent. charts_in_flight: the chats whose chart Telegram has not answered yet. in_flight: the
    slots of all requests without an answer. probe: a request that Telegram does not count; its answer tells a Telegram
    that stands still from single chats that hang.
    """

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.bot_window = Window(REQUESTS_PER_SECOND, 1.0)
        self.bot_lock = PriorityLock()
        self.next_chart_at = 0.0
        self.chat_windows: dict[int, Window] = {}
        self.charts_in_flight: set[int] = set()
        self.in_flight: set[Slot] = set()
        self.probe: Request
        self.probing: asyncio.Task[None] | None = None

    def has_room(self, chat_id: int, *, requested: bool) -> bool:
        """Whether the chat's window allows a request now.

        requested: somebody waits for it; any other one must leave slots free for those.
        """
        return self._window_of(chat_id).wait_s(monotonic(), reserve=0 if requested else _reserve(chat_id)) <= 0

    async def process_request(  # noqa: PLR0913, PLR0917 the parent's signature
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: bool | None,  # noqa: FBT001
    ) -> Any:
        """Wait for room, then send the request. python-telegram-bot calls this for every request.

        rate_limit_args: whether somebody waits for the chart. A chart's errors are raised, since the delivery retries
        it with the newest chart; anything else is retried here.
        """
        chat_id = data.get("chat_id")
        if endpoint in UNLIMITED_METHODS or not isinstance(chat_id, int):
            return await callback(*args, **kwargs)
        if endpoint in CHART_METHODS:
            return await self._send_chart(chat_id, lambda: callback(*args, **kwargs), requested=bool(rate_limit_args))
        return await self._send_with_retries(chat_id, lambda: callback(*args, **kwargs))

    async def _send_chart(self, chat_id: int, request: Request, *, requested: bool) -> Any:
        async with self._slot(chat_id, urgent=requested):
            self.charts_in_flight.add(chat_id)
            try:
                return await self._send_once(chat_id, request)
            finally:
                self.charts_in_flight.discard(chat_id)

    async def _send_with_retries(self, chat_id: int, request: Request) -> Any:
        """Retry after each RetryAfter, and a few times where the request surely did not arrive."""
        delays_s = iter(RETRY_DELAYS_S)
        while True:
            try:
                async with self._slot(chat_id, urgent=True):
                    return await self._send_once(chat_id, request)
            except RetryAfter:
                continue
            except TelegramError as error:
                delay_s = next(delays_s, None)
                if telegram_errors.classify(error).kind is not ErrorKind.RETRY or delay_s is None:
                    raise
            await asyncio.sleep(delay_s)

    async def _send_once(self, chat_id: int, request: Request) -> Any:
        try:
            return await request()
        except RetryAfter as error:
            self.signs.asked_to_wait.inc()
            wait_s = telegram_errors.requested_wait(error).total_seconds()
            self._window_of(chat_id).closed_until = monotonic() + wait_s
            raise

    @asynccontextmanager
    async def _slot(self, chat_id: int, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for room in the chat and in the bot, and occupy it; the block sends the request."""
        while (slot := await self._find_slot(chat_id, urgent=urgent)) is None:
            continue
        try:
            yield
            self._note_arrival(slot.sent)
        finally:
            slot.arrived = slot.arrived or monotonic()
            self.in_flight.discard(slot)

    async def _find_slot(self, chat_id: int, *, urgent: bool) -> Slot | None:
        """Wait for a slot. None where another request took the chat's room while this one waited for the bot's."""
        chat_window = self._window_of(chat_id)
        while (wait_s := chat_window.wait_s(monotonic())) > 0:  # noqa: ASYNC110 time alone ends it
            await asyncio.sleep(min(wait_s, POLL_INTERVAL_S))
        async with self.bot_lock.hold(urgent=urgent):
            while (wait_s := self._bot_wait_s(urgent=urgent)) > 0:
                if self.bot_window.wait_s(monotonic()) > 0:
                    self._probe_if_late()
                await asyncio.sleep(min(wait_s, POLL_INTERVAL_S))
            if chat_window.wait_s(monotonic()) > 0:
                return None
            return self._occupy(chat_window, urgent=urgent)

    def _bot_wait_s(self, *, urgent: bool) -> float:
        """Seconds until the bot may send this request."""
        now = monotonic()
        window_wait_s = self.bot_window.wait_s(now)
        return window_wait_s if urgent else max(window_wait_s, self.next_chart_at - now)

    def _occupy(self, chat_window: Window, *, urgent: bool) -> Slot:
        slot = Slot(monotonic())
        if not urgent:
            chart_interval_s = self.bot_window.seconds / self.bot_window.count
            self.next_chart_at = max(self.next_chart_at, slot.sent - MAX_LATENESS_S) + chart_interval_s
        self.in_flight.add(slot)
        for window in (chat_window, self.bot_window):
            window.add(slot)
        return slot

    def _probe_if_late(self) -> None:
        """Where answers are late, find out whether Telegram answers at all; one probe at a time."""
        is_late = any(monotonic() - slot.sent > PROMPT_ANSWER_S for slot in self.in_flight)
        if is_late and (self.probing is None or self.probing.done()):
            self.probing = asyncio.create_task(self._send_probe())

    async def _send_probe(self) -> None:
        sent = monotonic()
        try:
            await self.probe()
        except TelegramError:
            await asyncio.sleep(PROBE_RETRY_S)
        else:
            self._note_arrival(sent)

    def _note_arrival(self, sent: float) -> None:
        """Telegram answered a request of that moment, so every request sent before has arrived too."""
        arrived = [slot for slot in self.in_flight if slot.sent <= sent]
        for slot in arrived:
            slot.arrived = monotonic()
        self.in_flight.difference_update(arrived)

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None:
        if self.probing is not None:
            self.probing.cancel()

    def _window_of(self, chat_id: int) -> Window:
        if chat_id not in self.chat_windows:
            self.chat_windows[chat_id] = _new_window(chat_id)
        return self.chat_windows[chat_id]


def _is_group(chat_id: int) -> bool:
    """Groups and channels have negative ids."""
    return chat_id < 0


def _new_window(chat_id: int) -> Window:
    """20 messages a minute in a group, and one a second with short bursts elsewhere; see Telegram's FAQ for bots."""
    return Window(20, 60.0) if _is_group(chat_id) else Window(3, 3.0)


def _reserve(chat_id: int) -> int:
    """How many slots of the chat's window charts that nobody asked for leave free."""
    return 5 if _is_group(chat_id) else 1
