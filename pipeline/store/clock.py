"""The clock that all go by was set back: nothing may wait until it is that late again."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.store.tables import Account, Comparison, DropboxFile, Gain, Stop, Subscription

MOMENTS = (
    *(Account.tried_at, Account.fetched_at, Account.turn_at, Comparison.claimed_until, Subscription.next_at),
    *(DropboxFile.next_at, DropboxFile.claimed_until, Stop.since, Stop.until, Subscription.asked_at),
    *(Comparison.fades_at, Gain.at, Gain.since),
)
"""What is compared with the clock to find what is due, and what was gained lately."""
JITTER = timedelta(seconds=1)
"""So much two machines' measurements of that clock may differ."""


def follow(session: Session, now: datetime) -> timedelta:
    """Where accounts were tried later than now, move all moments to come back as far as the clock went.

    Returns how far: nothing, as a rule.
    """
    latest = session.scalar(select(func.max(Account.tried_at)))
    by = timedelta(0) if latest is None else latest - now
    if by <= JITTER:
        return timedelta(0)
    for moment in MOMENTS:
        for row in session.scalars(select(moment.class_).where(moment > now)):
            setattr(row, moment.key, getattr(row, moment.key) - by)
    session.flush()
    return by
