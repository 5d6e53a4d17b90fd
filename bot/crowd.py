"""One person's flood: the first commands are answered, the rest is left out, and all others go on as ever."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

MOST_WAITING = 10
LEFT_OUT_S = 60.0  # as long as Telegram counts a group's messages, so that others find room there

Person = tuple[int, int | None]
"""Somebody in a chat; in a channel nobody speaks in person."""


class Crowd:
    """Who waits for answers, and who is not listened to for now."""

    def __init__(self) -> None:
        self.waiting: Counter[Person] = Counter()
        self.left_out: dict[Person, float] = {}

    def is_too_much(self, person: Person) -> bool:
        return self.waiting[person] >= MOST_WAITING

    def is_left_out(self, person: Person) -> bool:
        return self.left_out.get(person, 0.0) > monotonic()

    def leave_out(self, person: Person) -> None:
        now = monotonic()
        self.left_out = {each: until for each, until in self.left_out.items() if until > now}
        self.left_out[person] = now + LEFT_OUT_S

    @contextmanager
    def place(self, person: Person) -> Iterator[None]:
        self.waiting[person] += 1
        try:
            yield
        finally:
            self.waiting[person] -= 1
            if not self.waiting[person]:
                del self.waiting[person]
