"""Files in Dropbox: what each holds, and when it may be written next. What they are to hold, the datasets say.

A path is one in lower case, as it is to Dropbox: a name that changes its case alone moves no file.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import LazyString
from pipeline.store.tables import Dataset, DropboxFile

lower_path = func.lower(Dataset.path, type_=String)


class Claim(NamedTuple):
    """A file that is to be written, or deleted where there is no dataset of it any more.

    rev: Dropbox's name of what the file holds, where that is known.
    """

    path: str
    key: str | None
    digest: str | None
    rev: str | None


def list_due(session: Session, account: str, now: datetime) -> Sequence[str]:
    """The files that may be written now and are behind in this Dropbox, and then those that are to be deleted."""
    behind = (
        select(lower_path)
        .outerjoin(DropboxFile, DropboxFile.path == lower_path)
        .where(
            Dataset.digest.is_not(None), or_(DropboxFile.path.is_(None), and_(_differs(account), _may_be_written(now)))
        )
        .order_by(DropboxFile.next_at.asc().nulls_first(), lower_path)
    )
    left = select(DropboxFile.path).where(
        DropboxFile.path.not_in(select(lower_path).where(Dataset.path.is_not(None))), _may_be_deleted(now)
    )
    return [*session.scalars(behind), *session.scalars(left)]


def claim(session: Session, path: str, account: str, now: datetime, until: datetime) -> Claim | None:
    """Take the right to write or delete the file; nobody else gets it before then, should the uploader be lost.

    None: nothing to do, or not yet.
    """
    if path not in list_due(session, account, now):
        return None
    file = session.get(DropboxFile, path)
    if file is None:
        file = DropboxFile(path=path, next_at=now)
        session.add(file)
    dataset = session.scalar(select(Dataset).where(lower_path == path))
    if dataset is None:
        claimed = Claim(path, None, None, file.rev)
    else:  # where the uploader is lost, nobody knows what the file holds
        claimed = Claim(dataset.path or path, dataset.key, dataset.digest, None)
        file.account_digest, file.uploaded_digest, file.rev = account, None, None
    file.claimed_until = until
    session.flush()
    return claimed


def mark_uploaded(session: Session, path: str, digest: str, rev: str, next_at: datetime) -> None:
    """The file holds this content; it is not written again before next_at."""
    values = {"uploaded_digest": digest, "rev": rev, "next_at": next_at, "claimed_until": None, "problem": None}
    session.execute(update(DropboxFile).where(DropboxFile.path == path.lower()).values(values))


def mark_deleted(session: Session, path: str) -> None:
    session.execute(delete(DropboxFile).where(DropboxFile.path == path.lower()))


def postpone(session: Session, path: str, until: datetime, problem: LazyString | None) -> None:
    values = {"next_at": until, "claimed_until": None, "problem": problem}
    session.execute(update(DropboxFile).where(DropboxFile.path == path.lower()).values(values))


def find_problem(session: Session) -> LazyString | None:
    """Why some file could not be written, where that is so."""
    return session.scalar(select(DropboxFile.problem).where(DropboxFile.problem.is_not(None)).limit(1))


def _differs(account: str) -> ColumnElement[bool]:
    known = and_(DropboxFile.account_digest == account, DropboxFile.uploaded_digest == Dataset.digest)
    return or_(DropboxFile.account_digest.is_(None), DropboxFile.uploaded_digest.is_(None), ~known)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(DropboxFile.claimed_until.is_(None), DropboxFile.claimed_until <= now)


def _may_be_written(now: datetime) -> ColumnElement[bool]:
    return and_(DropboxFile.next_at <= now, _is_free(now))


def _may_be_deleted(now: datetime) -> ColumnElement[bool]:
    """The time between two writes is none to wait for; the one after a refusal is."""
    return and_(or_(DropboxFile.problem.is_(None), DropboxFile.next_at <= now), _is_free(now))
