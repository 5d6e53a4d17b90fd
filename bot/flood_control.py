"""Flood control: which person's command or button press is answered next, and who is ignored for a while."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

MAX_WAITING = 20
"""Commands and presses of one person that may wait for an answer, in all chats together."""
BUSY_FROM = 4000
"""Waiting commands and presses of all people together from which on each person may have only one."""
IGNORE_S = 60.0
"""How long a person who sent too much is ignored: as long as Telegram's rate limit for a group looks back."""
ANSWERS_PER_SECOND = 28
"""To all people together: as many messages as the bot may send."""
ANSWERS_PER_SECOND_EACH = 7
"""To one person: a quarter of all."""
FAIRNESS_WINDOW_S = 60.0
"""The person with the fewest answers in this window, and the fewest waiting commands, is answered next."""
MAX_COPIES, MAX_COPIES_EACH, COPIES_WINDOW_S = 6, 2, 60.0
"""Copies of charts that members may open within the window: in a group, and each of them."""

Person = int
"""A user's id; the chat's id where a chat speaks itself: in a channel, or through an anonymous admin."""


class FloodControl:
    """Admits commands and presses one by one. Moments are those of time.monotonic.

    waiting_counts: how many each person has that are not answered yet. queues: those that are not admitted yet, by
    person. answer_times: when each person's were admitted. recent_answers: when anybody's were, in the last second.
    """

    def __init__(self) -> None:
        self.waiting_counts: Counter[Person] = Counter()
        self.ignored_until: dict[Person, float] = {}
        self.queues: dict[Person, deque[asyncio.Future[None]]] = {}
        self.answer_times: dict[Person, deque[float]] = {}
        self.recent_answers: deque[float] = deque()
        self.timer: asyncio.TimerHandle | None = None
        self.picks_newest = False

    def is_over_limit(self, person: Person) -> bool:
        """Whether the person has as many commands and presses waiting as one may have."""
        return self.waiting_counts[person] >= (MAX_WAITING if self.waiting_counts.total() < BUSY_FROM else 1)

    def is_ignored(self, person: Person) -> bool:
        return self.ignored_until.get(person, 0.0) > monotonic()

    def ignore(self, person: Person) -> None:
        """Ignore the person's commands and presses for IGNORE_S."""
        now = monotonic()
        self.ignored_until = {each: until for each, until in self.ignored_until.items() if until > now}
        self.ignored_until[person] = now + IGNORE_S

    @asynccontextmanager
    async def admission(self, person: Person) -> AsyncIterator[None]:
        """Wait until a command or press of this person may be answered; the block answers it."""
        admitted = asyncio.get_running_loop().create_future()
        self.waiting_counts[person] += 1
        self.queues.setdefault(person, deque()).append(admitted)
        try:
            self._admit_waiting()
            await admitted
            yield
        finally:
            self.waiting_counts[person] -= 1
            if not self.waiting_counts[person]:
                del self.waiting_counts[person]

    def _admit_waiting(self) -> None:
        """Admit as many as the limits allow now, and set a timer where more wait."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
        now = monotonic()
        _drop_before(now - 1, self.recent_answers)
        while self.queues and len(self.recent_answers) < ANSWERS_PER_SECOND:
            person = self._next_person(now)
            if person is None:
                break
            self._admit(person, now)
        if self.queues:
            self.timer = asyncio.get_running_loop().call_later(1 / ANSWERS_PER_SECOND, self._admit_waiting)

    def _next_person(self, now: float) -> Person | None:
        """The person with the lowest load whose own limit allows an answer; None where nobody's does.

        Among equals, the one who came first and the one who came last alternate: a thousand people who all came at
        once delay no newcomer, and are themselves answered in order.
        """
        loads = {person: self._load(person, now) for person in self.queues if self._may_be_answered(person, now)}
        if not loads:
            return None
        lowest = min(loads.values())
        equals = [person for person, load in loads.items() if load == lowest]
        self.picks_newest = not self.picks_newest
        return equals[-1] if self.picks_newest else equals[0]

    def _may_be_answered(self, person: Person, now: float) -> bool:
        times = self.answer_times.get(person, ())
        return len(times) < ANSWERS_PER_SECOND_EACH or times[-ANSWERS_PER_SECOND_EACH] <= now - 1

    def _load(self, person: Person, now: float) -> int:
        """How many answers the person got in the fairness window, plus how many they wait for."""
        times = self.answer_times.get(person, deque())
        _drop_before(now - FAIRNESS_WINDOW_S, times)
        return len(times) + len(self.queues[person])

    def _admit(self, person: Person, now: float) -> None:
        queue = self.queues[person]
        admitted = queue.popleft()
        if not queue:
            del self.queues[person]
        if admitted.cancelled():
            return
        admitted.set_result(None)
        self.recent_answers.append(now)
        self._forget_old_answers(now)
        self.answer_times.setdefault(person, deque()).append(now)

    def _forget_old_answers(self, now: float) -> None:
        """Free the memory of people who were answered long ago; only where there are many, since it takes a while."""
        if len(self.answer_times) > BUSY_FROM:
            self.answer_times = {
                person: times
                for person, times in self.answer_times.items()
                if times and times[-1] > now - FAIRNESS_WINDOW_S
            }


class CopyLimits:
    """How many copies of charts the members of a group may open, so that they leave room for its other messages.

    opened: when and by whom, within the last COPIES_WINDOW_S; by the chat's id.
    """

    def __init__(self) -> None:
        self.opened: dict[int, list[tuple[float, Person]]] = {}

    def admit(self, chat_id: int, person: Person) -> bool:
        """Whether the person may open a copy in the chat now; it counts as opened then."""
        now = monotonic()
        recent = [(at, by) for at, by in self.opened.get(chat_id, ()) if at > now - COPIES_WINDOW_S]
        theirs = sum(by == person for _, by in recent)
        if len(recent) >= MAX_COPIES or theirs >= MAX_COPIES_EACH:
            return False
        self.opened[chat_id] = [*recent, (now, person)]
        return True


def _drop_before(moment: float, times: deque[float]) -> None:
    while times and times[0] <= moment:
        times.popleft()


def sender_of(update: Mapping[str, Any]) -> Person | None:
    """The user who wrote the text or pressed the button in an update, given as Telegram's JSON.

    None for any other update, and for a message that a chat sent in its own name.
    """
    press = update.get("callback_query")
    message = update.get("message") or update.get("edited_message") or {}
    if press is None and ("text" not in message or "sender_chat" in message):
        return None
    user_id = (press or message).get("from", {}).get("id")
    return user_id if isinstance(user_id, int) else None
