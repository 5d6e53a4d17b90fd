"""The pipeline's steps without Celery, on a database, a Redis and a stand-in of X of their own."""

import asyncio
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from redis import Redis, RedisError

from pipeline import clock
from pipeline.messaging.celery_app import SLOTS
from pipeline.records import ChartSpec, Comparison, FetchResult, Mode, Post, Profile, State
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Source
from pipeline.sources.x.client import XClient
from pipeline.sources.x.facts import X
from pipeline.steps.chunks import Chunk, unpack
from pipeline.steps.compare_usage import compare_usage
from pipeline.steps.fetch import FetchedChunk, fetch, fetched_chunks
from pipeline.steps.plan import begin, plan
from pipeline.steps.resources import Resources
from pipeline.steps.store import store
from pipeline.store import Store, accounts, chats, comparisons, posts, subscriptions
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.supervise import private_redis
from sandbox.server import make_app
from tests.conftest import NETWORK, until
from tests.databases import migrate
from tests.time_server import TimeServer
from tests.unit.sandbox.conftest import control, url

__all__ = ["control", "url"]

CHAT = 1
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""The moment of the first tick."""
TIMELINES, LOOK_UPS = "GET /2/users/:id/tweets", "GET /2/tweets"


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    """The sandbox, served from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(make_app(), access_log=None, shutdown_timeout=0.1)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield asyncio.run_coroutine_threadsafe(start(), loop).result()
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that nobody else uses."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("r"), x_bearer_token="token", _env_file=None)
    server = subprocess.Popen(shlex.split(private_redis(settings)), stdout=subprocess.DEVNULL)
    until(lambda: _answers(settings.redis_address))
    yield settings.redis_address
    server.terminate()
    server.wait()


def _answers(address: str) -> bool:
    try:
        with Redis.from_url(address) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


