"""The backup step: with BACKUP_TO_DROPBOX, a backup of each UTC day goes into Dropbox, piece by piece.

Each call sends one piece, so that datasets get their turns in between. How far the upload is stands beside the file in
DATA_DIR, so that a restart goes on from there; with neither, a backup is made anew.
"""

import logging
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.dropbox import Upload
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX
from pipeline.steps.resources import Resources
from pipeline.steps.upload import REFUSED_AGAIN_AFTER, attempt
from pipeline.store import backup as backups
from pipeline.store import circuit_breakers, dropbox_files

uploads = TypeAdapter(Upload)
log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=10)
"""How long a backup belongs to the process that makes it or sends a piece. If that dies, another goes on then."""


def is_due(resources: Resources, now: datetime) -> bool:
    """Whether today's backup is to be made, or more of it to be sent."""
    if resources.settings.backup_to_dropbox is None:
        return False
    with resources.store.read_session() as db:
        account = resources.settings.dropbox_account
        is_open = circuit_breakers.find_open(db, DROPBOX, now) is not None
        return not is_open and dropbox_files.is_backup_due(db, _path(now), account, now)


def backup(resources: Resources, now: datetime) -> bool:
    """Make today's backup, or send a piece of it. Returns whether the next piece can be sent now."""
    path = _path(now)
    with resources.store.write_session() as db:
        if not dropbox_files.claim_backup(db, path, resources.settings.dropbox_account, now, now + CLAIM):
            return False
    file = resources.settings.data_dir / path.lstrip("/")
    try:
        if not file.exists():
            _make(resources, file, now)
    except OSError as error:
        log.warning("no backup was made: %s", error)
        problem = lazy_gettext("the backup does not fit on the bot's disk ({reason})", reason=str(error.strerror))
        with resources.store.write_session() as db:
            dropbox_files.postpone(db, path, now + REFUSED_AGAIN_AFTER, problem)
        return False
    return attempt(resources, path, lambda: _send(resources, path, file, now), now) and is_due(resources, now)


def _path(now: datetime) -> str:
    return f"{dropbox_files.BACKUPS}tallybird-{now:%Y-%m-%d}.backup"


def _make(resources: Resources, file: Path, now: datetime) -> None:
    """Write the backup in place of what is left of earlier ones."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    for left in file.parent.iterdir():
        left.unlink()
    unfinished = file.with_suffix(".unfinished")
    with unfinished.open("wb") as written:
        backups.write(resources.store, written, now)
    unfinished.replace(file)


def _send(resources: Resources, path: str, file: Path, now: datetime) -> None:
    """Send the next piece. One upload at a time, since Dropbox refuses concurrent writes."""
    progress = file.with_suffix(".progress")
    upload = uploads.validate_json(progress.read_bytes()) if progress.exists() else Upload()
    with resources.uploading, file.open("rb") as content:
        try:
            rev = resources.dropbox.put_piece(path, content, upload)
        finally:
            progress.write_bytes(uploads.dump_json(upload))
        content.seek(0)
        digest = file_digest(content, "sha256").hexdigest() if rev else ""
    with resources.store.write_session() as db:
        if rev is None:
            dropbox_files.postpone(db, path, now, None)
            return
        dropbox_files.mark_uploaded(db, path, digest, rev, now)
    file.unlink()
    progress.unlink()
    log.info("a backup is in Dropbox: %s", path)
