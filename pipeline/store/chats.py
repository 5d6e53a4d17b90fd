"""Chats, their preferences, and which accounts each tracks."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, Update, delete, false, func, not_, select, update
from sqlalchemy.orm import Session

from pipeline.records import ChartSpec, ChatLocale, Language, QuietHours, Theme
from pipeline.store import subscriptions
from pipeline.store.tables import Account, Alert, Chat, GroupMember, Notice, NoticeSent, Opening, Subscription, Tracking

NOT_ALLOWED = "not among the chats that are served"
"""The inactive_reason of chats outside ALLOWED_CHATS."""


def add(session: Session, chat_id: int, now: datetime, language: Language = Language.ENGLISH) -> Chat:
    """The chat, active; created with this language if it is new."""
    chat = session.get(Chat, chat_id)
    if chat is None:
        chat = Chat(id=chat_id, added_at=now, theme=Theme.LIGHT, language=language)
        session.add(chat)
        session.flush()
    if chat.inactive_reason is not None:
        chat.inactive_reason = chat.inactive_since = None
        session.flush()
        subscriptions.hand_out(session, Subscription.chat_id == chat_id)
    return chat


def begin(session: Session, chat_id: int, now: datetime, language: Language) -> bool:
    """Store a chat that is not stored yet, with this language. False where it is."""
    if exists(session, chat_id):
        return False
    add(session, chat_id, now, language)
    return True


def exists(session: Session, chat_id: int) -> bool:
    return session.get(Chat, chat_id) is not None


def default_spec(session: Session, chat_id: int) -> ChartSpec:
    """The spec of a chart that is requested without options: with the chat's theme, language and time zone."""
    chat = session.get(Chat, chat_id)
    return ChartSpec(theme=chat.theme, language=chat.language, time_zone=chat.time_zone) if chat else ChartSpec()


def locale(session: Session, chat_id: int) -> ChatLocale | None:
    """The chat's language and time zone; None if the chat is not stored."""
    row = session.execute(select(Chat.language, Chat.time_zone).where(Chat.id == chat_id)).one_or_none()
    return ChatLocale(*row) if row else None


def set_preferences(
    session: Session,
    chat_id: int,
    *,
    theme: Theme | None = None,
    language: Language | None = None,
    time_zone: str | None = None,
) -> None:
    """None leaves a preference as it is. Raises NoResultFound if the chat is not stored."""
    chat = session.get_one(Chat, chat_id)
    chat.theme, chat.language = theme or chat.theme, language or chat.language
    chat.time_zone = time_zone or chat.time_zone
    session.flush()


def quiet_hours(session: Session, chat_id: int) -> QuietHours | None:
    """The chat's quiet hours; None for none."""
    chat = session.get(Chat, chat_id)
    return chat.quiet_hours if chat else None


def set_quiet_hours(
    session: Session, chat_id: int, hours: QuietHours | None, *, language: Language, now: datetime
) -> None:
    """What waits for the end of the former ones is due now, unless the new ones last.

    language: of a chat that is not stored yet.
    """
    add(session, chat_id, now, language).quiet_hours = hours
    session.flush()
    subscriptions.release_held(session, chat_id, now)


def is_silent(session: Session, chat_id: int) -> bool:
    """Whether messages that nobody just asked for come without a sound; False for a chat that is not stored."""
    chat = session.get(Chat, chat_id)
    return chat is not None and chat.silent


def set_silent(session: Session, chat_id: int, *, silent: bool, language: Language, now: datetime) -> None:
    """language: of a chat that is not stored yet."""
    add(session, chat_id, now, language).silent = silent
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
    changed = _change(session, let_in.values(inactive_reason=None, inactive_since=None))
    left_out = update(Chat).where(Chat.inactive_reason.is_(None), is_outside)
    changed += _change(session, left_out.values(inactive_reason=NOT_ALLOWED, inactive_since=now))
    if changed:
        subscriptions.hand_out(session, Subscription.chat_id.in_(changed))


