"""A worker's steps on a database and a Redis, and an X in the same process that counts what it bills.

X's answers are read by its own client's code; only HTTP is left out, so that thousands of ticks take seconds.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult, Observed, PostsResult, Profile, RequestWindow, State
from pipeline.settings import Settings
from pipeline.sources.source import StopFlag
from pipeline.sources.x import responses
from pipeline.sources.x.connection import Answer
from pipeline.sources.x.facts import KEY, NAME
from pipeline.sources.x.fetch import fetch
from pipeline.steps import fetch as fetch_step
from pipeline.steps import follow_names, plan, store
from pipeline.steps.chunks import Chunk
from pipeline.steps.compare_usage import compare_usage
from pipeline.steps.resources import Resources
from pipeline.store import Store, accounts, chats

WINDOW = timedelta(minutes=15)
OF_AN_APP = {"timelines": 10_000, "posts": 3_500, "profiles": 300, "usage": 50}


class Loss(Enum):
    """What becomes of an answer. BEFORE: X never got the request. AFTER: X billed it, and its answer was lost."""

    NONE = "none"
    BEFORE = "before"
    AFTER = "after"


@dataclass
class Window:
    ends_at: datetime
    used: int = 0


class SimulatedX:
    """clock: of all machines; X's own is `ahead` of it. limits: the requests of each kind in 15 minutes.

    hidden: the accounts that are protected. lose: says of each request, by its kind, what becomes of it. bill: how
    often each post was returned, by UTC day; each is billed once. asked: each request, as (moment by X's clock, kind,
    parameters). exceeded: the kinds of the requests that were more than a limit.
    """

    def __init__(self, at: datetime) -> None:
        self.clock, self.ahead = at, timedelta(0)
        self.limits = dict(OF_AN_APP)
        self.lose: Callable[[str], Loss] = lambda _: Loss.NONE
        self.timelines: dict[str, list[tuple[int, datetime]]] = {}
        self.hidden: set[str] = set()
        self.bill: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self.users: defaultdict[date, set[str]] = defaultdict(set)
        self.asked: list[tuple[datetime, str, dict[str, Any]]] = []
        self.exceeded: list[str] = []
        self._posts: dict[str, datetime] = {}
        self._windows: dict[str, Window] = {}
        self._lock = Lock()

    @property
    def now(self) -> datetime:
        return self.clock + self.ahead

    def write(self, remote_id: str, count: int = 1, *, every: timedelta = timedelta(hours=1)) -> None:
        """The account makes so many posts, the last one now."""
        for number in reversed(range(count)):
            at = self.now - number * every
            self.timelines.setdefault(remote_id, []).insert(0, (self._next_id(at), at))

    def _next_id(self, at: datetime) -> int:
        post_id = int(at.timestamp()) * 10_000
        while str(post_id) in self._posts:
            post_id += 1
        self._posts[str(post_id)] = at
        return post_id

    def delete(self, post_id: int) -> None:
        for remote_id, timeline in self.timelines.items():
            self.timelines[remote_id] = [each for each in timeline if each[0] != post_id]
        del self._posts[str(post_id)]

    def billed(self, day: date) -> int:
        """How many posts are billed on the UTC day."""
        return len(self.bill[day])

    def requests(self, kind: str = "timelines") -> list[dict[str, Any]]:
        """The parameters of all requests of a kind."""
        return [params for _, each, params in self.asked if each == kind]

    # what a Source offers

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        return fetch(self._ask_timeline, due, now, stop)

    def posts(self, post_ids: Sequence[str], now: datetime, stop: StopFlag) -> PostsResult:
        asked = tuple(post_ids)
        if problem := stop.why_not_to_ask(NAME):
            return PostsResult(now, asked, problem=problem, was_asked=False)
        with self._lock:
            answer = self._answer("posts", {"ids": asked}, self._look_up_posts)
        found = responses.posts(answer.body, asked)
        if found is None:
            error = answer.error or ServiceError(KEY, lazy_gettext("{network} answered", network="X"))
            return PostsResult(now, asked, problem=error.text, answered_at=answer.at)
        return PostsResult(now, asked, tuple(found), tuple(responses.gone(answer.body, asked)), answered_at=answer.at)

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        return self.profiles([handle.removeprefix("name") for handle in handles])

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        with self._lock:
            answer = self._answer("profiles", {"ids": tuple(remote_ids)}, self._look_up_users)
        if answer.error is not None:
            raise answer.error
        return responses.people(answer.body)

    def usage(self) -> int | None:
        with self._lock:
            self._count("usage", {})
            return sum(len(ids) for day, ids in self.bill.items() if day.month == self.now.month)

    def observed(self) -> Observed:
        windows = [
            RequestWindow(kind, self.limits[kind], max(0, self.limits[kind] - window.used), window.ends_at)
            for kind, window in self._windows.items()
        ]
        return Observed(self.clock, self.ahead.total_seconds(), tuple(windows))

    # what X does

    def _ask_timeline(self, due: Due, size: int, token: str | None) -> Answer:
        params = {"id": due.remote_id, "since_id": due.since_id, "until_id": due.until_id, "max_results": size}
        with self._lock:
            return self._answer("timelines", {**params, "pagination_token": token}, self._timeline)

    def _answer(self, kind: str, params: dict[str, Any], what: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
        loss = self.lose(kind)
        if loss is Loss.BEFORE:
            return _lost()
        if not self._count(kind, params):
            return Answer({}, self.now, 429, ServiceError(KEY, lazy_gettext("{network} answered", network="X")))
        body = what(params)
        self.bill[self.now.date()].update(item["id"] for item in body.get("data", []) if kind != "profiles")
        self.users[self.now.date()].update(item["id"] for item in body.get("data", []) if kind == "profiles")
        return _lost() if loss is Loss.AFTER else Answer(body, self.now)

    def _count(self, kind: str, params: dict[str, Any]) -> bool:
        """Count a request; returns whether it is within its window's limit."""
        window = self._windows.get(kind)
        if window is None or window.ends_at <= self.now:
            window = self._windows[kind] = Window(self.now + WINDOW)
        window.used += 1
        self.asked.append((self.now, kind, params))
        if window.used > self.limits[kind]:
            self.exceeded.append(kind)
        return window.used <= self.limits[kind]

    def _timeline(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["id"] in self.hidden:
            return _not_shown("not-authorized-for-resource", params["id"])
        low, high = int(params["since_id"] or 0), int(params["until_id"] or 10**30)
        found = [each for each in self.timelines.get(params["id"], []) if low < each[0] < high]
        start = int(params["pagination_token"] or 0)
        end = start + params["max_results"]
        meta = {"result_count": len(found[start:end])} | ({"next_token": str(end)} if found[end:] else {})
        data = [_show(post_id, at) for post_id, at in found[start:end]]
        return {"meta": meta} | ({"data": data} if data else {})

    def _look_up_posts(self, params: dict[str, Any]) -> dict[str, Any]:
        data = [_show(each, self._posts[each]) for each in params["ids"] if each in self._posts]
        gone = [_not_shown("resource-not-found", each) for each in params["ids"] if each not in self._posts]
        errors = [error | {"resource_type": "tweet"} for each in gone for error in each["errors"]]
        return ({"data": data} if data else {}) | ({"errors": errors} if errors else {})

    def _look_up_users(self, params: dict[str, Any]) -> dict[str, Any]:
        known = [each for each in params["ids"] if each in self.timelines]
        return {"data": [{"id": each, "username": f"name{each}"} for each in known]}


def _show(post_id: int | str, at: datetime) -> dict[str, Any]:
    return {
        "id": str(post_id),
        "created_at": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "public_metrics": {"retweet_count": int(post_id) % 97, "like_count": 1},
    }


def _not_shown(kind: str, value: str) -> dict[str, Any]:
    problem = {"type": f"https://api.x.com/2/problems/{kind}", "title": kind, "value": value, "resource_id": value}
    return {"errors": [problem]}


def _lost() -> Answer:
    error = ServiceError(KEY, lazy_gettext("{network} did not answer in time", network="X"))
    return Answer({}, status=0, error=error, is_lost=True)


@dataclass
class Worker:
    """A worker process: it plans, fetches and stores as the tasks do. Several may share a database and an X."""

    address: str
    redis: str
    folder: Path
    x: SimulatedX
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        usual = {"database_url": self.address, "redis_url": self.redis, "data_dir": self.folder}
        settings = Settings(**{**usual, "x_bearer_token": "token", **self.given, "_env_file": None})
        self.resources = Resources(settings)
        self.resources.sources[KEY] = self.x

    @property
    def store(self) -> Store:
        return self.resources.store

    @property
    def now(self) -> datetime:
        return self.x.clock

    def plan(self) -> list[Chunk]:
        plan.begin(self.resources, self.now)
        return plan.plan(self.resources, KEY, self.now)

    def plan_requested(self, *account_ids: int) -> list[Chunk]:
        return plan.plan_requested(self.resources, [], account_ids, self.now)

    def fetch(self, chunks: Iterable[Chunk]) -> list[str | None]:
        return [fetch_step.fetch(self.resources, chunk, self.now) for chunk in chunks]

    def save(self, digests: Sequence[str | None]) -> None:
        store.store(self.resources, KEY, digests, self.now)

    def compare(self) -> None:
        compare_usage(self.resources, KEY, self.now)

    def look_up_names(self) -> None:
        follow_names.follow_names(self.resources, KEY, self.now)

    def tick(self) -> list[Chunk]:
        chunks = self.plan()
        self.save(self.fetch(chunks))
        self.compare()
        return chunks

    def run(self, period: timedelta, every: timedelta | None = None) -> None:
        """Ticks for so long, from now on; the clock goes on after each."""
        step = every or self.resources.settings.tick
        for _ in range(int(period / step)):
            self.tick()
            self.x.clock += step

    def track(self, chat_id: int, *remote_ids: str) -> list[int]:
        """The chat tracks these accounts, whose profiles were looked up some time ago."""
        profiles = [Profile(f"name{each}", State.ACTIVE, each) for each in remote_ids]
        with self.store.write_session() as db:
            accounts.save_profiles(db, profiles, KEY, self.now)
            known = {each.remote_id: each.id for each in accounts.find_by_remote_ids(db, remote_ids, KEY)}
            chats.add(db, chat_id, self.now)
            chats.track(db, chat_id, list(known.values()), self.now)
        return [known[each] for each in remote_ids]

    def close(self) -> None:
        self.resources.store.close()
        self.resources.redis.close()
