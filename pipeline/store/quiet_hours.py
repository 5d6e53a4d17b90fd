"""Quiet hours: when a chat gets no message that nobody asked for. Edits and answers come at any time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select, true, tuple_
from sqlalchemy.orm import Session

from pipeline.records import QuietHours
from pipeline.store.tables import Chat

DAY = timedelta(days=1)
HAS_QUIET_HOURS = Chat.__table__.c.quiet_start.is_not(None)


def not_before(session: Session, chat_id: int, now: datetime) -> datetime | None:
    """When the chat may next get a message that nobody asked for; None where it may now."""
    chat = session.get(Chat, chat_id)
    return ends_at(chat.quiet_hours, chat.time_zone, now) if chat else None


def are_over(session: Session, now: datetime) -> ColumnElement[bool]:
    """Whether a chat has no quiet hours that last now. Chats with the same hours and zone are examined once."""
    columns = Chat.__table__.c
    each = columns.quiet_start, columns.quiet_end, columns.time_zone
    hours = session.execute(select(*each).where(HAS_QUIET_HOURS).distinct()).all()
    lasting = [tuple(row) for row in hours if ends_at(QuietHours(row[0], row[1]), row[2], now)]
    return or_(~HAS_QUIET_HOURS, tuple_(*each).not_in(lasting)) if lasting else true()


def ends_at(hours: QuietHours | None, time_zone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that last now, by the clocks of the zone; None where they do not last now.

    Where the clocks are set back over the end, it is its later occurrence; where they skip it, an hour after the
    skipped time, as by the clocks before.
    """
    if hours is None:
        return None
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    for first_day in (today - DAY, today):
        last_day = first_day if hours.start < hours.end else first_day + DAY
        ends = max(_utc(last_day, hours.end, zone, fold) for fold in (0, 1))
        if _utc(first_day, hours.start, zone) <= now < ends:
            return ends
    return None


def _utc(day: date, at: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    return datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC)
