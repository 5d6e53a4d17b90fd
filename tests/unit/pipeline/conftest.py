"""The pipeline's steps without Celery, on a database, a Redis and a stand-in of X of their own."""

import asyncio
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from redis import Redis, RedisError

from pipeline.messaging.celery_app import SLOTS
from pipeline.records import ChartSpec, Comparison, FetchResult, Mode, Post, Profile, State
from pipeline.settings import PipelineSettings
from pipeline.sources.source import Source
from pipeline.sources.x.client import XClient
from pipeline.sources.x.facts import X
from pipeline.steps.fetch import FetchedChunk, fetch, fetched_chunks
from pipeline.steps.plan import plan
from pipeline.steps.resources import Resources
from pipeline.steps.store import store
from pipeline.store import Store, accounts, chats, comparisons, posts, subscriptions
from pipeline.store.migrate import migrate
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.supervise import private_redis
from sandbox.server import make_app
from tests.conftest import NETWORK, until
from tests.unit.sandbox.conftest import control, url

__all__ = ["control", "url"]

CHAT = 1
NOW = datetime.now(UTC).replace(microsecond=0)


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
    settings = PipelineSettings(data_dir=tmp_path_factory.mktemp("r"), x_bearer_token="token", _env_file=None)
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


@dataclass
class Ticks:
    """A worker's steps, one tick after the other, and the other side: X, and the chat that is shown the charts."""

    folder: Path
    redis: str
    sandbox: str
    given: dict[str, Any] = field(default_factory=dict)
    resources: Resources = field(init=False)
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.opened: list[Resources] = []
        self.http = httpx.Client(base_url=f"{self.sandbox}/_control")
        self.http.post("reset").raise_for_status()
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
        self.resources = Resources(PipelineSettings(**{**usual, **settings, "_env_file": None}))
        self.opened.append(self.resources)
        migrate(self.store)
        with Redis.from_url(self.redis) as redis:
            redis.flushdb()

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

    def calls(self) -> list[dict[str, Any]]:
        """The timelines that X was asked for."""
        found = self.http.get("calls", params={"service": "x"}).json()
        return [call for call in found if call["method"].endswith("tweets")]

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
        now = NOW + number * self.resources.settings.tick
        chunks = plan(self.resources, now)
        with ThreadPoolExecutor(SLOTS) as workers:
            kept = list(workers.map(lambda chunk: fetch(self.resources, chunk[0], chunk[1], now), chunks))
        return [comparison_id for comparison_id, _ in store(self.resources, kept, now)]

    def tick_without_x(self, number: float, posts: tuple[Post, ...], requests: int = 1) -> list[int]:
        """The same, where X shows every account these posts, at once; returns the accounts that were read."""
        now = NOW + number * self.resources.settings.tick
        due = [int(each[0]) for _network, chunk in plan(self.resources, now) for each in chunk]
        found = tuple(FetchResult(each, now, posts, complete=True, requests=requests) for each in due)
        store(self.resources, [self.resources.blobs.put(fetched_chunks.dump_json(FetchedChunk(NETWORK, found)))], now)
        return due

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
def ticks(tmp_path: Path, redis_address: str, sandbox_address: str) -> Iterator[Ticks]:
    made = Ticks(tmp_path, redis_address, sandbox_address)
    yield made
    made.close()


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
