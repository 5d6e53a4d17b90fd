"""X as the simulation has it: it answers the requests that the pipeline's client sends, and counts what it bills.

What it answers is all that the pipeline gets to know of the world.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import numpy as np

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Observed, RequestWindow
from pipeline.sources import observations
from pipeline.sources.x.client import XClient
from pipeline.sources.x.connection import Answer
from pipeline.sources.x.facts import KEY, RATE_LIMIT_HEADERS
from tests.simulate.growth import Integers
from tests.simulate.world import STEPS_A_DAY, World

START = datetime(2027, 2, 1, tzinfo=UTC)
"""Day 0 of the world: the first of a month of 28 days."""
FIRST_POST, FIRST_USER = 10**18, 10**9
POST_USD, USER_USD = 0.005, 0.010
WINDOW = timedelta(minutes=15)
LIMITS = {"timelines": 10_000, "posts": 3_500, "profiles": 300, "usage": 50}
"""Requests in each window, with an app's token."""
PROBLEM = "https://api.x.com/2/problems/resource-not-found"
TOO_MANY = 429
Body = dict[str, Any]


@dataclass
class Bill:
    """What was returned, each post and user once a UTC day. first: posts of timelines that were read without since_id.

    answers: the step and the posts of each answer.
    """

    returned: dict[tuple[date, str], set[int]] = field(default_factory=dict)
    first: Counter[date] = field(default_factory=Counter)
    answers: list[tuple[int, Integers]] = field(default_factory=list)

    def add(self, day: date, kind: str, ids: Iterable[int], *, is_first: bool = False) -> None:
        known = self.returned.setdefault((day, kind), set())
        before = len(known)
        known.update(ids)
        self.first[day] += len(known) - before if is_first else 0

    @property
    def posts(self) -> int:
        """All posts that were billed."""
        return sum(len(ids) for (_, kind), ids in self.returned.items() if kind == "posts")

    def usd(self, first: date, days: int, *, of_first_reads: bool = False) -> float:
        """The dollars of so many days: of first readings alone, or of all the rest."""
        total = 0.0
        for day in (first + timedelta(days=n) for n in range(days)):
            posts, users = (len(self.returned.get((day, kind), ())) for kind in ("posts", "users"))
            firsts = self.first[day]
            total += POST_USD * firsts if of_first_reads else POST_USD * (posts - firsts) + USER_USD * users
        return total


class SimulatedX(XClient):
    """The pipeline's client of X, whose requests are answered here. now: the moment at which they are."""

    def __init__(self, world: World) -> None:
        self.api = Api(world)
        self.client = self.api
        self._connection = SimulatedConnection(self.api)  # type: ignore[assignment]

    @property
    def bill(self) -> Bill:
        return self.api.bill

    @property
    def handles(self) -> list[str]:
        return [_handle(account) for account in range(self.api.account_count)]

    def set_clock(self, now: datetime) -> None:
        self.api.now = now


class SimulatedConnection:
    """In place of HTTP: bodies are passed on, and headers as X sends them are read as the pipeline reads them."""

    def __init__(self, api: "Api") -> None:
        self.observations = self
        self._api = api
        self._asked: Counter[tuple[str, datetime]] = Counter()
        self._windows: dict[str, RequestWindow] = {}

    def ask(self, kind: str, method: Callable[..., Body], *args: Any, **params: Any) -> Answer:
        now = self._api.now
        resets_at = now - (now - START) % WINDOW + WINDOW
        self._asked[kind, resets_at] += 1
        remaining = LIMITS[kind] - self._asked[kind, resets_at]
        headers = _headers(now, LIMITS[kind], max(0, remaining), resets_at)
        at = observations.date(headers)
        if window := observations.request_window(RATE_LIMIT_HEADERS, kind, headers, now):
            self._windows[kind] = window
        if remaining < 0:
            return Answer({}, at, TOO_MANY, ServiceError(KEY, lazy_gettext("too many"), retry_after=resets_at - now))
        return Answer(method(*args, **params), at)

    def observed(self) -> Observed:
        return Observed(self._api.now, 0.0, tuple(self._windows.values()))


def _headers(now: datetime, limit: int, remaining: int, resets_at: datetime) -> dict[str, str]:
    return {
        "date": format_datetime(now, usegmt=True),
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(int(resets_at.timestamp())),
    }


