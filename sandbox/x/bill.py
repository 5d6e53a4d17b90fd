"""What X would charge: each returned post and user once a UTC day, or each time while it does not de-duplicate.

Source: docs.x.com, getting-started/pricing, which calls its de-duplication a soft guarantee.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

USD_A_POST = Decimal("0.005")
USD_A_USER = Decimal("0.010")


@dataclass
class Day:
    """posts_repeated, users_repeated: how often one was billed that had been billed on that day."""

    requests: int = 0
    posts_returned: int = 0
    users_returned: int = 0
    posts_billed: set[int] = field(default_factory=set)
    users_billed: set[int] = field(default_factory=set)
    posts_repeated: int = 0
    users_repeated: int = 0


class Bill:
    def __init__(self) -> None:
        self._days: defaultdict[str, Day] = defaultdict(Day)
        self._totals: dict[str, float] = {}  # in dollars, by the minute
        self.deduplicates = True

    def count_request(self, now: datetime) -> None:
        self._day(now).requests += 1

    def charge(self, now: datetime, *, posts: Iterable[int], users: Iterable[int]) -> None:
        day, posts, users = self._day(now), list(posts), list(users)
        day.posts_returned += len(posts)
        day.users_returned += len(users)
        if not self.deduplicates:
            day.posts_repeated += len(day.posts_billed.intersection(posts))
            day.users_repeated += len(day.users_billed.intersection(users))
        day.posts_billed.update(posts)
        day.users_billed.update(users)
        self._totals[now.astimezone(UTC).isoformat(timespec="minutes")] = self.statement()["usd"]

    def used_today(self, now: datetime) -> int:
        """How many posts were billed, each as often as it was."""
        return _used(self._day(now))

    def used_this_month(self, now: datetime) -> int:
        month = _name(now)[: len("2026-11")]
        return sum(_used(day) for name, day in self._days.items() if name.startswith(month))

    def statement(self) -> dict[str, Any]:
        by_day = {name: _statement(day) for name, day in sorted(self._days.items())}
        return {**_total(list(by_day.values())), "by_day": by_day}

    def history(self) -> list[dict[str, Any]]:
        """The total at the end of each minute in which something was returned, the oldest first."""
        return [{"at": at, "usd": usd} for at, usd in self._totals.items()]

    def _day(self, now: datetime) -> Day:
        return self._days[_name(now)]


def _name(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _used(day: Day) -> int:
    return len(day.posts_billed) + day.posts_repeated


def _statement(day: Day) -> dict[str, float]:
    usd = USD_A_POST * _used(day) + USD_A_USER * (len(day.users_billed) + day.users_repeated)
    return {
        "requests": day.requests,
        "posts_returned": day.posts_returned,
        "posts_billed": len(day.posts_billed),
        "users_returned": day.users_returned,
        "users_billed": len(day.users_billed),
        "posts_repeated": day.posts_repeated,
        "users_repeated": day.users_repeated,
        "usd": float(usd),
    }


def _total(days: list[dict[str, float]]) -> dict[str, float]:
    total = {name: sum(day[name] for day in days) for name in _statement(Day())}
    return {**total, "usd": round(total["usd"], 3)}
