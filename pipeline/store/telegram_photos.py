"""Charts that Telegram holds already, by their digest."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from pipeline.store.tables import TelegramPhoto

KEPT = timedelta(days=7)


def find(session: Session, chart: str) -> str | None:
    """The file_id of a chart uploaded before."""
    photo = session.get(TelegramPhoto, chart)
    return photo.file_id if photo else None


def save(session: Session, chart: str, file_id: str, now: datetime) -> None:
    session.execute(delete(TelegramPhoto).where(TelegramPhoto.added_at < now - KEPT))
    session.merge(TelegramPhoto(chart=chart, file_id=file_id, added_at=now))


def forget(session: Session, chart: str) -> None:
    """Telegram does not take this file_id any more."""
    photo = session.get(TelegramPhoto, chart)
    if photo is not None:
        session.delete(photo)
