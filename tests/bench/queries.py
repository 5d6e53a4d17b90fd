"""How long it takes a tick, a drawn chart and the bot's loops to find what is due in a fleet.

Each is done in a transaction of its own, which is rolled back; the quickest of several counts, since what else the
machine does makes others slower.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from pipeline.records import Counts, Due, FetchResult, LazyString, Mode, Post
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.steps import dataset, follow_names, post_alerts, purchases, store_stages, turns
from pipeline.steps.chunks import unpack
from pipeline.steps.fetch import FetchedChunk
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.resources import Resources
from pipeline.store import (
    Store,
    accounts,
    alerts,
    clock_rollback,
    comparisons,
    datasets,
    dropbox_files,
    notices,
    posts,
    reading_queue,
    subscriptions,
    telegram_photos,
)
from pipeline.store.tables import (
    Account,
    Chat,
    Comparison,
    Dataset,
    DropboxFile,
    NetworkStatus,
    RequestWindow,
    Subscription,
    TelegramPhoto,
)
from tests.bench import fleet

NOW = fleet.NOW + timedelta(minutes=1)
TIMES = 9
FOR_EACH = "for each account"
POSTS = 100
CHARTS = 600
"""Drawn at most of a tick."""
LONGER = timedelta(hours=1)
READ_NOW = range(1, 101)
"""The accounts of a tick."""
SETTINGS = {"x_bearer_token": "bench", "x_daily_usd": "600", "x_monthly_usd": "20000"}
Work = Callable[[Session], object]


def prepare(store: Store, folder: Path) -> None:
    """Beside the fleet: what X's plan of the day and its answers leave, and the datasets and their files."""
    with store.write_session() as db:
        db.execute(update(NetworkStatus).values(planned_on=NOW.date()))
        ends_at = NOW + timedelta(minutes=13)
        for kind in ("timelines", "posts"):
            db.add(RequestWindow(network="x", kind=kind, limit=10_000, remaining=9_900, resets_at=ends_at))
        db.execute(update(Account).where(Account.network == "x").values(next_at=NOW + LONGER))
        keys = {f"/d{each}.csv": datasets.make_key(POSTS, fleet.account_ids(each)) for each in fleet.chat_ids()}
        rows = [{"path": path, "key": key, "digest": "d", "due": False} for path, key in keys.items()]
        db.execute(insert(Dataset), rows)
        there = {"account_digest": "account", "uploaded_digest": "d", "rev": "r", "next_at": NOW}
        db.execute(insert(DropboxFile), [{"path": path} | there for path in keys])
        held = {"file_id": "held", "added_at": fleet.NOW - LONGER}
        db.execute(insert(TelegramPhoto), [{"chart_digest": f"{each}"} | held for each in fleet.chat_ids()])
    (folder / "datasets").mkdir()
    for path in keys:
        (folder / "datasets" / path.lstrip("/")).touch()
    _vacuum(store)


