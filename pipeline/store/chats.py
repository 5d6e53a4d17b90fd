"""Chats, and which accounts each follows."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, delete, false, func, not_, select, update
from sqlalchemy.orm import Session

from pipeline.records import ChartSpec, Language, Theme
from pipeline.store import subscriptions
from pipeline.store.tables import Account, Chat, NoticeSent, Subscription, Tracking

NOT_ALLOWED = "not among the chats that are served"


def add(session: Session, chat_id: int, now: datetime, language: Language = Language.ENGLISH) -> Chat:
    """The chat, made known if it is new, with this language; one that was set aside is served again."""
    chat = session.get(Chat, chat_id)
    if chat is None:
        chat = Chat(id=chat_id, added_at=now, theme=Theme.LIGHT, language=language)
        session.add(chat)
        session.flush()
    chat.inactive_reason = chat.inactive_since = None
    return chat


def exists(session: Session, chat_id: int) -> bool:
    return session.get(Chat, chat_id) is not None


def default_spec(session: Session, chat_id: int) -> ChartSpec:
    """The look that the chat's charts have unless another is asked for."""
    chat = session.get(Chat, chat_id)
    return ChartSpec(theme=chat.theme, language=chat.language) if chat else ChartSpec()


def language(session: Session, chat_id: int) -> Language | None:
    """The language of a chat that is known."""
    return session.scalar(select(Chat.language).where(Chat.id == chat_id))


def set_preferences(
    session: Session, chat_id: int, *, theme: Theme | None = None, language: Language | None = None
) -> None:
    chat = session.get_one(Chat, chat_id)
    chat.theme, chat.language = theme or chat.theme, language or chat.language
    session.flush()


def count_active(session: Session) -> int:
    """How many chats are served; those that only chose their settings take no place."""
    return session.scalar(_counted()) or 0


def count_added_by(session: Session, person: int) -> int:
    """How many of them this person brought."""
    return session.scalar(_counted().where(Chat.added_by == person)) or 0


def _counted() -> Select[int]:
    tracking = Chat.id.in_(select(Tracking.chat_id))
    return select(func.count()).select_from(Chat).where(Chat.inactive_reason.is_(None), tracking)


def allow_only(session: Session, allowed: Collection[int], now: datetime) -> None:
    """Set aside the chats that the owner does not let in, or not any more, and serve those let in again."""
    outside = Chat.id.not_in(allowed) if allowed else false()
    let_in = update(Chat).where(Chat.inactive_reason == NOT_ALLOWED, not_(outside))
    session.execute(let_in.values(inactive_reason=None, inactive_since=None))
    left_out = update(Chat).where(Chat.inactive_reason.is_(None), outside)
    session.execute(left_out.values(inactive_reason=NOT_ALLOWED, inactive_since=now))


def list_tracked_accounts(session: Session, chat_id: int) -> Sequence[Account]:
    """The accounts that the chat follows, by handle; in one order, whatever the database's own is."""
    rows = session.scalars(select(Account).join(Tracking).where(Tracking.chat_id == chat_id))
    return sorted(rows, key=lambda account: account.handle.lower())


def track(session: Session, chat_id: int, account_ids: Iterable[int], now: datetime) -> None:
    for account_id in account_ids:
        session.merge(Tracking(chat_id=chat_id, account_id=account_id, added_at=now))
    session.flush()


def untrack(session: Session, chat_id: int, account_ids: Iterable[int]) -> None:
    session.execute(delete(Tracking).where(Tracking.chat_id == chat_id, Tracking.account_id.in_(account_ids)))


def deactivate(session: Session, chat_id: int, reason: str, now: datetime) -> None:
    """Stop serving a chat that cannot be written to; everything it has is kept for a while, until it is back."""
    served = update(Chat).where(Chat.id == chat_id, Chat.inactive_reason.is_(None))
    session.execute(served.values(inactive_reason=reason, inactive_since=now))


def is_inactive(session: Session, chat_id: int) -> bool:
    chat = session.get(Chat, chat_id)
    return chat is not None and chat.inactive_reason is not None


def reactivate(session: Session, chat_id: int, now: datetime) -> None:
    """The chat can be written to, or may be: what waited for that goes on."""
    chat = session.get(Chat, chat_id)
    if chat is not None and chat.inactive_reason != NOT_ALLOWED:
        add(session, chat_id, now)
    subscriptions.retry_problems(session, chat_id, now)


def migrate(session: Session, old: int, new: int, now: datetime) -> None:
    """A group became a supergroup: everything it has goes by the new id, and its live charts stand there anew."""
    was = session.get(Chat, old)
    if was is None or old == new:
        return
    add(session, new, now)
    if was.inactive_reason == NOT_ALLOWED:
        deactivate(session, new, NOT_ALLOWED, now)
    set_preferences(session, new, theme=was.theme, language=was.language)
    session.get_one(Chat, new).added_by = was.added_by
    subscriptions.move_to_chat(session, old, new)
    told = select(NoticeSent.notice_id).where(NoticeSent.chat_id == new)
    heard = (NoticeSent.chat_id == old, NoticeSent.notice_id.not_in(told))
    session.execute(update(NoticeSent).where(*heard).values(chat_id=new))
    track(session, new, [account.id for account in list_tracked_accounts(session, old)], now)
    delete_chat(session, old)


def delete_inactive(session: Session, before: datetime) -> int:
    """Forget the chats that were set aside before this moment and did not come back; returns how many."""
    gone = session.scalars(select(Chat.id).where(Chat.inactive_since < before)).all()
    for chat_id in gone:
        delete_chat(session, chat_id)
    return len(gone)


def delete_chat(session: Session, chat_id: int) -> None:
    """Delete all that is stored of a chat."""
    session.execute(delete(NoticeSent).where(NoticeSent.chat_id == chat_id))
    session.execute(delete(Subscription).where(Subscription.chat_id == chat_id))
    session.execute(delete(Tracking).where(Tracking.chat_id == chat_id))
    session.execute(delete(Chat).where(Chat.id == chat_id))
