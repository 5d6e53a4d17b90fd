"""Stops of a network, and what is told once to every subscribed chat and to the admins."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.records import Language, Text
from pipeline.store import chats
from pipeline.store.tables import Chat, Notice, NoticeSent, Stop, Subscription


def stop(session: Session, network: str, reason: Text, now: datetime, until: datetime) -> None:
    """Ask this network nothing until then."""
    row = session.get(Stop, network)
    if row is None:
        session.add(Stop(network=network, reason=reason, since=now, until=until))
    elif row.until < until:
        row.reason, row.until = reason, until
        row.since = row.since if row.until >= now else now
    session.flush()


def stopped(session: Session, network: str, now: datetime) -> Stop | None:
    row = session.get(Stop, network)
    return row if row and row.until > now else None


def tell(session: Session, key: str, text: Text, until: datetime) -> bool:
    """Have a text told once, until a moment; True where it is new."""
    if session.scalar(select(Notice.id).where(Notice.key == key)) is not None:
        return False
    session.add(Notice(key=key, text=text, until=until))
    session.flush()
    return True


def forget_past(session: Session, before: datetime) -> None:
    session.execute(delete(Notice).where(Notice.until < before))


def untold(session: Session, admins: Iterable[int], now: datetime) -> Sequence[tuple[int, int, Text, Language]]:
    """(notice, chat, text, the chat's language) for each subscribed chat and admin that was not told yet."""
    current = session.scalars(select(Notice).where(Notice.until > now).order_by(Notice.id)).all()
    if not current:
        return []
    sent = select(NoticeSent).where(NoticeSent.notice_id.in_([notice.id for notice in current]))
    told = {(each.notice_id, each.chat_id) for each in session.scalars(sent)}
    subscribed = select(Chat.id, Chat.language).where(
        Chat.set_aside.is_(None), Chat.id.in_(select(Subscription.chat_id))
    )
    listeners = {admin: chats.language(session, admin) or Language.ENGLISH for admin in admins}
    listeners |= dict(session.execute(subscribed).all())
    return [
        (notice.id, chat_id, notice.text, listeners[chat_id])
        for notice in current
        for chat_id in sorted(listeners)
        if (notice.id, chat_id) not in told
    ]


def mark_told(session: Session, notice_id: int, chat_id: int) -> None:
    session.add(NoticeSent(notice_id=notice_id, chat_id=chat_id))
    session.flush()


def unmark_told(session: Session, notice_id: int, chat_id: int) -> None:
    """It did not get there: it is told again."""
    session.execute(delete(NoticeSent).where(NoticeSent.notice_id == notice_id, NoticeSent.chat_id == chat_id))
