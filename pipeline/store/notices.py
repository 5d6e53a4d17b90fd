"""Notices: texts that every subscribed chat and every admin is sent once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pipeline.records import Language, LazyString
from pipeline.store import chats
from pipeline.store.tables import Chat, Notice, NoticeSent, Subscription

BUDGET_KEY_PREFIX = "budget "


def publish(session: Session, key: str, text: LazyString, expires_at: datetime, *, admins_only: bool = False) -> None:
    """Have the text sent once to each recipient until it expires. A notice with the key gets the new text and time."""
    notice = session.scalar(select(Notice).where(Notice.key == key))
    if notice is None:
        session.add(Notice(key=key, text=text, expires_at=expires_at, admins_only=admins_only))
    else:
        notice.text, notice.expires_at = text, expires_at
    session.flush()


def expire(session: Session, key_prefix: str, now: datetime) -> None:
    """Send the notices whose keys begin so to nobody else."""
    current = update(Notice).where(Notice.key.startswith(key_prefix), Notice.expires_at > now)
    session.execute(current.values(expires_at=now))


def delete_expired(session: Session, before: datetime) -> None:
    session.execute(delete(Notice).where(Notice.expires_at < before))


def list_unsent(
    session: Session, admins: Iterable[int], now: datetime
) -> Sequence[tuple[int, int, LazyString, Language]]:
    """(notice id, chat id, text, the chat's language) of each delivery that is to be made.

    admins: ids of users, which are those of their private chats too.
    """
    current = session.scalars(select(Notice).where(Notice.expires_at > now).order_by(Notice.id)).all()
    if not current:
        return []
    sent = select(NoticeSent).where(NoticeSent.notice_id.in_([notice.id for notice in current]))
    done = {(each.notice_id, each.chat_id) for each in session.scalars(sent)}
    subscribed = select(Chat.id, Chat.language).where(
        Chat.inactive_reason.is_(None), Chat.id.in_(select(Subscription.chat_id))
    )
    to_admins = {admin: chats.language(session, admin) or Language.ENGLISH for admin in admins}
    to_all = to_admins | dict(session.execute(subscribed).all())
    return [
        (notice.id, chat_id, notice.text, to_all[chat_id])
        for notice in current
        for chat_id in sorted(to_admins if notice.admins_only else to_all)
        if (notice.id, chat_id) not in done
    ]


def mark_sent(session: Session, notice_id: int, chat_id: int) -> None:
    session.add(NoticeSent(notice_id=notice_id, chat_id=chat_id))
    session.flush()


def unmark_sent(session: Session, notice_id: int, chat_id: int) -> None:
    """The notice did not arrive: it is to be sent again."""
    session.execute(delete(NoticeSent).where(NoticeSent.notice_id == notice_id, NoticeSent.chat_id == chat_id))
