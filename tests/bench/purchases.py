"""The CPU time for a tick's plan and for the day's list, with 10,000 accounts that have 1,000,000 stored posts."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert, text

from pipeline.planning.day_plan import plan_day
from pipeline.records import Observed, RequestWindow
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.steps import day_plan, purchases
from pipeline.steps.priced_network import PricedNetwork
from pipeline.store import Store, network_status
from pipeline.store.migrate import migrate
from pipeline.store.tables import Account, Chat, Opening, Tracking, to_epoch_us

ACCOUNTS, POSTS, OPENED, CHATS = 10_000, 100, 11, 1000
NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
ROUNDS = 9
OF_AN_APP = {"timelines": 10_000, "posts": 3_500}
"""The requests in 15 minutes that X allows with an app's token."""
ALLOWED_TICK_MS, ALLOWED_DAY_S = 100, 10
INSERT_POSTS = text(
    "INSERT INTO posts (account_id, post_id, created_at, read_at, missing_counts, reposts, likes) "
    "VALUES (:account, :post, :created, :read, 0, :reposts, :likes)"
)


def run() -> Iterator[dict[str, Any]]:
    with TemporaryDirectory(prefix="tallybird-bench-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'tallybird.db'}")
        migrate(store)
        fill(store)
        settings = Settings(x_daily_usd=600, x_monthly_usd=20_000, _env_file=None)
        ticks = [_tick_ms(store, settings) for _ in range(ROUNDS)]
        yield _result("tick of 10,000 accounts on X", "ms CPU", round(median(ticks), 1), ALLOWED_TICK_MS)
        yield _result("the day's list of 10,000 accounts on X", "s CPU", _day_s(store, settings), ALLOWED_DAY_S)
        store.close()


def _result(bench: str, unit: str, ours: float, allowed: float) -> dict[str, Any]:
    return {"bench": bench, "unit": unit, "ours": ours, "peers": {"allowed": allowed}}


def _tick_ms(store: Store, settings: Settings) -> float:
    """It is undone, so that the next one has as much to do: what became due since the tick before."""
    with store.write_session() as db:
        began = time.process_time()
        chunks = purchases.plan(PricedNetwork.at(db, settings, NETWORKS["x"], NOW))
        db.flush()
        took = time.process_time() - began
        db.rollback()
    assert sum(len(chunk.due) for chunk in chunks) > ACCOUNTS / 100
    assert sum(len(chunk.post_ids) for chunk in chunks) > ACCOUNTS * OPENED / 200
    return took * 1000


def _day_s(store: Store, settings: Settings) -> float:
    now = NOW + timedelta(days=1)
    with store.read_session() as db:
        began = time.process_time()
        at = PricedNetwork.at(db, settings, NETWORKS["x"], now)
        morning = day_plan.load(at)
        plan_day(morning.posts, morning.outlooks, budget_posts=110_000, now_s=now.timestamp(), window=POSTS)
        return round(time.process_time() - began, 2)


def fill(store: Store) -> None:
    """Accounts that are all asked for new posts in turn, and 11 posts of each that were opened today."""
    chance = Random(1)
    with store.write_session() as db:
        db.execute(insert(Chat), [{"id": number, "added_at": NOW} for number in range(CHATS)])
        db.execute(insert(Account), [_account(number, chance) for number in range(ACCOUNTS)])
        db.execute(
            insert(Tracking),
            [{"chat_id": number % CHATS, "account_id": number + 1, "added_at": NOW} for number in range(ACCOUNTS)],
        )
        db.execute(insert(Opening), list(_openings(chance)))
        db.connection().execute(INSERT_POSTS, list(_posts(chance)))
        allowed = [RequestWindow(kind, most, most, NOW + timedelta(minutes=15)) for kind, most in OF_AN_APP.items()]
        network_status.observe(db, "x", [Observed(windows=tuple(allowed))], NOW)


def _account(number: int, chance: Random) -> dict[str, Any]:
    return {
        "network": "x",
        "remote_id": str(number),
        "handle": f"account{number}",
        "since_id": "1",
        "fetched_at": NOW,
        "finds_on": NOW.date(),
        "posts_per_day": chance.lognormvariate(0, 1.5),
        "next_at": NOW + chance.uniform(-10, 890) * timedelta(seconds=1),
    }


def _openings(chance: Random) -> Iterator[dict[str, Any]]:
    for account in range(ACCOUNTS):
        for number in range(OPENED):
            yield {
                "network": "x",
                "day": NOW.date(),
                "resource": "posts",
                "remote_id": str(account * POSTS + number),
                "account_id": account + 1,
                "asked": True,
                "next_at": NOW + chance.uniform(-10, 1790) * timedelta(seconds=1),
            }


def _posts(chance: Random) -> Iterator[dict[str, Any]]:
    for account in range(ACCOUNTS):
        for number in range(POSTS):
            yield {
                "account": account + 1,
                "post": str(account * POSTS + number),
                "created": f"{NOW - number * timedelta(hours=5):%Y-%m-%d %H:%M:%S.%f}",
                "read": to_epoch_us(NOW - chance.uniform(0, 10) * timedelta(days=1)),
                "reposts": int(chance.lognormvariate(4, 1)),
                "likes": int(chance.lognormvariate(5, 1)),
            }
