"""The upload step: what changed goes to Dropbox, each file no more often than allowed, the last state always."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline import clock
from pipeline.errors import FileRefusedError, ServiceError
from pipeline.language import text
from pipeline.records import DROPBOX
from pipeline.store import Store, dropbox_files, notices

log = logging.getLogger(__name__)

TIMEOUT_S = 30
"""How long each word of Dropbox may take."""
CLAIM = timedelta(seconds=2 * TIMEOUT_S)
"""How long a file belongs to the uploader that writes it. Where that is lost, what it sent may still be on its way."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
REFUSED_AGAIN_AFTER = timedelta(minutes=15)


Put = Callable[[str, bytes], None]


def upload_due(store: Store, put: Put, content_of: Callable[[str], bytes], now: datetime, at_least: timedelta) -> None:
    """Write every file that is behind and whose turn has come, until Dropbox has trouble: then all wait.

    put writes a file, and raises ServiceError. content_of gives the bytes that the path should hold now. at_least
    passes until a file is written again.
    """
    with store.reading() as db:
        paths = _due(db, now)
    for path in paths:
        if not _upload(store, put, path, content_of, at_least):
            return


def is_due(session: Session, now: datetime) -> bool:
    return bool(_due(session, now))


def _due(session: Session, now: datetime) -> Sequence[str]:
    return [] if notices.stopped(session, DROPBOX, now) else dropbox_files.due(session, now)


def _upload(store: Store, put: Put, path: str, content_of: Callable[[str], bytes], at_least: timedelta) -> bool:
    """Write one file, if it is still due. False where Dropbox takes none now."""
    now = clock.now()
    with store.writing() as db:
        file = dropbox_files.claim(db, path, now, now + CLAIM)
    if file is None:
        return True
    try:
        put(path, content_of(path))
    except FileRefusedError as error:
        log.warning("%s was not written: %s", path, error)
        with store.writing() as db:
            dropbox_files.postpone(db, path, now + REFUSED_AGAIN_AFTER, error.text)
    except ServiceError as error:
        log.warning("nothing is written for a while: %s", error)
        with store.writing() as db:
            dropbox_files.postpone(db, path, now, None)
            _pause(db, error, clock.now())
        return False
    else:
        with store.writing() as db:
            dropbox_files.mark_uploaded(db, path, file.wanted, now + at_least)
            notices.resume(db, DROPBOX, now)
    return True


def _pause(session: Session, error: ServiceError, now: datetime) -> None:
    """Wait as long as the trouble has lasted, or as Dropbox asks; the admins hear of what only they can mend."""
    before = notices.found(session, DROPBOX)
    lasted = now - before.since if before else timedelta(0)
    wait = max(min(max(lasted, SHORTEST_PAUSE), LONGEST_PAUSE), error.retry_after or timedelta(0))
    stop = notices.stop(session, DROPBOX, error.text, now, now + wait)
    if error.permanent:
        told = text(
            "{reason}. Since {since:moment} no dataset gets there; the charts go on. It is tried again by itself, at "
            "least every 15 minutes, and by the button under /status.",
            reason=stop.reason,
            since=stop.since,
        )
        notices.tell_of_stop(session, stop, told, admins_only=True)
