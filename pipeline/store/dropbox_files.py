"""Files in Dropbox: what each should hold, what it holds, and when it may be written next."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import Text
from pipeline.store.tables import DropboxFile


def want(session: Session, path: str, digest: str, comparison_id: int | None, now: datetime) -> str | None:
    """The file should hold this content; returns what it should have held before.

    No other is written for its comparison any more: that had the former names of its accounts.
    """
    if comparison_id is not None:
        former = (DropboxFile.comparison_id == comparison_id, DropboxFile.path != path)
        session.execute(delete(DropboxFile).where(*former))
    file = session.get(DropboxFile, path)
    before = file.wanted if file else None
    if file is None:
        session.add(DropboxFile(path=path, comparison_id=comparison_id, wanted=digest, next_at=now))
    else:
        file.wanted = digest
    session.flush()
    return before


def due(session: Session, now: datetime) -> Sequence[str]:
    """The paths whose content is behind and that may be written now."""
    return session.scalars(
        select(DropboxFile.path).where(_behind(), DropboxFile.next_at <= now).order_by(DropboxFile.next_at)
    ).all()


def claim(session: Session, path: str, now: datetime, next_at: datetime) -> DropboxFile | None:
    """Take the right to write the file; nobody else gets it before next_at, should the writer be lost by then.

    None: nothing to do, or not yet.
    """
    return session.scalar(
        update(DropboxFile)
        .where(DropboxFile.path == path, _behind(), DropboxFile.next_at <= now)
        .values(next_at=next_at)
        .returning(DropboxFile)
    )


def mark_uploaded(session: Session, path: str, digest: str, next_at: datetime) -> None:
    """The file holds this content; it is not written again before next_at."""
    session.execute(
        update(DropboxFile).where(DropboxFile.path == path).values(uploaded=digest, next_at=next_at, problem=None)
    )


def postpone(session: Session, path: str, until: datetime, problem: Text | None) -> None:
    session.execute(update(DropboxFile).where(DropboxFile.path == path).values(next_at=until, problem=problem))


def problem(session: Session) -> Text | None:
    """Why some file could not be written, where that is so."""
    return session.scalar(select(DropboxFile.problem).where(DropboxFile.problem.is_not(None)).limit(1))


def _behind() -> ColumnElement[bool]:
    return or_(DropboxFile.uploaded.is_(None), DropboxFile.uploaded != DropboxFile.wanted)
