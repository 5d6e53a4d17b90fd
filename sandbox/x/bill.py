"""What X would charge: each returned post and user once a UTC day."""

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
    requests: int = 0
    posts_returned: int = 0
    users_returned: int = 0
    posts_billed: set[int] = field(default_factory=set)
    users_billed: set[int] = field(default_factory=set)


class Bill:
    def __init__(self) -> None:
        self._days: defaultdict[str, Day] = defaultdict(Day)

    def count_request(self, now: datetime) -> None:
        self._day(now).requests += 1

    def charge(self, now: datetime, *, posts: Iterable[int], users: Iterable[int]) -> None:
        day, posts, users = self._day(now), list(posts), list(users)
        day.posts_returned += len(posts)
        day.users_returned += len(users)
        day.posts_billed.update(posts)
        day.users_billed.update(users)

    def posts_billed(self, now: datetime) -> int:
        return len(self._day(now).posts_billed)

    def statement(self) -> dict[str, Any]:
        by_day = {name: _statement(day) for name, day in sorted(self._days.items())}
        return {**_total(list(by_day.values())), "by_day": by_day}

    def _day(self, now: datetime) -> Day:
        return self._days[now.astimezone(UTC).date().isoformat()]


def _statement(day: Day) -> dict[str, float]:
    usd = USD_A_POST * len(day.posts_billed) + USD_A_USER * len(day.users_billed)
    return {
        "requests": day.requests,
        "posts_returned": day.posts_returned,
        "posts_billed": len(day.posts_billed),
        "users_returned": day.users_returned,
        "users_billed": len(day.users_billed),
        "usd": float(usd),
    }


def _total(days: list[dict[str, float]]) -> dict[str, float]:
    total = {name: sum(day[name] for day in days) for name in _statement(Day())}
    return {**total, "usd": round(total["usd"], 3)}
