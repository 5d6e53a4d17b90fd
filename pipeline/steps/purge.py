"""The purge step: once a day, what no chat needs any more is deleted, so that the database does not grow for ever."""

import logging
from datetime import datetime, timedelta

from redis import Redis

from pipeline.store import (
    Store,
    accounts,
    alerts,
    chats,
    circuit_breakers,
    comparisons,
    history,
    network_status,
    notices,
    posts,
    subscriptions,
    token_buckets,
)

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""How long a chat that cannot be reached is kept, and what no chat uses."""
ASKED_KEPT = timedelta(days=1)
"""How long the bot tries to send a chart that was asked for once."""
MOST_POSTS = 3200
"""Of an account: no chart shows more."""
EVERY = timedelta(days=1)
DONE = "tallybird:purged"


def is_due(redis: Redis) -> bool:
    """True once a day, and once more after Redis was wiped, which does no harm."""
    return bool(redis.set(DONE, 1, nx=True, ex=EVERY))


def purge(store: Store, now: datetime) -> None:
    """Delete chats that were unreachable for long, then what no chat uses.

    Each account has a transaction of its own, so that others can write in between.
    """
    before = now - KEPT
    with store.write_session() as db:
        forgotten = chats.delete_inactive(db, before)
        subscriptions.delete_expired_requests(db, now - ASKED_KEPT)
        comparisons.delete_unused(db, before)
        accounts.delete_unused(db, before)
        notices.delete_expired(db, before)
        alerts.delete_before(db, before)
        token_buckets.delete_unused(db, before)
        network_status.delete_ended(db, before)
        circuit_breakers.delete_forgotten(db, before)
        kept = accounts.list_ids(db)
    for account_id in kept:
        with store.write_session() as db:
            posts.keep_newest(db, account_id, MOST_POSTS)
            history.downsample(db, account_id, now)
    store.compact()
    log.info("purge: %d chats forgotten, %d accounts kept", forgotten, len(kept))
