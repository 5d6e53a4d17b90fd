"""What the store does when the shared clock was set back: nothing may wait until the old time comes again."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.store.tables import (
    Account,
    CircuitBreaker,
    Comparison,
    DropboxFile,
    Gain,
    Opening,
    Post,
    Subscription,
    TokenBucket,
)

TIMESTAMPS = (
    *(Account.attempted_at, Account.fetched_at, Account.polled_at, Account.next_at),
    *(Account.older_at, Account.followers_at),
    *(Opening.next_at, Post.read_at),
    *(Comparison.claimed_until, Comparison.expires_at),
    *(Subscription.next_at, Subscription.requested_at),
    *(DropboxFile.next_at, DropboxFile.claimed_until),
    *(CircuitBreaker.opened_at, CircuitBreaker.retry_at),
    TokenBucket.updated_at,
)
"""The columns that are compared with the clock to find what is due, and what was gained lately."""
TOLERANCE = timedelta(seconds=1)
"""Two machines may measure the shared clock with this difference."""


def shift_timestamps(session: Session, now: datetime) -> timedelta:
    """If an account was attempted later than now, move all future timestamps back by that difference.

    Returns the difference: zero unless the clock was set back.
    """
    latest = session.scalar(select(func.max(Account.attempted_at)))
    difference = timedelta(0) if latest is None else latest - now
    if difference <= TOLERANCE:
        return timedelta(0)
    for column in TIMESTAMPS:
        for row in session.scalars(select(column.class_).where(column > now)):
            setattr(row, column.key, getattr(row, column.key) - difference)
    session.flush()
    _shift_gains(session, now, difference)
    return difference


def _shift_gains(session: Session, now: datetime, difference: timedelta) -> None:
    """Move what was gained in the future. One interval is left out where another one is in its place already."""
    for gain in session.scalars(select(Gain).where(Gain.end_at > now).order_by(Gain.end_at, Gain.start_at)).all():
        end_at = gain.end_at - difference
        start_at = gain.start_at - difference if gain.start_at > now else gain.start_at
        if session.get(Gain, (gain.account_id, gain.grain_s, end_at, start_at, gain.late)) is None:
            gain.end_at, gain.start_at = end_at, start_at
        else:
            session.delete(gain)
        session.flush()
