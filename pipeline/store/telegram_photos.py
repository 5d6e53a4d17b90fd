"""Charts that Telegram holds, by their digest: each is uploaded once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import ChartSpec, Handle
from pipeline.store import accounts
from pipeline.store.tables import Comparison, ComparisonAccount, TelegramPhoto

RETENTION = timedelta(minutes=10)
"""How long the file_id of a replaced chart is kept, for those who switch back and forth between views."""

EXAMINED = 10
"""How many old ones are examined whenever a chart is uploaded: so many that they do not pile up."""


class ShownChart(NamedTuple):
    """A chart that Telegram holds. as_of: when its data was fetched."""

    comparison_id: int
    spec: ChartSpec
    caption: str
    as_of: datetime
    file_id: str


def list_shown(session: Session, handles: Collection[Handle]) -> Sequence[ShownChart]:
    """The newest chart of each comparison of exactly these accounts; none where a chat tracks not all of them."""
    ids = {account.id for account in accounts.find_tracked(session, handles)}
    if not ids or len(ids) < len(handles):
        return []
    with_one = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id == min(ids))
    members = func.count().filter(ComparisonAccount.account_id.in_(ids))
    of_these = (
        select(ComparisonAccount.comparison_id)
        .where(ComparisonAccount.comparison_id.in_(with_one))
        .group_by(ComparisonAccount.comparison_id)
        .having(func.count() == len(ids), members == len(ids))
    )
    rows = session.execute(
        select(Comparison, TelegramPhoto.file_id)
        .join(TelegramPhoto, TelegramPhoto.chart_digest == Comparison.chart_digest)
        .where(Comparison.id.in_(of_these))
    )
    return [
        ShownChart(row.id, row.spec, row.caption, row.as_of, file_id)
        for row, file_id in rows
        if row.caption is not None and row.as_of is not None
    ]


def find_file_id(session: Session, chart_digest: str) -> str | None:
    """The file_id of a chart that was uploaded before, else None."""
    photo = session.get(TelegramPhoto, chart_digest)
    return photo.file_id if photo else None


def save(session: Session, chart_digest: str, file_id: str, now: datetime) -> None:
    """Remember an uploaded chart. Of the old ones some are examined: those that no comparison has any more are deleted.

    The others are examined again once they are old again.
    """
    old = select(TelegramPhoto.chart_digest).where(TelegramPhoto.added_at < now - RETENTION)
    examined = set(session.scalars(old.order_by(TelegramPhoto.added_at).limit(EXAMINED)))
    current = set(session.scalars(select(Comparison.chart_digest).where(Comparison.chart_digest.in_(examined))))
    is_current = TelegramPhoto.chart_digest.in_(current)
    session.execute(update(TelegramPhoto).where(is_current).values(added_at=now))
    session.execute(delete(TelegramPhoto).where(TelegramPhoto.chart_digest.in_(examined - current)))
    session.merge(TelegramPhoto(chart_digest=chart_digest, file_id=file_id, added_at=now))


def delete_file_id(session: Session, chart_digest: str, file_id: str) -> None:
    """Telegram accepts this file_id no longer. One that the chart got meanwhile stays."""
    same = TelegramPhoto.chart_digest == chart_digest, TelegramPhoto.file_id == file_id
    session.execute(delete(TelegramPhoto).where(*same))