def measure(store: Store, settings: Settings) -> Iterator[tuple[str, float]]:
    """(what is done, milliseconds), first while nothing changed, then while all charts are outdated and undelivered."""
    resources = Resources(settings)
    resources.store = store
    for name, work in at_rest(settings).items():
        yield name, _ms(store, work)
    yield "tick: dataset.tidy", min(_tidy_ms(resources) for _ in range(TIMES))
    with store.write_session() as db:
        db.execute(update(Chat).where(Chat.id <= fleet.CHATS // 10).values(alerts=("breakout",)))
        db.execute(update(Account).where(Account.id == 1).values(fetched_at=None))
        notices.publish(db, "of all", LazyString("Hello", {}), NOW + LONGER)
    _vacuum(store)
    for name, work in while_some_wait(settings).items():
        yield name, _ms(store, work)
    with store.write_session() as db:
        db.execute(update(Comparison).values(requested_version=2))
        db.execute(update(Subscription).values(delivered_digest=None, requested_at=NOW))
        db.execute(update(Subscription).where(Subscription.id > 1000).values(requested_at=None))
    _vacuum(store)
    for name, work in all_changed().items():
        yield name, _ms(store, work)
    for name, work in of_each(store, settings).items():
        yield f"{FOR_EACH} {name}", _ms(store, work) / len(READ_NOW)


def at_rest(settings: Settings) -> dict[str, Work]:
    bluesky, fediverse = NETWORKS["bluesky"], NETWORKS["fediverse"]
    return {
        "tick: clock_rollback.shift_timestamps": lambda db: clock_rollback.shift_timestamps(db, NOW),
        "tick: accounts.are_tracked": lambda db: accounts.are_tracked(db, "fediverse"),
        "tick: turns.plan of Bluesky": lambda db: turns.plan(db, settings, bluesky, NOW),
        "tick: turns.conclude of Bluesky": lambda db: turns.conclude(db, settings, bluesky, [], NOW),
        "tick: turns.conclude of the fediverse": lambda db: turns.conclude(db, settings, fediverse, [], NOW),
        "tick: purchases.plan of X": lambda db: purchases.plan(_x(db, settings)),
        "tick: post_alerts.watch": lambda db: post_alerts.watch(db, "bluesky", [], NOW),
        "tick: reading_queue.mark_overdue": lambda db: reading_queue.mark_overdue(db, "x", NOW - LONGER),
        "tick: comparisons.mark_changed by 100 accounts": lambda db: comparisons.mark_changed(db, READ_NOW),
        "tick: comparisons.mark_expired": lambda db: comparisons.mark_expired(db, NOW),
        "tick: comparisons.claim_next": lambda db: comparisons.claim_next(db, NOW, CHARTS),
        "tick: comparisons.are_awaited": lambda db: comparisons.are_awaited(db, NOW),
        "tick: dropbox_files.list_due": lambda db: dropbox_files.list_due(db, "account", NOW),
        "once a minute: follow_names of Bluesky": lambda db: follow_names.in_turn(db, bluesky, NOW),
        "once a minute: follow_names of the fediverse": lambda db: follow_names.in_turn(db, fediverse, NOW),
        "chart: subscriptions.has_subscribers": lambda db: subscriptions.has_subscribers(db, 5),
        "chart: datasets.is_needed": lambda db: datasets.is_needed(db, _key(1), POSTS),
        "chart: comparisons.mark_rendered": lambda db: comparisons.mark_rendered(db, 5, 2),
        "chart: alerts.listeners_of_chart": lambda db: alerts.listeners_of_chart(db, 5),
        "bot: telegram_photos.save": lambda db: telegram_photos.save(db, "new", "new", NOW),
        "bot: subscriptions.list_due": lambda db: subscriptions.list_due(db, NOW),
        "bot: subscriptions.list_overdue": lambda db: subscriptions.list_overdue(db, NOW, 28),
        "bot: notices.list_unsent": lambda db: notices.list_unsent(db, [1], NOW),
    }


def while_some_wait(settings: Settings) -> dict[str, Work]:
    read = [FetchedChunk("bluesky", (), tuple(unpack((each, "", POSTS, None, None)) for each in READ_NOW))]
    return {
        "tick: purchases.plan of X, an account is new": lambda db: purchases.plan(_x(db, settings)),
        "tick: post_alerts.watch, 1,000 chats have alerts": lambda db: post_alerts.watch(db, "bluesky", read, NOW),
        "upload: dropbox_files.claim": lambda db: dropbox_files.claim(db, "/d5.csv", "another", NOW, NOW),
        "bot: notices.list_unsent, one is to all chats": lambda db: notices.list_unsent(db, [1], NOW),
    }


def all_changed() -> dict[str, Work]:
    return {
        "all outdated: comparisons.claim_next": lambda db: comparisons.claim_next(db, NOW, CHARTS),
        "all outdated: comparisons.are_awaited": lambda db: comparisons.are_awaited(db, NOW),
        "all outdated: comparisons.mark_changed": lambda db: comparisons.mark_changed(db, READ_NOW),
        "all due: subscriptions.list_due": lambda db: subscriptions.list_due(db, NOW),
        "all due: subscriptions.get_delivery": _get_delivery,
        "all due: subscriptions.list_overdue": lambda db: subscriptions.list_overdue(db, NOW + LONGER, 28),
    }


def of_each(store: Store, settings: Settings) -> dict[str, Work]:
    """What is done of each account of a tick."""
    with store.read_session() as db:
        tracked = accounts.list_tracked(db, "bluesky")[: len(READ_NOW)]
        stored = posts.list_newest(db, [each.id for each in tracked], POSTS)
    due = [Due(each.id, each.remote_id, POSTS) for each in tracked]
    same = [_fetched(each, stored[each.account_id]) for each in due]
    more = [_fetched(each, [post._replace(counts=Counts(2000)) for post in stored[each.account_id]]) for each in due]
    pairs = list(zip(due, more, strict=True))
    return {
        "stored, nothing new": lambda db: accounts.save_fetch_results(db, same),
        "stored, 20 posts changed": lambda db: accounts.save_fetch_results(db, more),
        "stored in stages, 20 posts changed": lambda db: store_stages.store(db, settings, pairs),
    }


def _fetched(due: Due, read: Sequence[Post]) -> FetchResult:
    return FetchResult(due.account_id, NOW, tuple(read), complete=True, ended=True, requests=1)


def _x(db: Session, settings: Settings) -> PricedNetwork:
    return PricedNetwork.at(db, settings, NETWORKS["x"], NOW)


def _key(chat_id: int) -> str:
    return datasets.make_key(POSTS, fleet.account_ids(chat_id))


def _get_delivery(db: Session) -> Any:
    shown = subscriptions.DueDelivery(5, 1, Mode.LIVE, 5, fleet.NOW, is_requested=True)
    return subscriptions.get_delivery(db, shown, NOW)


def _ms(store: Store, work: Work) -> float:
    return min(_once_ms(store, work) for _ in range(TIMES))


def _once_ms(store: Store, work: Work) -> float:
    with store.write_session() as db:
        began = time.perf_counter()
        work(db)
        db.flush()
        took_s = time.perf_counter() - began
        db.rollback()
    return 1000 * took_s


def _tidy_ms(resources: Resources) -> float:
    began = time.perf_counter()
    assert not dataset.tidy(resources)
    return 1000 * (time.perf_counter() - began)


def _vacuum(store: Store) -> None:
    """What PostgreSQL does by itself after a while."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
