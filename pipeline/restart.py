"""What a start brings up to date in the database: a person may have repaired something, or changed a setting."""

from datetime import datetime

from pipeline.records import DROPBOX
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.store import Store, accounts, circuit_breakers, comparisons, datasets, notices


def worker_starts(store: Store, settings: Settings, now: datetime) -> None:
    """When a worker starts: each network is asked again, however long it should wait, at first with one request.

    Charts that another worker had claimed may be drawn. Charts show at most POSTS_PER_ACCOUNT posts of an account. All
    datasets are compared with the posts, since Dropbox may be on by now, or DATA_DIR be another folder.
    """
    with store.write_session() as db:
        comparisons.release_claims(db)
        comparisons.cap_counts(db, settings.posts_per_account)
        datasets.change_post_count(db, settings.posts_per_account)
        datasets.mark_due(db)
        accounts.retry_unavailable(db)
        for network in NETWORKS:
            circuit_breakers.half_open(db, now, network)
        notices.expire(db, notices.BUDGET_KEY_PREFIX, now)


def uploader_starts(store: Store, now: datetime) -> None:
    """When an uploader starts: Dropbox is asked again, however long it should wait."""
    with store.write_session() as db:
        circuit_breakers.half_open(db, now, DROPBOX)
