"""A method of the Bot API: its parameters, its cost within the flood limits, and what it does."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sandbox.body import Upload
from sandbox.telegram import parameters as p
from sandbox.telegram.backend import Backend
from sandbox.telegram.records import Chat


class Cost(Enum):
    """Which flood limits a call counts for: none, the bot's (CALL), or the bot's and the chat's (MESSAGE)."""

    NOTHING = "nothing"
    CALL = "call"
    MESSAGE = "message"


@dataclass(frozen=True)
class Call:
    backend: Backend
    token: str
    given: Mapping[str, Any]
    uploads: Mapping[str, Upload]

    def get(self, name: str, default: Any = None) -> Any:
        return self.given.get(name, default)

    def chat(self) -> Chat:
        return self.backend.find_chat(self.get("chat_id"))


@dataclass(frozen=True)
class Method:
    name: str
    readers: p.Readers
    cost: Cost
    run: Callable[[Call], Awaitable[Any]]

    async def call(self, backend: Backend, token: str, raw: Mapping[str, Any]) -> Any:
        """The result of a call; raises ApiError."""
        attached = _attachments(raw, self.readers)
        named = {name: value for name, value in raw.items() if name not in attached}
        given = p.read_all(named, self.readers, inside=f" of {self.name}")
        call = Call(backend, token, given, attached)
        self._count(call)
        return await self.run(call)

    def _count(self, call: Call) -> None:
        """The limits go by a clock that nobody moves: the stand-ins' own may be set back."""
        if self.cost is Cost.MESSAGE:
            call.backend.limits.count_message(call.chat(), time.monotonic())
        elif self.cost is Cost.CALL:
            call.backend.limits.count_call(time.monotonic())


def _attachments(raw: Mapping[str, Any], readers: p.Readers) -> dict[str, Upload]:
    """The uploaded files that a parameter refers to with attach://NAME; they may have any name."""
    files = {name: value for name, value in raw.items() if isinstance(value, Upload)}
    pointers = str([value for name, value in raw.items() if name not in files])
    return {name: file for name, file in files.items() if name not in readers and f"attach://{name}" in pointers}


METHODS: dict[str, Method] = {}
"""By lower-case name, since Telegram ignores the case."""


def method(
    name: str, readers: p.Readers, *, cost: Cost = Cost.NOTHING
) -> Callable[[Callable[[Call], Awaitable[Any]]], Callable[[Call], Awaitable[Any]]]:
    """Registers the decorated function as the method of this name."""

    def register(run: Callable[[Call], Awaitable[Any]]) -> Callable[[Call], Awaitable[Any]]:
        METHODS[name.lower()] = Method(name, readers, cost, run)
        return run

    return register
