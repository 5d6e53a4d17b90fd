"""Charts that Telegram holds, by their digest: each is uploaded once."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.store.tables import Comparison, TelegramPhoto

RETENTION = timedelta(minutes=10)
"""How long the file_id of a replaced chart is kept, for those who switch back and forth between views."""


def find_file_id(session: Session, chart_digest: str) -> str | None:
    """The file_id of a chart that was uploaded before, else None."""
    photo = session.get(TelegramPhoto, chart_digest)
    return photo.file_id if photo else None


def save(session: Session, chart_digest: str, file_id: str, now: datetime) -> None:
    """Remember an uploaded chart, and delete the old ones that no comparison has any more."""
    current = select(Comparison.chart_digest).where(Comparison.chart_digest.is_not(None))
    is_old = TelegramPhoto.added_at < now - RETENTION
    session.execute(delete(TelegramPhoto).where(is_old, TelegramPhoto.chart_digest.not_in(current)))
    session.merge(TelegramPhoto(chart_digest=chart_digest, file_id=file_id, added_at=now))


def delete_file_id(session: Session, chart_digest: str, file_id: str) -> None:
    """Telegram accepts this file_id no longer. One that the chart got meanwhile stays."""
    same = TelegramPhoto.chart_digest == chart_digest, TelegramPhoto.file_id == file_id
    session.execute(delete(TelegramPhoto).where(*same))
