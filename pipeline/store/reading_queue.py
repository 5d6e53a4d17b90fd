"""Which accounts of a network with a price wait to be read: for new posts, for the first time, or for older posts."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Update, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import State
from pipeline.store.tables import Account, Chat, Post, Tracking

UNREADABLE_AGAIN_AFTER = timedelta(minutes=15)
"""An account that the network does not show is asked for again after this time."""


def list_due(session: Session, network: str, now: datetime, most: int) -> Sequence[Account]:
    """The accounts that were read before and are to be asked for new posts now, the one first that is due longest."""
    return _list(session, network, most, Account.next_at, Account.next_at <= now)


def list_waiting(session: Session, network: str) -> Sequence[int]:
    """The ids of the tracked accounts that were never read, or have older posts to read."""
    is_waiting = or_(Account.fetched_at.is_(None), Account.until_id.is_not(None))
    return session.scalars(select(Account.id).where(Account.network == network, is_waiting, is_tracked())).all()


def list_unread(  # noqa: PLR0913, PLR0917
    session: Session, network: str, now: datetime, tick: timedelta, chats: Collection[int], most: int
) -> Sequence[Account]:
    """The accounts of these chats that were never read, the one first that was tried longest ago."""
    before = and_(Account.state == State.ACTIVE, Account.attempted_at <= now - 0.6 * tick)
    may_be_tried = or_(
        Account.attempted_at.is_(None), before, Account.attempted_at <= now - max(UNREADABLE_AGAIN_AFTER, tick)
    )
    longest_ago = Account.attempted_at.asc().nulls_first()
    return _list(session, network, most, longest_ago, Account.fetched_at.is_(None), may_be_tried, _is_of(chats))


def list_incomplete(session: Session, network: str, chats: Collection[int], most: int) -> Sequence[Account]:
    """The accounts of these chats with older posts to read, the one first whose stored posts reach back least."""
    least, is_incomplete = Account.fetched_back_to.desc().nulls_last(), Account.until_id.is_not(None)
    return _list(session, network, most, least, is_incomplete, Account.state == State.ACTIVE, _is_of(chats))


def change_depth(session: Session, network: str, depth: int) -> None:
    """From now on so many posts of each account are wanted: older ones are read where fewer are stored, else none."""
    session.execute(_read_to_depth(depth).where(Account.network == network))


def fill_up(session: Session, account_ids: Collection[int], depth: int) -> None:
    """Older posts of these accounts are read where fewer than `depth` are stored, as after a deletion."""
    session.execute(_read_to_depth(depth).where(Account.id.in_(account_ids)))


def _read_to_depth(depth: int) -> Update:
    of_account = Post.account_id == Account.id
    oldest = select(Post.post_id).where(of_account).order_by(Post.created_at, Post.post_id).limit(1)
    stored = select(func.count()).select_from(Post).where(of_account).scalar_subquery()
    until_id = case((stored < depth, func.coalesce(Account.until_id, oldest.scalar_subquery())), else_=None)
    may_have_older = Account.fetched_back_to.is_not(None)
    return update(Account).where(may_have_older).values(until_id=until_id).execution_options(synchronize_session=False)


def list_tried_longest_ago(session: Session, network: str, most: int) -> Sequence[Account]:
    return _list(session, network, most, Account.attempted_at.asc().nulls_first())


def posts_per_day(session: Session, network: str, day: date) -> float:
    """How many posts a day all accounts make together whose new posts are paid for on this day."""
    which = Account.network == network, Account.finds_on == day
    return session.scalar(select(func.sum(Account.posts_per_day)).where(*which)) or 0.0


def rates(session: Session, network: str, *, without: Collection[int]) -> list[float]:
    """Posts a day of each account that is asked for new posts, but for some of them, by id."""
    which = Account.network == network, Account.next_at.is_not(None)
    rows = session.execute(select(Account.id, Account.posts_per_day).where(*which))
    return [rate or 0.0 for account_id, rate in rows if account_id not in without]


def list_unprofiled(session: Session, network: str, day: date, every: timedelta, most: int) -> dict[str, int | None]:
    """The ids on the network, with those here, of accounts whose profile was not looked up for so long.

    Those come first that the network does not show: each day it is seen whether they are back, or what became of them.
    """
    was_not_today = or_(Account.profiled_on.is_(None), Account.profiled_on < day)
    is_due = or_(Account.profiled_on.is_(None), Account.profiled_on <= day - every, Account.state != State.ACTIVE)
    found = _list(session, network, most, (Account.state == State.ACTIVE).asc(), was_not_today, is_due)
    return {account.remote_id: account.id for account in found}


def mark_overdue(session: Session, network: str, before: datetime) -> set[int]:
    """Mark the accounts stale that were not asked for new posts since then, though due, or are not asked today.

    Returns the ids of those that were not stale before.
    """
    is_late = Account.fetched_at < before, or_(Account.next_at.is_(None), Account.next_at < before)
    marked = update(Account).where(Account.network == network, Account.stale.is_(False), *is_late).values(stale=True)
    return set(session.scalars(marked.returning(Account.id).execution_options(synchronize_session=False)))


def _list(session: Session, network: str, most: int, order: Any, *which: Any) -> Sequence[Account]:
    query = select(Account).where(Account.network == network, *which, is_tracked())
    return session.scalars(query.order_by(order, Account.id).limit(most)).all()


def _is_of(chats: Collection[int]) -> Any:
    return exists().where(Tracking.account_id == Account.id, Tracking.chat_id.in_(chats))


def is_tracked() -> Any:
    """An active chat tracks the account."""
    tracks = Tracking.account_id == Account.id, Chat.id == Tracking.chat_id, Chat.inactive_reason.is_(None)
    return exists().where(*tracks)
