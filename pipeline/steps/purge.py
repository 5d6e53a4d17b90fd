"""The purge: once a day, what nobody needs any more is deleted, so that the database does not grow without end."""

import logging
from datetime import datetime, timedelta

from redis import Redis

from pipeline.store import Store, accounts, chats, comparisons, history, notices, posts, subscriptions

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""How long a chat that was set aside is kept, and what no chat uses."""
ASKED_KEPT = timedelta(days=1)
"""How long a single chart that does not get to its chat is tried."""
MOST_POSTS = 3200
"""Of an account: X returns no more, and no chart can ask for more."""
EVERY = timedelta(days=1)
DONE = "tallybird:purged"


def is_due(redis: Redis) -> bool:
    """True once a day, and once more where Redis was wiped, which does no harm."""
    return bool(redis.set(DONE, 1, nx=True, ex=EVERY))


def purge(store: Store, now: datetime) -> None:
    """Forget chats set aside for long, then what no chat uses; an account at a time, so that no writer waits long."""
    before = now - KEPT
    with store.write_session() as db:
        forgotten = chats.delete_inactive(db, before)
        subscriptions.delete_expired_requests(db, now - ASKED_KEPT)
        comparisons.delete_unused(db, before)
        accounts.delete_unused(db, before)
        notices.delete_expired(db, before)
        kept = accounts.list_ids(db)
    for account_id in kept:
        with store.write_session() as db:
            posts.keep_newest(db, account_id, MOST_POSTS)
            history.downsample(db, account_id, now)
    store.compact()
    log.info("purge: %d chats forgotten, %d accounts kept", forgotten, len(kept))
