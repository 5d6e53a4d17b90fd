"""What a start brings up to date in the database: a person may have repaired something, or changed a setting."""

from datetime import datetime

from pipeline.records import DROPBOX
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.store import (
    Store,
    accounts,
    circuit_breakers,
    comparisons,
    datasets,
    day_plans,
    notices,
    reading_queue,
)


def worker_starts(store: Store, settings: Settings, now: datetime) -> None:
    """When a worker starts: each network is asked again, however long it should wait, at first with one request.

    Charts that another worker had claimed may be drawn. Charts show at most POSTS_PER_ACCOUNT posts of an account, and
    older ones are read where it was raised. All datasets are compared with the posts, since Dropbox may be on by now,
    or DATA_DIR be another folder. The day's money is planned again, since the limits may be others.
    """
    with store.write_session() as db:
        comparisons.release_claims(db)
        comparisons.cap_counts(db, settings.posts_per_account)
        datasets.change_post_count(db, settings.posts_per_account)
        datasets.mark_due(db)
        accounts.retry_unavailable(db, now)
        day_plans.renew(db)
        for key, network in NETWORKS.items():
            circuit_breakers.half_open(db, now, key)
            if network.price is not None:
                reading_queue.change_depth(db, key, settings.posts_per_account)
        notices.expire(db, notices.BUDGET_KEY_PREFIX, now)


def slow_starts(store: Store, now: datetime) -> None:
    """When the process for what may be slow starts: Dropbox is asked again, however long it should wait."""
    with store.write_session() as db:
        circuit_breakers.half_open(db, now, DROPBOX)