def _change(session: Session, chats: Update) -> list[int]:
    """Change these chats; returns their ids."""
    return list(session.scalars(chats.returning(Chat.id).execution_options(synchronize_session=False)))


def list_tracked_accounts(session: Session, chat_id: int) -> Sequence[Account]:
    """The accounts that the chat tracks, by handle; sorted here, since databases sort letters differently."""
    rows = session.scalars(select(Account).join(Tracking).where(Tracking.chat_id == chat_id))
    return sorted(rows, key=lambda account: account.handle.lower())


def track(session: Session, chat_id: int, account_ids: Iterable[int], now: datetime) -> None:
    for account_id in account_ids:
        session.merge(Tracking(chat_id=chat_id, account_id=account_id, added_at=now))
    session.flush()


def untrack(session: Session, chat_id: int, account_ids: Collection[int]) -> None:
    """What was spent on accounts that no other chat tracks remains this chat's: it gets no new share of the money."""
    others = select(Tracking.account_id).where(Tracking.account_id.in_(account_ids), Tracking.chat_id != chat_id)
    alone = Opening.account_id.in_(account_ids), Opening.account_id.not_in(others), Opening.chat_id.is_(None)
    session.execute(update(Opening).where(*alone).values(chat_id=chat_id))
    session.execute(delete(Tracking).where(Tracking.chat_id == chat_id, Tracking.account_id.in_(account_ids)))


def deactivate(session: Session, chat_id: int, reason: str, now: datetime) -> None:
    """Stop serving a chat that cannot be written to. Its data is kept for a while in case it comes back."""
    active = update(Chat).where(Chat.id == chat_id, Chat.inactive_reason.is_(None))
    if _change(session, active.values(inactive_reason=reason, inactive_since=now)):
        subscriptions.hand_out(session, Subscription.chat_id == chat_id)


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
    set_preferences(session, new, theme=chat.theme, language=chat.language, time_zone=chat.time_zone)
    moved = session.get_one(Chat, new)
    moved.added_by, moved.quiet_hours, moved.alerts = chat.added_by, chat.quiet_hours, chat.alerts
    moved.silent = chat.silent
    subscriptions.move_to_chat(session, old, new)
    alerts_of_new = select(Alert.key).where(Alert.chat_id == new)
    alerts_to_move = (Alert.chat_id == old, Alert.key.not_in(alerts_of_new))
    session.execute(update(Alert).where(*alerts_to_move).values(chat_id=new))
    sent_to_new = select(NoticeSent.notice_id).where(NoticeSent.chat_id == new)
    to_move = (NoticeSent.chat_id == old, NoticeSent.notice_id.not_in(sent_to_new))
    session.execute(update(NoticeSent).where(*to_move).values(chat_id=new))
    session.execute(update(Notice).where(Notice.chat_id == old).values(chat_id=new))
    session.execute(update(Opening).where(Opening.chat_id == old).values(chat_id=new))
    track(session, new, [account.id for account in list_tracked_accounts(session, old)], now)
    groups_of_new = select(GroupMember.name).where(GroupMember.chat_id == new)
    members_to_move = (GroupMember.chat_id == old, GroupMember.name.not_in(groups_of_new))
    session.execute(update(GroupMember).where(*members_to_move).values(chat_id=new))
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
    session.execute(delete(Notice).where(Notice.chat_id == chat_id))
    session.execute(update(Opening).where(Opening.chat_id == chat_id).values(chat_id=None))
    session.execute(delete(Subscription).where(Subscription.chat_id == chat_id))
    session.execute(delete(Alert).where(Alert.chat_id == chat_id))
    session.execute(delete(GroupMember).where(GroupMember.chat_id == chat_id))
    session.execute(delete(Tracking).where(Tracking.chat_id == chat_id))
    session.execute(delete(Chat).where(Chat.id == chat_id))
