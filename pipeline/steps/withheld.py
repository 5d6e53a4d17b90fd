"""Accounts whose owners ask that only people who are signed in see them: what is stored of them is deleted."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.records import Profile, State
from pipeline.store import accounts, datasets, notices, tracking
from pipeline.store.tables import Account, FollowerCount, Gain, Post, Tracking

TOLD_FOR = timedelta(days=7)
"""How long it is tried to tell a chat that an account of its own was dropped."""


def drop_shown(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> None:
    """Drop the accounts of the network whose profiles say that they are withheld."""
    ids = [each.remote_id for each in profiles if each.state is State.WITHHELD and each.remote_id is not None]
    drop(session, [account.id for account in accounts.find_by_remote_ids(session, ids, network)], now)


def drop(session: Session, account_ids: Collection[int], now: datetime) -> None:
    """Delete the posts and figures of these accounts; each chat that tracks one is told once, and tracks it no more."""
    for account_id in account_ids:
        account = session.get(Account, account_id)
        if account is None:  # purged since it was asked for
            continue
        for table in (Post, Gain, FollowerCount):
            session.execute(delete(table).where(table.account_id == account_id))
        account.followers = account.followers_at = account.fetched_at = account.older_at = None
        _untrack(session, account, now)
    datasets.mark_due_of_accounts(session, account_ids)


def _untrack(session: Session, account: Account, now: datetime) -> None:
    text = lazy_gettext(
        "@{handle} now asks to be shown only to people who are signed in. I have deleted what I had read "
        "of it and stopped tracking it.",
        handle=account.handle,
    )
    for chat_id in session.scalars(select(Tracking.chat_id).where(Tracking.account_id == account.id)).all():
        key = f"withheld {account.id} on {now:%Y-%m-%d} to {chat_id}"
        notices.publish(session, key, text, now + TOLD_FOR, chat_id=chat_id)
        tracking.untrack(session, chat_id, [account.id])