@pytest.fixture(scope="session")
def time_server() -> Iterator[TimeServer]:
    with TimeServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Ticks:
    """A worker's steps, one tick after the other, and the other side: X, and the chat that is shown the charts.

    time: the clock that the worker follows; X's is set with it.
    """

    folder: Path
    redis: str
    sandbox: str
    time: TimeServer
    given: dict[str, Any] = field(default_factory=dict)
    resources: Resources = field(init=False)
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.opened: list[Resources] = []
        self.http = httpx.Client(base_url=f"{self.sandbox}/_control")
        self.http.post("reset").raise_for_status()
        clock.follow(self.time.url, automatic=False)
        self.set_clock(NOW)
        self.start(**self.given)

    def start(self, **settings: Any) -> None:
        """Begin anew with these settings, on the same database."""
        usual: dict[str, Any] = {
            "x_daily_usd": 1000,
            "x_monthly_usd": 1000,
            "x_api_url": f"{self.sandbox}/x",
            "x_bearer_token": "token",
        }
        usual |= {"data_dir": self.folder, "redis_url": self.redis}
        self.resources = Resources(Settings(**{**usual, **settings, "_env_file": None}))
        self.opened.append(self.resources)
        migrate(self.store)
        with Redis.from_url(self.redis) as redis:
            redis.flushdb()

    def set_clock(self, at: datetime, x_ahead: timedelta = timedelta(0)) -> None:
        """It is that moment now, and on X so much later."""
        self.time.ahead = at - datetime.now(UTC)
        clock.measure()
        ahead_s = (self.time.ahead + x_ahead).total_seconds()
        self.http.post("clock", json={"ahead_s": ahead_s}).raise_for_status()

    @property
    def x(self) -> Source:
        return self.resources.source(X)

    @property
    def store(self) -> Store:
        return self.resources.store

    def load(self, username: str, posts: Sequence[dict[str, Any]], **more: Any) -> None:
        account = {"username": username, "posts": list(posts), **more}
        self.http.post("x/accounts", json={"accounts": [account]}).raise_for_status()

    def fault(self, **fields: Any) -> None:
        self.http.post("faults", json={"service": "x", **fields}).raise_for_status()

    def calls(self, method: str = TIMELINES) -> list[dict[str, Any]]:
        """What X was asked for by this method: timelines, if it is not said."""
        found = self.http.get("calls", params={"service": "x"}).json()
        return [call for call in found if call["method"] == method]

    def billed(self) -> int:
        """How many posts X has billed."""
        return int(self.http.get("x/bill").json()["posts_billed"])

    def track(self, *handles: str) -> list[int]:
        profiles = [profile for handle in handles for profile in self.x.look_up([handle])]
        with self.store.write_session() as db:
            accounts.save_profiles(db, profiles, NETWORK, NOW)
            chats.add(db, CHAT, NOW)
            known = accounts.find_by_remote_ids(db, [profile.remote_id or "" for profile in profiles], NETWORK)
            ids = {account.remote_id: account.id for account in known}
            chats.track(db, CHAT, ids.values(), NOW)
        return [ids[profile.remote_id or ""] for profile in profiles]

    def subscribe(self, account_ids: Sequence[int], spec: ChartSpec | None = None) -> int:
        """A live chart of these; returns the comparison's id."""
        with self.store.write_session() as db:
            row = comparisons.get_or_create(db, Comparison(tuple(account_ids), spec or ChartSpec()))
            kept = Subscription(
                chat_id=CHAT, thread_id=None, comparison_id=row.id, all_tracked=False, mode=Mode.LIVE, next_at=NOW,
                min_version=comparisons.request_redraw(db, row),
            )  # fmt: skip
            subscriptions.add(db, kept)
            return row.id

    def tick(self, number: float = 0) -> list[int]:
        """One tick, this many after the first; returns the comparisons to draw."""
        return self.tick_at(NOW + number * self.resources.settings.tick)

    def tick_at(self, now: datetime, x_ahead: timedelta = timedelta(0)) -> list[int]:
        """The same at a moment, of which X's clock is so much ahead."""
        self.set_clock(now, x_ahead)
        chunks = self.plan(now)
        with ThreadPoolExecutor(SLOTS) as workers:
            kept = list(workers.map(lambda chunk: fetch(self.resources, chunk, now), chunks))
        drawn = [comparison_id for comparison_id, _ in store(self.resources, NETWORK, kept, now)]
        compare_usage(self.resources, NETWORK, clock.now())
        return drawn

    def plan(self, now: datetime) -> list[Chunk]:
        """What a tick of X at that moment fetches."""
        begin(self.resources, now)
        return plan(self.resources, NETWORK, now)

    def read_all(self, number: int = 0) -> int:
        """Ticks from this one on, until all posts are read that are wanted; returns the number of the next one."""
        while True:
            self.tick(number)
            number += 1
            with self.store.read_session() as db:
                if all(each.fetched_at and each.until_id is None for each in accounts.list_tracked(db)):
                    return number

    def tick_after(self, pause: timedelta) -> None:
        """Two ticks, so long after the first one of all. The first one learns the time, which was not told for long."""
        for at in (NOW + pause, NOW + pause + self.resources.settings.tick):
            self.tick_at(at)

    def tick_without_x(self, number: float, posts: tuple[Post, ...], requests: int = 1) -> list[int]:
        """The same, where X shows every account these posts, at once; returns the accounts that were read."""
        now = NOW + number * self.resources.settings.tick
        self.set_clock(now)
        read = []
        for chunk in self.plan(now):
            due = tuple(unpack(each) for each in chunk.due)
            found = tuple(FetchResult(each.account_id, now, posts, complete=True, requests=requests) for each in due)
            fetched = FetchedChunk(NETWORK, found, due, reservation=chunk.reservation)
            store(self.resources, NETWORK, [self.resources.blobs.put(fetched_chunks.dump_json(fetched))], now)
            read += [each.account_id for each in due]
        return read

    def add(self, *handles: str) -> list[int]:
        """Have the chat track accounts that X need not know; an account's id on X is its number."""
        with self.store.write_session() as db:
            first = len(accounts.list_ids(db)) + 1
            profiles = [Profile(handle, State.ACTIVE, str(first + index)) for index, handle in enumerate(handles)]
            accounts.save_profiles(db, profiles, NETWORK, NOW)
            known = accounts.find_by_remote_ids(db, [profile.remote_id or "" for profile in profiles], NETWORK)
            chats.add(db, CHAT, NOW)
            chats.track(db, CHAT, [account.id for account in known], NOW)
            return sorted(account.id for account in known)

    def read_at(self) -> dict[int, datetime | None]:
        with self.store.read_session() as db:
            return {account.id: account.fetched_at for account in accounts.list_tracked(db)}

    def account(self, account_id: int) -> Account:
        with self.store.read_session() as db:
            return db.get_one(Account, account_id)

    def posts(self, account_id: int, count: int = 100) -> list[Post]:
        """What a chart of the account's newest posts shows."""
        with self.store.read_session() as db:
            return posts.list_newest(db, [account_id], count)[account_id]

    def versions(self) -> dict[int, int]:
        """Which version of each comparison is wanted: it rises where something changed."""
        with self.store.read_session() as db:
            return {row.id: row.requested_version for row in db.query(ComparisonRow)}

    def close(self) -> None:
        self.http.close()
        for resources in self.opened:
            resources.store.close()
            resources.redis.close()
            for source in resources.sources.values():
                assert isinstance(source, XClient)
                source.client.session.close()


@pytest.fixture
def ticks(
    tmp_path: Path,
    redis_address: str,
    sandbox_address: str,
    time_server: TimeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ticks]:
    monkeypatch.setattr(clock, "_clock", clock._clock)  # the next test follows the machine's own clock again
    made = Ticks(tmp_path, redis_address, sandbox_address, time_server)
    yield made
    made.close()


@pytest.fixture
def without_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """X costs nothing, so that it is read as any network without a price is."""
    monkeypatch.setitem(NETWORKS, NETWORK, replace(X, price=None))


FIRST = 2_000_000_000


def timeline(
    count: int, is_repost: Callable[[int], bool] = lambda _: False, *, first: int = FIRST
) -> list[dict[str, Any]]:
    """So many entries, the newest of which is number 0, an hour apart; own posts have as many likes as their number."""
    return [
        {
            "post_id": first + count - number,
            "created_at": (NOW - (number + 1) * timedelta(hours=1)).isoformat(),
            "is_repost": int(is_repost(number)),
            **dict.fromkeys(("retweets", "replies", "quotes", "bookmarks", "views"), 5),
            "likes": number,
        }
        for number in range(count)
    ]
