"""Telegram's limits, kept from this side: per chat, per group and for the whole bot. Every request passes here."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot.troubles import asked_wait

UNCOUNTED = {"answerCallbackQuery", "getChat", "getChatMember", "sendChatAction", "setMyCommands"}


class Window:
    """At most `count` events in any `seconds`: what Telegram states, unlike a bucket that lets a burst pass on top."""

    def __init__(self, count: int, seconds: float) -> None:
        self.times: deque[float] = deque(maxlen=count)
        self.seconds = seconds
        self.closed_until = 0.0

    def wait(self, now: float, *, spare: int = 0) -> float:
        """Seconds until there is room for one more, leaving `spare` places free."""
        most = (self.times.maxlen or 0) - spare
        full_until = self.times[-most] + self.seconds if len(self.times) >= most else 0.0
        return max(full_until, self.closed_until) - now

    def take(self, now: float) -> None:
        self.times.append(now)


class Limits(BaseRateLimiter[None]):
    """Holds a request back until its chat and the bot have room. A chat that was told to wait closes alone."""

    def __init__(self) -> None:
        self.all = Window(28, 1.0)  # about 30 a second
        self.chats: dict[int, Window] = {}

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
        rate_limit_args: None,  # noqa: ARG002
    ) -> Any:
        """Wait for room, then send. RetryAfter passes through, after closing its chat for that long."""
        chat_id = data.get("chat_id")
        if endpoint in UNCOUNTED or not isinstance(chat_id, int):
            return await callback(*args, **kwargs)
        chat = self._chat(chat_id)
        for window in (chat, self.all):
            while (wait := window.wait(monotonic())) > 0:  # noqa: ASYNC110 nothing but time makes room
                await asyncio.sleep(wait)
            window.take(monotonic())
        try:
            return await callback(*args, **kwargs)
        except RetryAfter as error:
            chat.closed_until = monotonic() + asked_wait(error).total_seconds()
            raise

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    def _chat(self, chat_id: int) -> Window:
        return self.chats.setdefault(chat_id, _window(chat_id))


def _is_group(chat_id: int) -> bool:
    """Groups and channels have negative ids."""
    return chat_id < 0


def _window(chat_id: int) -> Window:
    return Window(20, 60.0) if _is_group(chat_id) else Window(3, 3.0)


def _spare(chat_id: int) -> int:
    return 5 if _is_group(chat_id) else 1
