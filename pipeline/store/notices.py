"""Stops of a service, and what is told once to every subscribed chat and to the admins."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pipeline.records import Language, LazyString
from pipeline.store import chats
from pipeline.store.tables import Chat, Notice, NoticeSent, Stop, Subscription

BUDGET = "budget "
"""How the keys of what is told of the budget begin."""


def stop(session: Session, service: str, reason: LazyString, now: datetime, until: datetime) -> Stop:
    """Ask this service nothing until then. It goes on from when it began, until the service answers again."""
    row = session.get(Stop, service)
    if row is None:
        row = Stop(network=service, reason=reason, since=now, until=until)
        session.add(row)
    elif row.until < until:
        row.reason, row.until = reason, until
    session.flush()
    return row


def found(session: Session, service: str) -> Stop | None:
    """The service's stop, also where its moment has come and the service has not answered since."""
    return session.get(Stop, service)


def stopped(session: Session, service: str, now: datetime) -> Stop | None:
    row = found(session, service)
    return row if row and row.until > now else None


def any_stop(session: Session) -> bool:
    return session.scalar(select(Stop.network).limit(1)) is not None


def lift(session: Session, now: datetime, service: str | None = None) -> None:
    """Let the service, or every one, be asked again now, whatever it said."""
    these = [Stop.until > now] if service is None else [Stop.until > now, Stop.network == service]
    session.execute(update(Stop).where(*these).values(until=now))


def resume(session: Session, service: str, now: datetime) -> None:
    """The service answered after its stop: that is over, and nobody need hear of it any more."""
    over = session.execute(delete(Stop).where(Stop.network == service, Stop.until <= now).returning(Stop.network))
    if over.first() is not None:
        end(session, _key(service), now)


def end(session: Session, keys: str, now: datetime) -> None:
    """Whoever was not told yet by the notices whose keys begin so need not be."""
    session.execute(update(Notice).where(Notice.key.startswith(keys), Notice.until > now).values(until=now))


def tell_of_stop(session: Session, stop: Stop, text: LazyString, *, admins_only: bool = False) -> None:
    """Have a stop told, but the same one only once a UTC day, however often it begins."""
    key = f"{_key(stop.network)}{stop.reason.msgid} on {stop.since:%Y-%m-%d}"
    tell(session, key, text, stop.until, admins_only=admins_only)


def _key(service: str) -> str:
    return f"stop {service} "


def tell(session: Session, key: str, text: LazyString, until: datetime, *, admins_only: bool = False) -> None:
    """Have a text told once to each, until a moment; told again, it goes to those who have not heard it yet."""
    notice = session.scalar(select(Notice).where(Notice.key == key))
    if notice is None:
        session.add(Notice(key=key, text=text, until=until, admins_only=admins_only))
    else:
        notice.text, notice.until = text, until
    session.flush()


def forget_past(session: Session, before: datetime) -> None:
    session.execute(delete(Notice).where(Notice.until < before))


def untold(session: Session, admins: Iterable[int], now: datetime) -> Sequence[tuple[int, int, LazyString, Language]]:
    """(notice, chat, text, the chat's language) for each subscribed chat and admin that is to be told and was not."""
    current = session.scalars(select(Notice).where(Notice.until > now).order_by(Notice.id)).all()
    if not current:
        return []
    sent = select(NoticeSent).where(NoticeSent.notice_id.in_([notice.id for notice in current]))
    told = {(each.notice_id, each.chat_id) for each in session.scalars(sent)}
    subscribed = select(Chat.id, Chat.language).where(
        Chat.set_aside.is_(None), Chat.id.in_(select(Subscription.chat_id))
    )
    owners = {admin: chats.language(session, admin) or Language.ENGLISH for admin in admins}
    everyone = owners | dict(session.execute(subscribed).all())
    return [
        (notice.id, chat_id, notice.text, everyone[chat_id])
        for notice in current
        for chat_id in sorted(owners if notice.admins_only else everyone)
        if (notice.id, chat_id) not in told
    ]


def mark_told(session: Session, notice_id: int, chat_id: int) -> None:
    session.add(NoticeSent(notice_id=notice_id, chat_id=chat_id))
    session.flush()


def unmark_told(session: Session, notice_id: int, chat_id: int) -> None:
    """It did not get there: it is told again."""
    session.execute(delete(NoticeSent).where(NoticeSent.notice_id == notice_id, NoticeSent.chat_id == chat_id))
