"""What a year of data weighs: posts, followers of each day, and a week of gains of accounts that are read all the time.

Real code stores what accounts have gained: every ten minutes in a week, and every minute in the last hour, each of the
newest posts gains something, which is the most that is kept.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta

from sqlalchemy import insert, text

from pipeline.records import Counts, FetchResult, State
from pipeline.records import Post as PostRecord
from pipeline.steps import dataset
from pipeline.store import Store, accounts, datasets, totals
from pipeline.store.tables import Account, Alert, Chat, FollowerCount, LedgerEntry, Post
from tests.bench import fleet

DAYS, ACCOUNTS, POSTS_A_DAY, NEWEST, OF_GAINS = 365, 20, 5, 100, 3
ALERTS_A_DAY = 3
NOW = fleet.NOW
WEEK, HOUR, MINUTE = timedelta(days=7), timedelta(hours=1), timedelta(minutes=1)


def weigh(store: Store) -> Iterator[tuple[str, float]]:
    """(what, kilobytes), each of one account or chat. The store is migrated and empty."""
    with store.write_session() as db:
        named = {"network": "x", "state": State.ACTIVE}
        rows = [{"id": each, "remote_id": f"{each}", "handle": f"account{each}", **named} for each in _account_ids()]
        db.execute(insert(Account), rows)
        db.execute(insert(Chat), [{"id": each, "added_at": NOW} for each in _account_ids()])
    yield f"an account's {NEWEST} newest posts", _weight(store, _posts_of_newest) / ACCOUNTS
    yield f"{POSTS_A_DAY} further posts a day for a year", _weight(store, _older_posts) / ACCOUNTS
    yield "its followers of each day for a year", _weight(store, _followers) / ACCOUNTS
    yield f"its gains, the most, {NEWEST} posts", _weight(store, _gains) / OF_GAINS
    yield f"{ALERTS_A_DAY} alerts a day of a chat for a year", _weight(store, _alerts) / ACCOUNTS
    yield "what a network bills in a year", _weight(store, _bills)
    yield f"a dataset's file of {NEWEST} posts", _dataset_kb(store)


def _weight(store: Store, fill: Callable[[Store], None]) -> float:
    before = _size_kb(store)
    fill(store)
    return _size_kb(store) - before


def _size_kb(store: Store) -> float:
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM FULL"))
    else:
        with closing(store.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM")
    with store.read_session() as db:
        return totals.size_bytes(db) / 1000


def _account_ids() -> range:
    return range(1, ACCOUNTS + 1)


def _posts_of_newest(store: Store) -> None:
    _insert_posts(store, range(NEWEST))


def _older_posts(store: Store) -> None:
    _insert_posts(store, range(NEWEST, NEWEST + DAYS * POSTS_A_DAY))


def _insert_posts(store: Store, numbers: range) -> None:
    with store.write_session() as db:
        for account_id in _account_ids():
            rows = [{"account_id": account_id, **_post(number)} for number in numbers]
            db.execute(insert(Post), rows)


def _post(number: int) -> dict[str, object]:
    """The newest has the number 0. Ids are as long as X's."""
    made = NOW - WEEK - number * timedelta(days=1) / POSTS_A_DAY
    counts = {"reposts": 120, "likes": 900, "replies": 40, "quotes": 12, "bookmarks": 7, "views": 90_000}
    return {"post_id": _post_id(number), "created_at": made, "read_at": NOW, "is_reply": False, **counts}


def _post_id(number: int) -> str:
    return f"{2 * 10**18 - number * 10**12}"


def _followers(store: Store) -> None:
    days = [NOW.date() - timedelta(days=number) for number in range(DAYS)]
    with store.write_session() as db:
        db.execute(insert(FollowerCount), [_counted(account, day) for account in _account_ids() for day in days])


def _counted(account_id: int, day: date) -> dict[str, object]:
    return {"account_id": account_id, "day": day, "count": 1_000_000}


def _gains(store: Store) -> None:
    often = [NOW - HOUR + number * MINUTE for number in range(61)]
    moments = [NOW - WEEK + number * 10 * MINUTE for number in range(int((WEEK - HOUR) / (10 * MINUTE)))]
    for number, at in enumerate([*moments, *often], 1):
        read = [_fetched(account_id, at, number) for account_id in range(1, OF_GAINS + 1)]
        with store.write_session() as db:
            accounts.save_fetch_results(db, read)


def _fetched(account_id: int, at: datetime, number: int) -> FetchResult:
    counts = Counts(120 + number, 900 + 9 * number, 40 + number, 12, 7 + number, 90_000 + 99 * number)
    made = [NOW - WEEK - each * timedelta(days=1) / POSTS_A_DAY for each in range(NEWEST)]
    posts = tuple(PostRecord(_post_id(each), at, counts, at, is_reply=False) for each, at in enumerate(made))
    return FetchResult(account_id, at, posts)


def _alerts(store: Store) -> None:
    days = [NOW - timedelta(days=number) for number in range(DAYS)]
    with store.write_session() as db:
        for chat_id in _account_ids():
            keys = [
                (f"breakout {chat_id} {_post_id(each)}", days[each // ALERTS_A_DAY])
                for each in range(DAYS * ALERTS_A_DAY)
            ]
            db.execute(insert(Alert), [{"chat_id": chat_id, "key": key, "at": at} for key, at in keys])


def _bills(store: Store) -> None:
    rows = [
        {"network": "x", "day": NOW.date() - timedelta(days=number), "resource": resource, "count": 1000}
        for number in range(DAYS)
        for resource in ("posts", "users")
    ]
    with store.write_session() as db:
        db.execute(insert(LedgerEntry), rows)


def _dataset_kb(store: Store) -> float:
    with store.read_session() as db:
        _, content = dataset.render(db, datasets.make_key(NEWEST, [ACCOUNTS]))
    return len(content) / 1000
