"""What a tick takes on Bluesky by how many accounts are tracked and how many workers run, and how fast these draw.

Real workers, over the stand-in, with SQLite and Redis. No post has changed since it was read before. A tick lasts from
beat's message to its end; CPU is that of all workers.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from redis import Redis as Client
from sqlalchemy import func, insert, select, update

from pipeline.messaging import progress
from pipeline.messaging.celery_app import REDRAW, TICK, make_app
from pipeline.records import ChartSpec, Mode, State
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.comparisons import CLAIM_DURATION
from pipeline.store.tables import Account, Chat, Comparison, ComparisonAccount, Post, Subscription, Tracking
from tests.conftest import ROOT, until
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import Deployment, environment_of, make_database, running_sandbox
from tests.servers import Redis

ACCOUNTS, WORKERS, TICK_S = (100, 1000, 10_000), (1, 2, 4), 10
READABLE, POSTS, CHARTS, ACCOUNTS_EACH = 900, 20, 50, 10
"""The stand-in has so many of the accounts, those that come first."""
NETWORK = "bluesky"
BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
COUNTS = {"reposts": 3, "likes": 4, "replies": 1, "quotes": 0}
WARM_UP_S = 7
"""Before a tick in which new workers connect, and which reads accounts again."""
SLOTS = 2
"""Processes of a worker that draw."""
Figures = dict[str, float]


def measure() -> Iterator[tuple[str, Figures]]:
    """(accounts and workers, figures)."""
    for accounts in ACCOUNTS:
        with _deployment(accounts) as deployment, ExitStack() as stack:
            settings = Settings(redis_url=deployment.redis, data_dir=deployment.folder / "data", _env_file=None)
            app = stack.enter_context(closing(make_app(settings)))
            redis = stack.enter_context(Client.from_url(deployment.redis))
            store = stack.enter_context(closing(Store(deployment.database)))
            workers: list[psutil.Process] = []
            for number in WORKERS:
                while len(workers) < number:
                    workers.append(stack.enter_context(deployment.extra_process("pipeline", "worker")))
                until(lambda: all(len(each.children()) >= SLOTS for each in workers), within_s=60)  # noqa: B023
                until(lambda: len(app.control.ping(timeout=1) or ()) == number, within_s=60)  # noqa: B023
                _tick(app, redis, workers, after_s=WARM_UP_S)
                figures = _tick(app, redis, workers)
                if accounts == ACCOUNTS[0]:
                    figures["charts a second"] = _charts_a_second(app, store)
                yield f"{accounts:,} accounts, {number} worker{'s' * (number > 1)}", figures


@contextmanager
def _deployment(accounts: int) -> Iterator[Deployment]:
    with TemporaryDirectory(prefix="tallybird-bench-") as name, running_sandbox(Path(name)) as address:
        folder = Path(name)
        sandbox = Sandbox(address)
        for first in range(1, min(READABLE, accounts), 100):
            named = [{"handle": _handle(each), "posts": _shown(each)} for each in range(first, first + 100)]
            sandbox.post(f"{NETWORK}/accounts", accounts=named)
        dids = {each["handle"]: each["did"] for each in sandbox.get(f"{NETWORK}/accounts")}
        with Redis(folder).running() as redis:
            given = environment_of(address, folder, TICK_S) | {"REDIS_URL": redis.url, "NETWORKS": NETWORK}
            environment = {name: value for name, value in given.items() if not name.startswith("DROPBOX")}
            deployment = Deployment(sandbox, folder, TICK_S, environment, ROOT / "Procfile")
            make_database(folder / "data", deployment.database)
            with closing(Store(deployment.database)) as store:
                _fill(store, [dids.get(_handle(each), f"did:plc:none{each}") for each in range(1, accounts + 1)])
            yield deployment


def _fill(store: Store, remote_ids: Sequence[str]) -> None:
    """The accounts with their posts, each tracked by a chat, and charts of some that nobody has seen yet."""
    now = datetime.now(UTC)
    spec = asdict(ChartSpec())
    known = range(1, min(READABLE, len(remote_ids)) + 1)
    charts = range(1, CHARTS + 1)
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (Chat, [{"id": each, "added_at": now} for each in charts]),
        (Account, [_account(number, each, now) for number, each in enumerate(remote_ids, 1)]),
        (Tracking, [{"chat_id": each % CHARTS + 1, "account_id": each, "added_at": now} for each in _ids(remote_ids)]),
        (Post, [_post(account, number) for account in known for number in range(POSTS)]),
        (Comparison, [{"id": each, "key": f"{each}", **spec} for each in charts]),
        (ComparisonAccount, [{"comparison_id": each, "account_id": of} for each in charts for of in _compared(each)]),
        (Subscription, [_subscription(each, now) for each in charts]),
    ]
    with store.write_session() as db:
        for table, of_table in rows:
            db.execute(insert(table), of_table)


def _ids(remote_ids: Sequence[str]) -> range:
    return range(1, len(remote_ids) + 1)


def _compared(chart: int) -> set[int]:
    return {(chart + number) % ACCOUNTS[0] + 1 for number in range(ACCOUNTS_EACH)}


def _account(number: int, remote_id: str, now: datetime) -> dict[str, Any]:
    """The first ones were polled longest ago."""
    named = {"id": number, "network": NETWORK, "remote_id": remote_id, "handle": _handle(number)}
    read = {"fetched_at": now, "attempted_at": now - timedelta(hours=1), "requests": 1, "state": State.ACTIVE}
    return named | read | {"polled_at": now - timedelta(hours=1) + number * timedelta(milliseconds=10)}


def _post(account: int, number: int) -> dict[str, Any]:
    own = {"account_id": account, "post_id": _post_id(account, number)}
    return own | {"created_at": _made(number), "is_reply": False} | COUNTS


def _shown(account: int) -> list[dict[str, Any]]:
    """The account's posts as the stand-in has them."""
    return [
        {"post_id": _post_id(account, number), "created_at": f"{_made(number):%Y-%m-%dT%H:%M:%SZ}", **COUNTS}
        for number in range(POSTS)
    ]


