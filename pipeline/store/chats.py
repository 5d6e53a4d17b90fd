"""Chats, their preferences, and which accounts each tracks."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, delete, false, func, not_, select, update
from sqlalchemy.orm import Session

from pipeline.records import ChartSpec, Language, Theme
from pipeline.store import subscriptions
from pipeline.store.tables import Account, Chat, NoticeSent, Subscription, Tracking

NOT_ALLOWED = "not among the chats that are served"
"""The inactive_reason of chats outside ALLOWED_CHATS."""


def add(session: Session, chat_id: int, now: datetime, language: Language = Language.ENGLISH) -> Chat:
    """The chat, active; created with this language if it is new."""
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
    """The spec of a chart that is requested without options: with the chat's theme and language."""
    chat = session.get(Chat, chat_id)
    return ChartSpec(theme=chat.theme, language=chat.language) if chat else ChartSpec()


def language(session: Session, chat_id: int) -> Language | None:
    """The chat's language; None if the chat is not stored."""
    return session.scalar(select(Chat.language).where(Chat.id == chat_id))


def set_preferences(
    session: Session, chat_id: int, *, theme: Theme | None = None, language: Language | None = None
) -> None:
    """None leaves a preference as it is. Raises NoResultFound if the chat is not stored."""
    chat = session.get_one(Chat, chat_id)
    chat.theme, chat.language = theme or chat.theme, language or chat.language
    session.flush()


def count_active(session: Session) -> int:
    """How many active chats track an account."""
    return session.scalar(_count_active()) or 0


def count_added_by(session: Session, user_id: int) -> int:
    """How many of the active chats with a tracked account this user added."""
    return session.scalar(_count_active().where(Chat.added_by == user_id)) or 0


def _count_active() -> Select[int]:
    is_tracking = Chat.id.in_(select(Tracking.chat_id))
    return select(func.count()).select_from(Chat).where(Chat.inactive_reason.is_(None), is_tracking)


def allow_only(session: Session, allowed: Collection[int], now: datetime) -> None:
    """Deactivate the chats that are not among these ids, and reactivate those among them; empty: all are allowed."""
    is_outside = Chat.id.not_in(allowed) if allowed else false()
    let_in = update(Chat).where(Chat.inactive_reason == NOT_ALLOWED, not_(is_outside))
    session.execute(let_in.values(inactive_reason=None, inactive_since=None))
    left_out = update(Chat).where(Chat.inactive_reason.is_(None), is_outside)
    session.execute(left_out.values(inactive_reason=NOT_ALLOWED, inactive_since=now))


def list_tracked_accounts(session: Session, chat_id: int) -> Sequence[Account]:
    """The accounts that the chat tracks, by handle; sorted here, since databases sort letters differently."""
    rows = session.scalars(select(Account).join(Tracking).where(Tracking.chat_id == chat_id))
    return sorted(rows, key=lambda account: account.handle.lower())


def track(session: Session, chat_id: int, account_ids: Iterable[int], now: datetime) -> None:
    for account_id in account_ids:
        session.merge(Tracking(chat_id=chat_id, account_id=account_id, added_at=now))
    session.flush()


def untrack(session: Session, chat_id: int, account_ids: Iterable[int]) -> None:
    session.execute(delete(Tracking).where(Tracking.chat_id == chat_id, Tracking.account_id.in_(account_ids)))


def deactivate(session: Session, chat_id: int, reason: str, now: datetime) -> None:
    """Stop serving a chat that cannot be written to. Its data is kept for a while in case it comes back."""
    active = update(Chat).where(Chat.id == chat_id, Chat.inactive_reason.is_(None))
    session.execute(active.values(inactive_reason=reason, inactive_since=now))


def is_inactive(session: Session, chat_id: int) -> bool:
    """False for a chat that is not stored."""
    chat = session.get(Chat, chat_id)
    return chat is not None and chat.inactive_reason is not None


def reactivate(session: Session, chat_id: int, now: datetime) -> None:
    """The chat can be written to again: its failed deliveries are due. A chat that is not allowed stays inactive."""
    chat = session.get(Chat, chat_id)
    if chat is not None and chat.inactive_reason != NOT_ALLOWED:
        add(session, chat_id, now)
    subscriptions.retry_problems(session, chat_id, now)


def migrate(session: Session, old: int, new: int, now: datetime) -> None:
    """A group became a supergroup with a new id: move everything to that id. Live charts are sent there anew."""
    chat = session.get(Chat, old)
    if chat is None or old == new:
        return
    add(session, new, now)
    if chat.inactive_reason == NOT_ALLOWED:
        deactivate(session, new, NOT_ALLOWED, now)
    set_preferences(session, new, theme=chat.theme, language=chat.language)
    session.get_one(Chat, new).added_by = chat.added_by
    subscriptions.move_to_chat(session, old, new)
    sent_to_new = select(NoticeSent.notice_id).where(NoticeSent.chat_id == new)
    to_move = (NoticeSent.chat_id == old, NoticeSent.notice_id.not_in(sent_to_new))
    session.execute(update(NoticeSent).where(*to_move).values(chat_id=new))
    track(session, new, [account.id for account in list_tracked_accounts(session, old)], now)
    delete_chat(session, old)


def delete_inactive(session: Session, before: datetime) -> int:
    """Delete the chats that became inactive before then; returns how many."""
    chat_ids = session.scalars(select(Chat.id).where(Chat.inactive_since < before)).all()
    for chat_id in chat_ids:
        delete_chat(session, chat_id)
    return len(chat_ids)


def delete_chat(session: Session, chat_id: int) -> None:
    """Delete all that is stored of a chat."""
    session.execute(delete(NoticeSent).where(NoticeSent.chat_id == chat_id))
    session.execute(delete(Subscription).where(Subscription.chat_id == chat_id))
    session.execute(delete(Tracking).where(Tracking.chat_id == chat_id))
    session.execute(delete(Chat).where(Chat.id == chat_id))
