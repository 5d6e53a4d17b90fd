"""What the day's list of a network with a price says of its accounts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, cast, extract, func, literal, select, type_coerce, update
from sqlalchemy.orm import Session

from pipeline.records import Metric
from pipeline.store import network_status
from pipeline.store.reading_queue import is_tracked
from pipeline.store.tables import Account, NetworkStatus, Post

MICROSECONDS = 1e6
"""In a second."""


class ReadAccount(NamedTuple):
    """An account that was read. fetched_at: when it was asked for all of its new posts last.

    finds: whether its new posts of the day are paid for.
    """

    id: int
    fetched_at: datetime
    finds: bool


class PlannedAccount(NamedTuple):
    """What the list says of an account; the fields are columns of tables.Account."""

    id: int
    finds_on: date | None
    next_at: datetime | None
    posts_per_day: float
    typical_count: float
    expected_error: float


class PostColumns(NamedTuple):
    """Posts as columns of equal length, by account, the newest first; those made in one second are in any order.

    created_s, read_s: Unix time in seconds at which each was made, and read; 0 where it never was. value: of a metric.
    """

    account_id: NDArray[np.int64]
    post_id: list[str]
    created_s: NDArray[np.float64]
    read_s: NDArray[np.float64]
    value: NDArray[np.float64]


def last(session: Session, network: str) -> date | None:
    """The last UTC day that has a list."""
    status = network_status.find(session, network)
    return status.planned_on if status else None


def renew(session: Session) -> None:
    """Have today's lists made again, as after a change of the limits. What was opened stays open."""
    session.execute(update(NetworkStatus).values(planned_on=None))


def list_accounts(session: Session, network: str, day: date) -> Sequence[ReadAccount]:
    """The tracked accounts of the network that were read, by id, as they are on the day."""
    which = Account.network == network, Account.fetched_at.is_not(None), is_tracked()
    rows = session.execute(select(Account.id, Account.fetched_at, Account.finds_on).where(*which).order_by(Account.id))
    return [ReadAccount(each, fetched_at, finds_on == day) for each, fetched_at, finds_on in rows if fetched_at]


def load_posts(session: Session, network: str, metric: Metric, window: int) -> PostColumns:
    """The newest `window` posts of each account of the network that an active chat tracks, as columns.

    A million posts take a few seconds: no row becomes an object on the way.
    """
    count = sum((func.coalesce(getattr(Post, part.value), 0) for part in metric.parts), literal(0))
    created_s = cast(extract("epoch", Post.created_at), BigInteger)
    read_us = func.coalesce(type_coerce(Post.read_at, BigInteger), 0)
    query = (
        select(Post.account_id, created_s, read_us, count, Post.post_id)
        .join(Account, Account.id == Post.account_id)
        .where(Account.network == network, Account.fetched_at.is_not(None), is_tracked())
    )
    cursor = session.connection().execute(query).cursor
    rows: Sequence[Any] = cursor.fetchall() if cursor else []
    *numbers, post_ids = zip(*rows, strict=True) if rows else ((),) * 5
    account, created, read, value = (np.array(each, np.int64) for each in numbers)
    order = np.lexsort((-created, account))
    account = account[order]
    newest = np.arange(len(order)) - np.searchsorted(account, account) < window
    order = order[newest]
    ids = [post_ids[index] for index in order.tolist()]
    columns = created[order], read[order] / MICROSECONDS, value[order]
    return PostColumns(account[newest], ids, *(each.astype(np.float64) for each in columns))


def save(session: Session, network: str, day: date, planned: Iterable[PlannedAccount]) -> None:
    """Note that the day has its list, and what it says of each account."""
    status = network_status.get(session, network)
    status.repeats = 0 if status.planned_on else status.repeats
    status.planned_on = day
    rows = [each._asdict() for each in planned]
    if rows:
        session.execute(update(Account), rows)


def typical_counts(session: Session, account_ids: Collection[int]) -> dict[int, float]:
    """The median count of each of these accounts' posts, as far as it was planned."""
    which = Account.id.in_(account_ids), Account.typical_count.is_not(None)
    rows = session.execute(select(Account.id, Account.typical_count).where(*which))
    return {account_id: count for account_id, count in rows if count is not None}
