"""The upload step: Dropbox follows the datasets, each file no more often than DROPBOX_MIN_SECONDS allows.

The last content of a file always gets there, and a file whose dataset is no longer kept is deleted.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from pipeline import clock
from pipeline.dropbox import TIMEOUT_S
from pipeline.errors import FileRefusedError, ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX
from pipeline.steps import dataset, dataset_file
from pipeline.steps.resources import Resources
from pipeline.store import circuit_breakers, datasets, dropbox_files
from pipeline.store.dropbox_files import Claim

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=2 * TIMEOUT_S)
"""How long a file belongs to the uploader that writes it. If that dies, its request may still be on its way."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
REFUSED_AGAIN_AFTER = timedelta(minutes=15)


def has_uploads(resources: Resources, now: datetime) -> bool:
    """Whether a file is behind in Dropbox that may be written now."""
    if not resources.settings.dropbox_is_on:
        return False
    with resources.store.read_session() as db:
        return bool(_due(db, resources.settings.dropbox_account, now))


def upload(resources: Resources, now: datetime) -> None:
    """Write every file that is behind and may be written now, until Dropbox fails: then all files wait.

    One at a time, since Dropbox refuses concurrent writes: an upload that is under way here sees to all of them.
    """
    if resources.uploading.acquire(blocking=False):
        try:
            _upload_all(resources, now)
        finally:
            resources.uploading.release()


def _upload_all(resources: Resources, now: datetime) -> None:
    with resources.store.read_session() as db:
        paths = _due(db, resources.settings.dropbox_account, now)
    for path in paths:
        if not _upload(resources, path):
            return


def _due(db: Session, account: str, now: datetime) -> Sequence[str]:
    return [] if circuit_breakers.find_open(db, DROPBOX, now) else dropbox_files.list_due(db, account, now)


def _upload(resources: Resources, path: str) -> bool:
    """Write or delete one file, if it is still due. False if Dropbox accepts no file now."""
    now = clock.now()
    with resources.store.write_session() as db:
        claim = dropbox_files.claim(db, path, resources.settings.dropbox_account, now, now + CLAIM)
    if claim is None:
        return True
    put = partial(_put, resources, claim, now) if claim.key else partial(_remove, resources, claim)
    return attempt(resources, path, put, now)


def attempt(resources: Resources, path: str, write: Callable[[], None], now: datetime) -> bool:
    """Write a file that is claimed. Where Dropbox refuses it, it waits; False where Dropbox accepts no file now."""
    try:
        write()
    except FileRefusedError as error:
        log.warning("%s was not written: %s", path, error)
        with resources.store.write_session() as db:
            dropbox_files.postpone(db, path, now + REFUSED_AGAIN_AFTER, error.text)
        return True
    except ServiceError as error:
        log.warning("nothing is written for a while: %s", error)
        with resources.store.write_session() as db:
            dropbox_files.postpone(db, path, now, None)
            _pause(db, error, clock.now())
        return False
    with resources.store.write_session() as db:
        circuit_breakers.close(db, DROPBOX, now)
    return True


def _put(resources: Resources, claim: Claim, now: datetime) -> None:
    """Upload the dataset as the posts are now. Where they changed since it was written, its file here is due again."""
    with resources.store.read_session() as db:
        _, content = dataset.render(db, claim.key or "")
    rev = resources.dropbox.put(claim.path, content)
    at_least = timedelta(seconds=resources.settings.dropbox_min_seconds)
    with resources.store.write_session() as db:
        digest = dataset_file.version(content)
        dropbox_files.mark_uploaded(db, claim.path, digest, rev, now + at_least)
        if digest != claim.digest:
            datasets.mark_due(db, [claim.key or ""])


def _remove(resources: Resources, claim: Claim) -> None:
    resources.dropbox.remove(claim.path, claim.rev)
    with resources.store.write_session() as db:
        dropbox_files.mark_deleted(db, claim.path)


def _pause(db: Session, error: ServiceError, now: datetime) -> None:
    """Upload nothing for as long as Dropbox has failed already, or asks. Admins are informed of what they must fix."""
    before = circuit_breakers.find(db, DROPBOX)
    lasted = now - before.opened_at if before else timedelta(0)
    wait = max(min(max(lasted, SHORTEST_PAUSE), LONGEST_PAUSE), error.retry_after or timedelta(0))
    stop = circuit_breakers.open(db, DROPBOX, error.text, now, now + wait)
    if error.permanent:
        text = lazy_gettext(
            "Since {since:moment} no file has reached Dropbox: {reason}. The charts go on. I'll try again at least "
            "every 15 minutes; the button under /status does it at once.",
            reason=stop.reason,
            since=stop.opened_at,
        )
        circuit_breakers.announce(db, stop, text, admins_only=True)
