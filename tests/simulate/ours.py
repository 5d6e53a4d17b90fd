"""A run of the planner and the ledger themselves, on a database of their own, against the simulated X.

Each tick calls what a worker's tasks call, one after the other. It knows nothing of the world but X's answers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.records import Language
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Purse, StopFlag
from pipeline.steps import compare_usage, day_plan, follow_names, purchases, store_purchases
from pipeline.steps.chunks import Chunk, unpack
from pipeline.steps.fetch import FetchedChunk
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.resources import Resources
from pipeline.store import accounts, chats, history, ledger
from pipeline.store.migrate import open_store
from pipeline.store.tables import Account, Post
from tests.simulate.accounts import DAYS
from tests.simulate.error import POSTS
from tests.simulate.x import START, SimulatedX

X = NETWORKS["x"]
MEMORY = Path("/dev/shm")
CHAT = 1
PLENTY = Decimal(10_000)
LATEST_FIRST = timedelta(hours=12)
HOUR, DAY = 60, 24 * 60
AFTER_MIDNIGHT, BEFORE_MIDNIGHT = 2, DAY - 4
"""In minutes. No post is read in the minute before midnight and the one after it."""
Shown = Callable[[int, str, Sequence[int]], None]
"""Is told what the chart of an account shows: in which minute since the start, the account's id on X, and the counts of
its newest posts."""


def play(x: SimulatedX, usd: float, minutes: int, shown: Shown, *, days: int = DAYS) -> int:
    """Run at so many dollars an account and day, with a tick in so many minutes; returns the posts in the ledger.

    What posts gained from tick to tick is not kept, for the growth charts alone: it would take most of the time.
    """
    with patch.object(history, "add"), _resources(x, PLENTY) as first:
        _track(first, x)
        _read_all(first, x, shown)
        daily = Decimal(str(usd)) * len(x.handles)
        resources = _with_limits(first, daily, minutes)
        for day in range(days):
            for minute in _ticks(minutes):
                _tick(resources, x, day * DAY + minute, shown)
        with resources.store.read_session() as db:
            return ledger.count_posts(db, X.key)


def _ticks(minutes: int) -> list[int]:
    """The minutes of a day at which there is a tick: also the last one in which posts may be read."""
    return sorted({*range(AFTER_MIDNIGHT, BEFORE_MIDNIGHT, minutes), BEFORE_MIDNIGHT})


@contextmanager
def _resources(x: SimulatedX, daily: Decimal) -> Iterator[Resources]:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        resources = Resources(_settings(Path(folder), daily, 1))
        resources.store = open_store(resources.settings)
        resources.sources[X.key] = x
        yield resources
        resources.store.close()


def _settings(folder: Path, daily: Decimal, minutes: int) -> Settings:
    return Settings(
        data_dir=folder,
        x_bearer_token="simulated",
        x_daily_usd=daily,
        x_monthly_usd=31 * daily,
        tick_seconds=minutes * 60,
        posts_per_account=POSTS,
        _env_file=None,
    )


def _with_limits(first: Resources, daily: Decimal, minutes: int) -> Resources:
    """The same with the limits that are simulated."""
    resources = Resources(_settings(first.settings.data_dir, daily, minutes))
    resources.store, resources.sources = first.store, first.sources
    return resources


def _track(resources: Resources, x: SimulatedX) -> None:
    """A chat tracks all accounts."""
    x.set_clock(START - LATEST_FIRST)
    profiles = x.look_up(x.handles)
    with resources.store.write_session() as db:
        chats.add(db, CHAT, START - LATEST_FIRST, Language.ENGLISH)
        accounts.save_profiles(db, profiles, X.key, START - LATEST_FIRST)
        chats.track(db, CHAT, [each.id for each in _all(db, x)], START - LATEST_FIRST)


def _all(db: Session, x: SimulatedX) -> Sequence[Account]:
    return accounts.find_by_remote_ids(db, [profile.remote_id or "" for profile in x.look_up(x.handles)], X.key)


def _read_all(resources: Resources, x: SimulatedX, shown: Shown) -> None:
    """The first readings of all accounts, on the day before the first."""
    minute = int(-LATEST_FIRST / timedelta(minutes=1))
    while not _is_read(resources):
        minute += 1
        _tick(resources, x, minute, shown)


def _is_read(resources: Resources) -> bool:
    unread = select(Account.id).where(Account.fetched_at.is_(None) | Account.until_id.is_not(None))
    with resources.store.read_session() as db:
        return db.scalar(unread.limit(1)) is None


def _tick(resources: Resources, x: SimulatedX, minute: int, shown: Shown) -> None:
    now = START + timedelta(minutes=minute)
    x.set_clock(now)
    compare_usage.compare_usage(resources, X.key, now)
    day_plan.plan_day(resources, X, now)
    with resources.store.write_session() as db:
        chunks = purchases.plan(PricedNetwork.at(db, resources.settings, X, now))
    fetched = [_fetch(x, chunk) for chunk in chunks]
    with resources.store.write_session() as db:
        changed = store_purchases.store(db, resources.settings, X, fetched, now)
    if minute % HOUR < resources.settings.tick_seconds // 60:
        follow_names.follow_names(resources, X.key, now)
    _tell(resources, changed, minute, shown)


def _fetch(x: SimulatedX, chunk: Chunk) -> FetchedChunk:
    """What the fetch step does, without its threads."""
    now, purse = x.api.now, Purse(chunk.credit)
    due = tuple(unpack(each) for each in chunk.due)
    results = tuple(x.fetch(each, now, StopFlag(purse=purse)) for each in due)
    pages = range(0, len(chunk.post_ids), X.posts_per_request)
    read = tuple(x.posts(chunk.post_ids[first : first + X.posts_per_request], now, StopFlag()) for first in pages)
    return FetchedChunk(X.key, results, due, read, chunk.reservation, chunk.day, x.observed())


def _tell(resources: Resources, changed: set[int], minute: int, shown: Shown) -> None:
    """Tell what the charts of these accounts show now. Ids rise with time, so that the last ones are the newest."""
    columns = select(Account.remote_id, Post.post_id, Post.reposts).join(Account, Account.id == Post.account_id)
    with resources.store.read_session() as db:
        rows = db.execute(columns.where(Post.account_id.in_(changed)).order_by(Post.account_id, Post.post_id)).all()
    for remote_id, group in groupby(rows, key=itemgetter(0)):
        shown(minute, remote_id, [count or 0 for _, _, count in group][-POSTS:])
