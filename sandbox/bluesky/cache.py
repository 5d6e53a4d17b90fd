"""The copies from which the public API answers: each keeps an answer for a time, so that a later one may be older."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Reply = tuple[int, dict[str, Any]]


@dataclass
class Cache:
    """keeps: how long each copy keeps an answer. copies: how many there are, which answer in turn."""

    keeps: timedelta = timedelta(0)
    copies: int = 1
    _turn: int = 0
    _kept: dict[tuple[int, str], tuple[datetime, Reply]] = field(default_factory=dict)

    def find(self, path: str, now: datetime) -> Reply | None:
        """What the copy whose turn it is has kept for this request; None where it has nothing, or too old."""
        self._turn = (self._turn + 1) % self.copies
        at, reply = self._kept.get((self._turn, path), (now - self.keeps, None))
        return reply if now - at < self.keeps else None

    def keep(self, path: str, now: datetime, reply: Reply) -> None:
        if self.keeps:
            self._kept[self._turn, path] = now, reply
