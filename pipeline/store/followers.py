"""How many accounts follow an account: as charts use it, and day by day."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.store.tables import Account, FollowerCount

EVERY = timedelta(hours=1)
"""A count is taken at most once in this time: figures per 1,000 followers would else change with each of them."""


def save(session: Session, account: Account, count: int | None, now: datetime) -> bool:
    """Take a count that a network told now, for charts and for its UTC day; None where it told none.

    Returns whether that changes figures per 1,000 followers. The account must be stored.
    """
    if count is None or (account.followers_at is not None and now - account.followers_at < EVERY):
        return False
    has_changed = count != account.followers
    account.followers, account.followers_at = count, now
    session.merge(FollowerCount(account_id=account.id, day=now.date(), count=count))
    return has_changed
