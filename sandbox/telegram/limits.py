"""Telegram's flood limits for messages and edits, in a chat and overall.

Figures: core.telegram.org/bots/faq. That edits count like messages, and channels like groups, is not documented there;
bots have observed it.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable

from sandbox.telegram.errors import too_many_requests
from sandbox.telegram.records import Chat

GROUP_MESSAGES = 20
GROUP_WINDOW_S = 60.0


class Bucket:
    """A token bucket: holds up to `burst` tokens and regains `per_second` of them each second."""

    def __init__(self, *, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._at = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until there is a token; 0 if there is one now."""
        return max(0.0, (1 - self._tokens_at(now)) / self._per_second)

    def spend(self, now: float) -> None:
        self._tokens, self._at = self._tokens_at(now) - 1, now

    def _tokens_at(self, now: float) -> float:
        return min(self._burst, self._tokens + max(0.0, now - self._at) * self._per_second)


class Window:
    """Allows at most `most` messages within any `length_s` seconds."""

    def __init__(self, *, most: int, length_s: float) -> None:
        self._length_s = length_s
        self._spent: deque[float] = deque(maxlen=most)

    def wait_s(self, now: float) -> float:
        if len(self._spent) < (self._spent.maxlen or 0):
            return 0.0
        return max(0.0, self._spent[0] + self._length_s - now)

    def spend(self, now: float) -> None:
        self._spent.append(now)


class Limits:
    def __init__(self) -> None:
        self._overall = Bucket(burst=30, per_second=30)
        self._private: defaultdict[int, Bucket] = defaultdict(lambda: Bucket(burst=5, per_second=1))
        self._groups: defaultdict[int, Window] = defaultdict(
            lambda: Window(most=GROUP_MESSAGES, length_s=GROUP_WINDOW_S)
        )

    def count_message(self, chat: Chat, now: float) -> None:
        """Count a message of the chat and of the bot. Raises a 429, and counts nothing, where a limit is reached."""
        of_chat = self._private[chat.id] if chat.type == "private" else self._groups[chat.id]
        _spend_together((self._overall, of_chat), now)

    def count_call(self, now: float) -> None:
        _spend_together((self._overall,), now)


def _spend_together(budgets: Iterable[Bucket | Window], now: float) -> None:
    wait_s = max(budget.wait_s(now) for budget in budgets)
    if wait_s > 0:
        raise too_many_requests(math.ceil(wait_s))
    for budget in budgets:
        budget.spend(now)
