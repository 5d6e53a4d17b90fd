"""Charts that Telegram holds already, by their digest."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.store.tables import Comparison, TelegramPhoto

RETENTION = timedelta(minutes=10)
"""After a newer chart took its place, for whoever switches back and forth between views."""


def find_file_id(session: Session, chart_digest: str) -> str | None:
    """The file_id of a chart uploaded before."""
    photo = session.get(TelegramPhoto, chart_digest)
    return photo.file_id if photo else None


def save(session: Session, chart_digest: str, file_id: str, now: datetime) -> None:
    shown = select(Comparison.chart_digest).where(Comparison.chart_digest.is_not(None))
    old = TelegramPhoto.added_at < now - RETENTION
    session.execute(delete(TelegramPhoto).where(old, TelegramPhoto.chart_digest.not_in(shown)))
    session.merge(TelegramPhoto(chart_digest=chart_digest, file_id=file_id, added_at=now))


def delete_file_id(session: Session, chart_digest: str, file_id: str) -> None:
    """Telegram does not take this file_id any more; one that the chart has got since stays."""
    session.execute(
        delete(TelegramPhoto).where(TelegramPhoto.chart_digest == chart_digest, TelegramPhoto.file_id == file_id)
    )