class Api:
    """X's endpoints, named and called as tweepy does; each returns the body of an answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.now = START
        self.bill = Bill()
        self.account_count = len(world.kinds)
        self._first = np.searchsorted(world.account, np.arange(self.account_count + 1)).tolist()
        self._created = [_iso(days) for days in world.created.tolist()]

    @property
    def _days(self) -> float:
        return (self.now - START) / timedelta(days=1)

    @property
    def _step(self) -> int:
        return max(0, round(self._days * STEPS_A_DAY))

    def get_users_tweets(
        self,
        user_id: str,
        *,
        max_results: int,
        pagination_token: str | None,
        since_id: str | None,
        until_id: str | None,
        **_: Any,
    ) -> Body:
        """GET /2/users/:id/tweets. A page's token is the index of its oldest post."""
        account = int(user_id) - FIRST_USER
        low, high = self._first[account], self._first[account + 1]
        end = low + int(np.searchsorted(self._world.created[low:high], self._days, side="right"))
        start = low if since_id is None else max(low, int(since_id) - FIRST_POST + 1)
        end = end if until_id is None else min(end, int(until_id) - FIRST_POST)
        end = end if pagination_token is None else min(end, int(pagination_token))
        if start >= end:
            return {"meta": {"result_count": 0}}
        posts = np.arange(start, end)
        alive = posts[self._world.deleted[start:end] > self._days][::-1]
        return self._page(alive, max_results, is_first=since_id is None)

    def _page(self, alive: Integers, size: int, *, is_first: bool) -> Body:
        shown = alive[:size]
        meta: Body = {"result_count": len(shown)}
        if len(alive) > size:
            meta |= {"next_token": str(shown[-1])}
        return {"data": self._return(shown, is_first=is_first), "meta": meta}

    def get_tweets(self, ids: Sequence[str], **_: Any) -> Body:
        """GET /2/tweets: the posts that exist, and a problem for each that does not any more."""
        posts = np.array(ids, dtype=np.int64) - FIRST_POST
        exists = self._world.deleted[posts] > self._days
        gone = [{"type": PROBLEM, "resource_type": "tweet", "resource_id": str(FIRST_POST + post)}
                for post in posts[~exists].tolist()]  # fmt: skip
        return {"data": self._return(posts[exists]), "errors": gone}

    def get_users(self, *, usernames: Sequence[str] = (), ids: Sequence[str] = (), **_: Any) -> Body:
        """GET /2/users and /2/users/by."""
        accounts = [int(each) - FIRST_USER for each in ids] or [int(each.removeprefix("account")) for each in usernames]
        self.bill.add(self.now.date(), "users", accounts)
        return {"data": [self._user(account) for account in accounts]}

    def request(self, _method: str, _route: str, **_: Any) -> Body:
        """GET /2/usage/tweets."""
        month = [ids for (day, kind), ids in self.bill.returned.items() if kind == "posts" and self._is_in_month(day)]
        return {"data": {"project_usage": str(sum(map(len, month)))}}

    def _is_in_month(self, day: date) -> bool:
        return (day.year, day.month) == (self.now.year, self.now.month)

    def _user(self, account: int) -> Body:
        created = self._created[self._first[account]]
        posts = self._first[account + 1] - self._first[account]
        return {"id": str(FIRST_USER + account), "username": _handle(account), "created_at": created,
                "public_metrics": {"tweet_count": posts}}  # fmt: skip

    def _return(self, posts: Integers, *, is_first: bool = False) -> list[Body]:
        self.bill.add(self.now.date(), "posts", posts.tolist(), is_first=is_first)
        self.bill.answers.append((self._step, posts))
        counts = self._world.count(posts, self._step).tolist()
        return [_post(post, self._created[post], count) for post, count in zip(posts.tolist(), counts, strict=True)]


def _post(post: int, created: str, count: int) -> Body:
    metrics = {"retweet_count": count, "reply_count": 0, "like_count": count, "quote_count": 0, "bookmark_count": 0}
    return {"id": str(FIRST_POST + post), "created_at": created, "public_metrics": metrics}


def _handle(account: int) -> str:
    return f"account{account}"


def account_of(remote_id: str) -> int:
    """The index of an account in the world, by its id on X."""
    return int(remote_id) - FIRST_USER


def _iso(days: float) -> str:
    return (START + timedelta(days=days)).isoformat(timespec="milliseconds")
