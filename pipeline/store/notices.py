"""Notices: texts that every subscribed chat that they concern, and every admin, is sent once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipeline.records import ChatLocale, LazyString, Mode
from pipeline.store import chats, quiet_hours
from pipeline.store.tables import Account, Chat, Notice, NoticeSent, Subscription, Tracking

BUDGET_KEY_PREFIX = "budget "
BATCH = 1000
"""How many deliveries are listed at once: more than Telegram takes until the next look."""

Unsent = dict[tuple[int, int], tuple[LazyString, ChatLocale]]
"""The text and the chat's locale, by the ids of the notice and of the chat."""


class Thread(NamedTuple):
    """Where in a chat a notice goes: as a reply to which message, in which topic."""

    message_id: int | None = None
    thread_id: int | None = None


def publish(  # noqa: PLR0913 all that a notice is made of
    session: Session,
    key: str,
    text: LazyString,
    expires_at: datetime,
    *,
    admins_only: bool = False,
    network: str | None = None,
    chat_id: int | None = None,
    subscription_id: int | None = None,
) -> None:
    """Have the text sent once to each recipient until it expires. A notice with the key gets the new text and time.

    network: by its key, where it concerns only the chats that track accounts of that network. chat_id: of the one chat
    that it is for. subscription_id: of the live message that it is a reply to.
    """
    notice = session.scalar(select(Notice).where(Notice.key == key))
    if notice is None:
        audience = {"admins_only": admins_only, "network": network, "chat_id": chat_id}
        session.add(Notice(key=key, text=text, expires_at=expires_at, subscription_id=subscription_id, **audience))
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
) -> Sequence[tuple[int, int, LazyString, ChatLocale]]:
    """(notice id, chat id, text, the chat's language and time zone) of the next deliveries that are to be made now.

    admins: ids of users, which are those of their private chats too. Chats in their quiet hours get it afterwards, if
    it has not expired by then.
    """
    to_many = session.scalars(select(Notice).where(Notice.expires_at > now, Notice.chat_id.is_(None))).all()
    may_be_sent = Chat.inactive_reason.is_(None), quiet_hours.are_over(session, now)
    unsent = _unsent_to_one(session, Notice.expires_at > now, *may_be_sent)
    for notice in to_many:
        unsent |= {
            (notice.id, chat_id): (notice.text, locale) for chat_id, locale in _admins(session, notice, admins, now)
        }
        if not notice.admins_only:
            unsent |= _unsent_to_many(session, notice, *may_be_sent)
    return [(*key, *unsent[key]) for key in sorted(unsent)[:BATCH]]


def _unsent_to_one(session: Session, *which: ColumnElement[bool]) -> Unsent:
    """Notices that are for one chat each."""
    rows = session.execute(
        select(Notice, Chat.id, Chat.language, Chat.time_zone)
        .join(Chat, Chat.id == Notice.chat_id)
        .where(*which, ~_is_sent(Notice.id))
        .limit(BATCH)  # in any order: by id, SQLite would read those of all times
    )
    return {(notice.id, chat_id): (notice.text, ChatLocale(language, zone)) for notice, chat_id, language, zone in rows}


def _unsent_to_many(session: Session, notice: Notice, *which: ColumnElement[bool]) -> Unsent:
    """The notice to the chats with a subscription; with a network, to those of them that track accounts of it."""
    concerned = [exists().where(Subscription.chat_id == Chat.id)]
    if notice.network is not None:
        tracked = Tracking.chat_id == Chat.id, Account.id == Tracking.account_id, Account.network == notice.network
        concerned.append(exists().where(*tracked))
    chat = select(Chat.id, Chat.language, Chat.time_zone).where(*which, *concerned, ~_is_sent(notice.id))
    rows = session.execute(chat.order_by(Chat.id).limit(BATCH))
    return {(notice.id, chat_id): (notice.text, ChatLocale(language, zone)) for chat_id, language, zone in rows}


def _is_sent(notice_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Looked for by the key: of an EXISTS, PostgreSQL would make a join with all that were sent."""
    same = NoticeSent.notice_id == notice_id, NoticeSent.chat_id == Chat.id
    return select(NoticeSent.chat_id).where(*same).limit(1).correlate(Chat, Notice).scalar_subquery().is_not(None)


def _admins(session: Session, notice: Notice, admins: Iterable[int], now: datetime) -> Iterator[tuple[int, ChatLocale]]:
    """The admins whom the notice is to be sent, with their locales."""
    for admin in admins:
        is_sent = session.get(NoticeSent, (notice.id, admin)) is not None
        if not is_sent and quiet_hours.not_before(session, admin, now) is None:
            yield admin, chats.locale(session, admin) or ChatLocale()


def find_thread(session: Session, notice_id: int, chat_id: int) -> Thread:
    """The live message that the notice is a reply to in this chat, and its topic, where they are still there."""
    notice = session.get(Notice, notice_id)
    shown = notice and notice.subscription_id and session.get(Subscription, notice.subscription_id)
    if not shown or shown.chat_id != chat_id or shown.mode is not Mode.LIVE:
        return Thread()
    return Thread(shown.message_id, shown.thread_id)


def mark_sent(session: Session, notice_id: int, chat_id: int) -> None:
    session.add(NoticeSent(notice_id=notice_id, chat_id=chat_id))
    session.flush()


def unmark_sent(session: Session, notice_id: int, chat_id: int) -> None:
    """The notice did not arrive: it is to be sent again."""
    session.execute(delete(NoticeSent).where(NoticeSent.notice_id == notice_id, NoticeSent.chat_id == chat_id))