def _subscription(number: int, now: datetime) -> dict[str, Any]:
    same = {"id": number, "chat_id": number, "comparison_id": number}
    return same | {"mode": Mode.LIVE, "all_tracked": False, "min_version": 1, "next_at": now}


def _handle(number: int) -> str:
    return f"bench-{number:05}.bsky.social"


def _post_id(account: int, number: int) -> str:
    return str(10**15 + account * POSTS + number)


def _made(number: int) -> datetime:
    return BEGAN + number * timedelta(hours=1)


def _tick(app: Any, redis: Client, workers: Sequence[psutil.Process], after_s: float = TICK_S) -> Figures:
    """A whole period after the one before, so that as many requests came in."""
    time.sleep(after_s)
    before_s, read, last = _cpu_s(workers), _read(redis), progress.load(redis).get(NETWORK)
    began = time.monotonic()
    app.send_task(TICK)
    until(lambda: _read(redis) > read and progress.load(redis).get(NETWORK) != last, within_s=60, every_s=0.01)
    wall_s = time.monotonic() - began
    return {"CPU a tick": _cpu_s(workers) - before_s, "a tick": wall_s, "accounts read": _read(redis) - read}


def _read(redis: Client) -> int:
    return progress.load_counts(redis).get(("readings", NETWORK), 0)


def _cpu_s(workers: Sequence[psutil.Process]) -> float:
    everything = [process for each in workers for process in (each, *each.children(recursive=True))]
    return sum(times.user + times.system for times in (each.cpu_times() for each in everything))


def _charts_a_second(app: Any, store: Store) -> float:
    """Charts that a machine that is busy otherwise has not drawn while they are claimed are asked for again."""
    with store.write_session() as db:
        db.execute(update(Comparison).values(requested_version=Comparison.requested_version + 1, inputs_digest=None))
    began = time.monotonic()
    while _undrawn(store):
        app.send_task(REDRAW, [list(range(1, CHARTS + 1))])
        asked = time.monotonic()
        while _undrawn(store) and time.monotonic() - asked < CLAIM_DURATION.total_seconds():
            time.sleep(0.05)
    return CHARTS / (time.monotonic() - began)


def _undrawn(store: Store) -> int:
    outdated = select(func.count()).where(Comparison.requested_version > Comparison.rendered_version)
    with store.read_session() as db:
        return db.scalar(outdated) or 0
