"""The upload step: what changed goes to Dropbox, each file no more often than allowed, the last state always.

And what no dataset is kept for any more is deleted there.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from pipeline import clock
from pipeline.errors import FileRefusedError, ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX
from pipeline.steps import dataset
from pipeline.store import Store, datasets, dropbox_files, notices
from pipeline.store.dropbox_files import Claim

log = logging.getLogger(__name__)

TIMEOUT_S = 30
"""How long each word of Dropbox may take."""
CLAIM = timedelta(seconds=2 * TIMEOUT_S)
"""How long a file belongs to the uploader that writes it. Where that is lost, what it sent may still be on its way."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
REFUSED_AGAIN_AFTER = timedelta(minutes=15)


class Cloud(Protocol):
    """Dropbox, as far as it is used here. Both raise ServiceError."""

    def put(self, path: str, content: bytes) -> str:
        """Make the file hold this content; returns the name of that revision."""

    def remove(self, path: str, rev: str | None) -> None:
        """Delete the file, unless it holds something else than this revision, where one is named."""


@dataclass(frozen=True)
class Uploader:
    """What an upload works with.

    account: whose Dropbox it is. content_of: the bytes that a dataset's file should hold now, by the dataset's key.
    at_least: passes until a file is written again.
    """

    store: Store
    cloud: Cloud
    account: str
    content_of: Callable[[str], bytes]
    at_least: timedelta

    def upload_due(self, now: datetime) -> None:
        """Write every file that is behind and whose turn has come, until Dropbox has trouble: then all wait."""
        with self.store.read_session() as db:
            paths = _due(db, self.account, now)
        for path in paths:
            if not self._upload(path):
                return

    def _upload(self, path: str) -> bool:
        """Write or delete one file, if it is still due. False where Dropbox takes none now."""
        now = clock.now()
        with self.store.write_session() as db:
            claim = dropbox_files.claim(db, path, self.account, now, now + CLAIM)
        if claim is None:
            return True
        try:
            self._put(claim, now) if claim.key else self._remove(claim)
        except FileRefusedError as error:
            log.warning("%s was not written: %s", path, error)
            with self.store.write_session() as db:
                dropbox_files.postpone(db, path, now + REFUSED_AGAIN_AFTER, error.text)
            return True
        except ServiceError as error:
            log.warning("nothing is written for a while: %s", error)
            with self.store.write_session() as db:
                dropbox_files.postpone(db, path, now, None)
                _pause(db, error, clock.now())
            return False
        with self.store.write_session() as db:
            notices.resume(db, DROPBOX, now)
        return True

    def _put(self, claim: Claim, now: datetime) -> None:
        """What the posts changed since the dataset was written goes along; its own file has to follow then."""
        content = self.content_of(claim.key or "")
        rev = self.cloud.put(claim.path, content)
        with self.store.write_session() as db:
            digest = dataset.version(content)
            dropbox_files.mark_uploaded(db, claim.path, digest, rev, now + self.at_least)
            if digest != claim.digest:
                datasets.mark_due(db, [claim.key or ""])

    def _remove(self, claim: Claim) -> None:
        self.cloud.remove(claim.path, claim.rev)
        with self.store.write_session() as db:
            dropbox_files.mark_deleted(db, claim.path)


def is_due(session: Session, account: str, now: datetime) -> bool:
    return bool(_due(session, account, now))


def _due(session: Session, account: str, now: datetime) -> Sequence[str]:
    return [] if notices.stopped(session, DROPBOX, now) else dropbox_files.due(session, account, now)


def _pause(session: Session, error: ServiceError, now: datetime) -> None:
    """Wait as long as the trouble has lasted, or as Dropbox asks; the admins hear of what only they can mend."""
    before = notices.found(session, DROPBOX)
    lasted = now - before.since if before else timedelta(0)
    wait = max(min(max(lasted, SHORTEST_PAUSE), LONGEST_PAUSE), error.retry_after or timedelta(0))
    stop = notices.stop(session, DROPBOX, error.text, now, now + wait)
    if error.permanent:
        told = lazy_gettext(
            "{reason}. Since {since:moment} no dataset gets there; the charts go on. It is tried again by itself, at "
            "least every 15 minutes, and by the button under /status.",
            reason=stop.reason,
            since=stop.since,
        )
        notices.tell_of_stop(session, stop, told, admins_only=True)
