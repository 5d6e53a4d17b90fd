"""Flood control: whose command or press is answered next, and whose is left out."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

MOST_WAITING = 20
"""Commands and presses of one person that may wait for their answers, in all chats together."""
CROWDED = 4000
"""From so many of all people on, each may have one that waits."""
LEFT_OUT_S = 60.0  # as long as Telegram counts a group's messages, so that others find room there
ALL_A_SECOND = 28  # answers; as many as Telegram takes of a bot
SHARE_A_SECOND = 7
"""One person's; a quarter of all."""
LOOK_BACK_S = 60.0
"""Whoever was answered least in that time, and asks for least, is answered first."""

Person = int
"""A user's id; the chat's, where it speaks itself: in a channel, or through an admin who stays anonymous."""


class FloodControl:
    """Who waits for answers, who was answered when, and who is not listened to for now."""

    def __init__(self) -> None:
        self.waiting: Counter[Person] = Counter()
        self.left_out: dict[Person, float] = {}
        self.queue: dict[Person, deque[asyncio.Future[None]]] = {}
        self.answered: dict[Person, deque[float]] = {}
        self.all: deque[float] = deque()
        self.timer: asyncio.TimerHandle | None = None
        self.takes_newest = False

    def is_too_much(self, person: Person) -> bool:
        most = MOST_WAITING if self.waiting.total() < CROWDED else 1
        return self.waiting[person] >= most

    def is_left_out(self, person: Person) -> bool:
        return self.left_out.get(person, 0.0) > monotonic()

    def leave_out(self, person: Person) -> None:
        now = monotonic()
        self.left_out = {each: until for each, until in self.left_out.items() if until > now}
        self.left_out[person] = now + LEFT_OUT_S

    @asynccontextmanager
    async def turn(self, person: Person) -> AsyncIterator[None]:
        """Wait until it is the person's turn to be answered."""
        turn = asyncio.get_running_loop().create_future()
        self.waiting[person] += 1
        self.queue.setdefault(person, deque()).append(turn)
        try:
            self._admit()
            await turn
            yield
        finally:
            self.waiting[person] -= 1
            if not self.waiting[person]:
                del self.waiting[person]

    def _admit(self) -> None:
        """Let those go on whose turn it is; look again soon where more wait."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
        now = monotonic()
        _drop_before(now - 1, self.all)
        while self.queue and len(self.all) < ALL_A_SECOND and (person := self._next(now)) is not None:
            self._let_go_on(person, now)
        if self.queue:
            self.timer = asyncio.get_running_loop().call_later(1 / ALL_A_SECOND, self._admit)

    def _next(self, now: float) -> Person | None:
        """Whoever was answered least and asks for least; among equals the first and the last to come in turns.

        So a crowd of any size that came at once keeps no newcomer waiting, and is itself answered in order.
        """
        counts = {person: self._count(person, now) for person in self.queue if self._has_share(person, now)}
        if not counts:
            return None
        least = min(counts.values())
        equal = [person for person, count in counts.items() if count == least]
        self.takes_newest = not self.takes_newest
        return equal[-1] if self.takes_newest else equal[0]

    def _has_share(self, person: Person, now: float) -> bool:
        times = self.answered.get(person, ())
        return len(times) < SHARE_A_SECOND or times[-SHARE_A_SECOND] <= now - 1

    def _count(self, person: Person, now: float) -> int:
        """How often the person was answered of late, and how often they now wait to be."""
        times = self.answered.get(person, deque())
        _drop_before(now - LOOK_BACK_S, times)
        return len(times) + len(self.queue[person])

    def _let_go_on(self, person: Person, now: float) -> None:
        turns = self.queue[person]
        turn = turns.popleft()
        if not turns:
            del self.queue[person]
        if turn.cancelled():
            return
        turn.set_result(None)
        self.all.append(now)
        self._forget_long_answered(now)
        self.answered.setdefault(person, deque()).append(now)

    def _forget_long_answered(self, now: float) -> None:
        """Once in a while, so that the people of long ago take no room."""
        if len(self.answered) > CROWDED:
            self.answered = {
                each: times for each, times in self.answered.items() if times and times[-1] > now - LOOK_BACK_S
            }


def _drop_before(moment: float, times: deque[float]) -> None:
    while times and times[0] <= moment:
        times.popleft()


def sender(update: Mapping[str, Any]) -> Person | None:
    """Who speaks or presses in an update as Telegram sends it; None for what is no command and no press."""
    press = update.get("callback_query")
    said = update.get("message") or update.get("edited_message") or {}
    if press is None and ("text" not in said or "sender_chat" in said):
        return None
    person = (press or said).get("from", {}).get("id")
    return person if isinstance(person, int) else None
