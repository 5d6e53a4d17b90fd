"""Notices: texts that every subscribed chat that they concern, and every admin, is sent once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pipeline.records import ChatLocale, LazyString, Mode
from pipeline.store import chats, quiet_hours
from pipeline.store.tables import Account, Chat, Notice, NoticeSent, Subscription, Tracking

BUDGET_KEY_PREFIX = "budget "


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
    """(notice id, chat id, text, the chat's language and time zone) of each delivery that is to be made now.

    admins: ids of users, which are those of their private chats too. Chats in their quiet hours get it afterwards, if
    it has not expired by then.
    """
    current = session.scalars(select(Notice).where(Notice.expires_at > now).order_by(Notice.id)).all()
    if not current:
        return []
    sent = select(NoticeSent).where(NoticeSent.notice_id.in_([notice.id for notice in current]))
    done = {(each.notice_id, each.chat_id) for each in session.scalars(sent)}
    to_admins = {admin: chats.locale(session, admin) or ChatLocale() for admin in admins}
    quiet = quiet_hours.list_chats(session, now)
    recipients = {notice.id: _recipients(session, notice, to_admins) for notice in current}
    return [
        (notice.id, chat_id, notice.text, locale)
        for notice in current
        for chat_id, locale in sorted(recipients[notice.id].items())
        if (notice.id, chat_id) not in done and chat_id not in quiet
    ]


def _recipients(session: Session, notice: Notice, to_admins: dict[int, ChatLocale]) -> dict[int, ChatLocale]:
    """The locales of the chats that the notice is for, by id."""
    if notice.admins_only:
        return to_admins
    if notice.chat_id is not None:
        chat = session.get(Chat, notice.chat_id)
        return (
            {chat.id: ChatLocale(chat.language, chat.time_zone)}
            if chat is not None and chat.inactive_reason is None
            else {}
        )
    return to_admins | _concerned_chats(session, notice.network)


def _concerned_chats(session: Session, network: str | None) -> dict[int, ChatLocale]:
    """The locales of the active chats with a subscription, by id; with a network, of those that track accounts of it.

    A network is given by its key.
    """
    subscribed = Chat.inactive_reason.is_(None), Chat.id.in_(select(Subscription.chat_id))
    tracking = select(Tracking.chat_id).join(Account).where(Account.network == network)
    which = () if network is None else (Chat.id.in_(tracking),)
    rows = session.execute(select(Chat.id, Chat.language, Chat.time_zone).where(*subscribed, *which))
    return {chat_id: ChatLocale(language, time_zone) for chat_id, language, time_zone in rows}


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
