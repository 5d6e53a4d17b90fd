"""What a start brings up to date in the database: a person may have mended something, or changed a setting."""

from datetime import datetime

from pipeline.records import DROPBOX, NETWORK
from pipeline.settings import Settings
from pipeline.store import Store, accounts, circuit_breakers, comparisons, datasets, notices


def worker_starts(store: Store, settings: Settings, now: datetime) -> None:
    """A worker starts: X is asked again whatever it said, one request first, and no more posts are shown than are read.

    Charts that another worker was drawing are free to be drawn. All datasets are compared with the posts: Dropbox may
    be on since, or DATA_DIR another.
    """
    with store.write_session() as db:
        comparisons.release_claims(db)
        comparisons.cap_counts(db, settings.posts_per_account)
        datasets.change_post_count(db, settings.posts_per_account)
        datasets.mark_due(db)
        accounts.retry_unavailable(db)
        circuit_breakers.half_open(db, now, NETWORK)
        notices.expire(db, notices.BUDGET_KEY_PREFIX, now)


def uploader_starts(store: Store, now: datetime) -> None:
    """An uploader starts: Dropbox is asked again whatever it said."""
    with store.write_session() as db:
        circuit_breakers.half_open(db, now, DROPBOX)
