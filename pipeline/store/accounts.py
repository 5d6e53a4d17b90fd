"""Accounts, and their posts as they were last read."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from pipeline.records import COUNTS, Counts, Profile, Reading, State, count_values
from pipeline.records import Post as PostRecord
from pipeline.store import bill
from pipeline.store.tables import Account, History, Post, Tracking

STALE_AFTER = timedelta(minutes=2)


def named(session: Session, handles: Iterable[str], network: str) -> Sequence[Account]:
    """The known accounts with these handles, whatever their case."""
    lower = [handle.lower() for handle in handles]
    return session.scalars(
        select(Account).where(Account.network == network, func.lower(Account.handle).in_(lower))
    ).all()


def save_profiles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> None:
    """Keep what a look-up found, and what it cost: each profile once a UTC day."""
    for profile in profiles:
        if profile.remote_id is None:
            continue
        account = session.scalar(
            select(Account).where(Account.network == network, Account.remote_id == profile.remote_id)
        )
        if account is None:
            account = Account(network=network, remote_id=profile.remote_id)
            session.add(account)
        account.handle, account.state = profile.handle, profile.state
        if account.billed_on != now.date():
            account.billed_on = now.date()
            bill.add(session, now.date(), "users", 1)
    session.flush()


def tracked(session: Session) -> Sequence[Account]:
    """Every account that some chat follows, the one tried longest ago first."""
    return session.scalars(
        select(Account)
        .where(Account.id.in_(select(Tracking.account_id)))
        .order_by(Account.tried_at.asc().nulls_first(), Account.id)
    ).all()


def mark_tried(session: Session, account_ids: Iterable[int], now: datetime) -> None:
    session.execute(update(Account).where(Account.id.in_(account_ids)).values(tried_at=now))


def posts_known(session: Session) -> dict[int, int]:
    """How many posts of each account are stored."""
    return dict(session.execute(select(Post.account_id, func.count()).group_by(Post.account_id)).all())


def save(session: Session, readings: Iterable[Reading]) -> set[int]:
    """Store readings and return the accounts whose charts they change."""
    return {reading.account_id for reading in readings if _save(session, reading)}


def _save(session: Session, reading: Reading) -> bool:
    account = session.get_one(Account, reading.account_id)
    if reading.posts is None:
        return _save_failure(account, reading)
    was = (account.state, account.stale, account.fetched_at is None)
    account.state, account.problem, account.stale, account.fetched_at = State.ACTIVE, None, False, reading.at
    changed = _save_posts(session, reading)
    return changed or was != (State.ACTIVE, False, False)


def _save_failure(account: Account, reading: Reading) -> bool:
    was = (account.state, account.stale, account.problem if account.fetched_at is None else None)
    account.state, account.problem = reading.state or account.state, reading.problem
    if account.fetched_at is not None:
        account.stale = account.state is not State.ACTIVE or reading.at - account.fetched_at > STALE_AFTER
    return was != (account.state, account.stale, account.problem if account.fetched_at is None else None)


def _save_posts(session: Session, reading: Reading) -> bool:
    """Bring the stored posts to what was read; a history row is added only where counts changed."""
    read = {post.id: post for post in reading.posts or ()}
    known = _stored(session, reading)
    _bill(session, reading, {post_id for post_id in read if known.get(post_id, (None, None))[1] != reading.at.date()})
    gone = known.keys() - read.keys()
    new = [post for post in read.values() if post.id not in known]
    grown = [post for post in read.values() if post.id in known and known[post.id][0] != post.counts]
    if gone:
        session.execute(delete(Post).where(Post.account_id == reading.account_id, Post.post_id.in_(gone)))
    if new:
        session.execute(insert(Post), [_post_row(reading, post) for post in new])
    if grown:
        session.execute(update(Post), [_post_row(reading, post) for post in grown])
    if new or grown:
        session.execute(insert(History), [_history_row(reading, post) for post in new + grown])
    return bool(new or grown or gone)


def _stored(session: Session, reading: Reading) -> dict[str, tuple[Counts, date]]:
    """The stored posts that the reading covers, with their counts and the day they were last billed."""
    covered = select(Post.post_id, *(getattr(Post, name) for name in COUNTS), Post.billed_on).where(
        Post.account_id == reading.account_id
    )
    if reading.posts and not reading.complete:
        covered = covered.where(Post.created_at >= min(post.created_at for post in reading.posts))
    return {row[0]: (Counts(*row[1:-1]), row[-1]) for row in session.execute(covered)}


def _bill(session: Session, reading: Reading, post_ids: set[str]) -> None:
    """X bills a post once a UTC day, at its first return."""
    if not post_ids:
        return
    today = reading.at.date()
    bill.add(session, today, "posts", len(post_ids))
    session.execute(
        update(Post).where(Post.account_id == reading.account_id, Post.post_id.in_(post_ids)).values(billed_on=today)
    )


def _post_row(reading: Reading, post: PostRecord) -> dict[str, Any]:
    return _counted(reading, post) | {"created_at": post.created_at, "billed_on": reading.at.date()}


def _history_row(reading: Reading, post: PostRecord) -> dict[str, Any]:
    return _counted(reading, post) | {"at": reading.at}


def _counted(reading: Reading, post: PostRecord) -> dict[str, Any]:
    return {"account_id": reading.account_id, "post_id": post.id} | dict(
        zip(COUNTS, count_values(post.counts), strict=True)
    )
