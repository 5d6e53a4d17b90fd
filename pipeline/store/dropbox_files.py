"""Files in Dropbox: what each holds, and when it may be written next. The datasets say what they must hold.

The backups in BACKUPS are the other kind: each is written once, and the newest KEPT_BACKUPS stay.

Paths are in lower case: Dropbox ignores case, so a name that changes its case alone moves no file.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, and_, delete, func, or_, select, true, update
from sqlalchemy.orm import Session

from pipeline.records import LazyString
from pipeline.store.tables import Dataset, DropboxFile

BACKUPS = "/backups/"
KEPT_BACKUPS = 7
lower_path = func.lower(Dataset.path, type_=String)


class Claim(NamedTuple):
    """A file that one uploader alone may write, or delete where key and digest are None.

    key, digest: of the dataset. rev: Dropbox's id of the revision to delete, None where unknown.
    """

    path: str
    key: str | None
    digest: str | None
    rev: str | None


def find_path(session: Session, key: str) -> str | None:
    """Where the dataset with this key is in Dropbox, whatever version of it; None where it was never uploaded."""
    uploaded = DropboxFile.path == lower_path, DropboxFile.uploaded_digest.is_not(None)
    return session.scalar(select(Dataset.path).join(DropboxFile, and_(*uploaded)).where(Dataset.key == key))


def list_due(session: Session, account_digest: str, now: datetime, path: str | None = None) -> Sequence[str]:
    """Paths of the files that differ from their datasets and may be written now, then of those that may be deleted.

    path: only this one, if it is among them.
    """
    outdated = (
        select(lower_path)
        .outerjoin(DropboxFile, DropboxFile.path == lower_path)
        .where(
            Dataset.digest.is_not(None),
            true() if path is None else lower_path == path,
            or_(DropboxFile.path.is_(None), and_(_is_outdated(account_digest), _may_be_written(now))),
        )
        .order_by(DropboxFile.next_at.asc().nulls_first(), lower_path)
    )
    orphaned = select(DropboxFile.path).where(
        DropboxFile.path.not_in(select(lower_path).where(Dataset.path.is_not(None))),
        true() if path is None else DropboxFile.path == path,
        _is_no_kept_backup(),
        _may_be_deleted(now),
    )
    return [*session.scalars(outdated), *session.scalars(orphaned)]


def claim(session: Session, path: str, account_digest: str, now: datetime, until: datetime) -> Claim | None:
    """Claim a file until then, when another uploader may take it over. None if it is not due, or claimed by another."""
    if not list_due(session, account_digest, now, path):
        return None
    file = session.get(DropboxFile, path)
    if file is None:
        file = DropboxFile(path=path, next_at=now)
        session.add(file)
    dataset = session.scalar(select(Dataset).where(lower_path == path))
    if dataset is None:
        claimed = Claim(path, None, None, file.rev)
    else:  # if the uploader is lost, it is unknown what the file holds
        claimed = Claim(dataset.path or path, dataset.key, dataset.digest, None)
        file.account_digest, file.uploaded_digest, file.rev = account_digest, None, None
    file.claimed_until = until
    session.flush()
    return claimed


def is_backup_due(session: Session, path: str, account_digest: str, now: datetime) -> bool:
    """Whether the backup with this path is not there yet, and may be written now."""
    file = session.get(DropboxFile, path)
    if file is None:
        return True
    is_there = file.uploaded_digest is not None and file.account_digest == account_digest
    return not is_there and file.next_at <= now and (file.claimed_until is None or file.claimed_until <= now)


def claim_backup(session: Session, path: str, account_digest: str, now: datetime, until: datetime) -> bool:
    """Claim a backup until then; False if it is not due, or claimed by another. Why earlier ones failed is dropped."""
    if not is_backup_due(session, path, account_digest, now):
        return False
    file = session.get(DropboxFile, path)
    if file is None:
        file = DropboxFile(path=path, next_at=now)
        session.add(file)
    file.account_digest, file.uploaded_digest, file.rev, file.claimed_until = account_digest, None, None, until
    session.flush()
    earlier = DropboxFile.path.startswith(BACKUPS), DropboxFile.path < path
    session.execute(update(DropboxFile).where(*earlier).values(problem=None))
    return True


def mark_uploaded(session: Session, path: str, digest: str, rev: str, next_at: datetime) -> None:
    """The file holds the content of this digest, as revision rev; it is not written again before next_at."""
    values = {"uploaded_digest": digest, "rev": rev, "next_at": next_at, "claimed_until": None, "problem": None}
    session.execute(update(DropboxFile).where(DropboxFile.path == path.lower()).values(values))


def mark_deleted(session: Session, path: str) -> None:
    session.execute(delete(DropboxFile).where(DropboxFile.path == path.lower()))


def postpone(session: Session, path: str, until: datetime, problem: LazyString | None) -> None:
    """Write the file no sooner than `until`. problem: why Dropbox refused it, None if it did not."""
    values = {"next_at": until, "claimed_until": None, "problem": problem}
    session.execute(update(DropboxFile).where(DropboxFile.path == path.lower()).values(values))


def find_problem(session: Session) -> LazyString | None:
    """Why Dropbox refused some file, None if it refused none."""
    return session.scalar(select(DropboxFile.problem).where(DropboxFile.problem.is_not(None)).limit(1))


def _is_outdated(account_digest: str) -> ColumnElement[bool]:
    is_same = and_(DropboxFile.account_digest == account_digest, DropboxFile.uploaded_digest == Dataset.digest)
    return or_(DropboxFile.account_digest.is_(None), DropboxFile.uploaded_digest.is_(None), ~is_same)


def _is_no_kept_backup() -> ColumnElement[bool]:
    """Backups have their days in their names, so that their order is that of their paths."""
    is_backup = DropboxFile.path.startswith(BACKUPS)
    uploaded = select(DropboxFile.path).where(is_backup, DropboxFile.uploaded_digest.is_not(None))
    oldest_kept = uploaded.order_by(DropboxFile.path.desc()).offset(KEPT_BACKUPS - 1).limit(1).scalar_subquery()
    return or_(~is_backup, DropboxFile.path < oldest_kept)


def _is_unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(DropboxFile.claimed_until.is_(None), DropboxFile.claimed_until <= now)


def _may_be_written(now: datetime) -> ColumnElement[bool]:
    return and_(DropboxFile.next_at <= now, _is_unclaimed(now))


def _may_be_deleted(now: datetime) -> ColumnElement[bool]:
    """A deletion waits after a refusal, but not for the interval between two writes."""
    return and_(or_(DropboxFile.problem.is_(None), DropboxFile.next_at <= now), _is_unclaimed(now))
