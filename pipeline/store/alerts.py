"""Alerts: who is sent which kinds, of what, and how many a day. Nobody is alerted of the same thing twice."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pipeline.records import AlertKind, LazyString, Metric, Mode
from pipeline.store import notices
from pipeline.store.tables import Alert, Chat, Comparison, ComparisonAccount, Subscription, Tracking

DAY = timedelta(days=1)
MOST_A_DAY = 3
"""Alerts that a chat is sent in 24 hours. What is over is not told later: it would be no news then."""
SENT_WITHIN = timedelta(hours=12)
"""How long it is tried to send an alert."""
IS_LISTENING = Chat.alerts.is_not(None), Chat.inactive_reason.is_(None)


class Listener(NamedTuple):
    """A chat that is sent alerts of an account.

    metric: what its live chart of the account shows. subscription_id: of that chart, None where there is none.
    """

    chat_id: int
    kinds: tuple[str, ...]
    metric: Metric = Metric.REPOSTS
    subscription_id: int | None = None


def kinds(session: Session, chat_id: int) -> tuple[AlertKind, ...]:
    """The kinds of alerts that the chat is sent."""
    chosen = session.scalar(select(Chat.alerts).where(Chat.id == chat_id))
    return tuple(AlertKind(kind) for kind in chosen or ())


def set_kinds(session: Session, chat_id: int, chosen: Collection[AlertKind]) -> None:
    """Raises NoResultFound if the chat is not stored."""
    session.get_one(Chat, chat_id).alerts = tuple(kind for kind in AlertKind if kind in chosen) or None
    session.flush()


def listeners(session: Session, account_ids: Collection[int]) -> dict[int, list[Listener]]:
    """The chats that are sent alerts of these accounts, by the account's id."""
    joined = select(Tracking.account_id, Chat.id, Chat.alerts).join(Chat, Chat.id == Tracking.chat_id)
    rows = session.execute(joined.where(Tracking.account_id.in_(account_ids), *IS_LISTENING)).all()
    live = _live_charts(session, {chat_id for _, chat_id, _ in rows}, account_ids) if rows else {}
    found: dict[int, list[Listener]] = {}
    for account_id, chat_id, chosen in rows:
        chart = live.get((chat_id, account_id), ())
        found.setdefault(account_id, []).append(Listener(chat_id, chosen or (), *chart))
    return found


def are_sent(session: Session) -> bool:
    """Whether any chat is sent alerts."""
    return session.scalar(select(Chat.id).where(*IS_LISTENING).limit(1)) is not None


def listeners_of_chart(session: Session, comparison_id: int) -> list[Listener]:
    """The chats that are sent alerts of overtakes, and show this comparison live."""
    shown = (
        select(Chat.id, Chat.alerts, func.min(Subscription.id))
        .join(Subscription, Subscription.chat_id == Chat.id)
        .where(Subscription.comparison_id == comparison_id, Subscription.mode == Mode.LIVE, *IS_LISTENING)
        .group_by(Chat.id)
    )
    return [
        Listener(chat_id, chosen, subscription_id=subscription_id)
        for chat_id, chosen, subscription_id in session.execute(shown)
        if chosen and AlertKind.OVERTAKE in chosen
    ]


def _live_charts(
    session: Session, chat_ids: Collection[int], account_ids: Collection[int]
) -> dict[tuple[int, int], tuple[Metric, int]]:
    """(metric, subscription id) of the oldest live chart of an account in a chat, by (chat id, account id)."""
    metric = Comparison.__table__.c.metric
    rows = session.execute(
        select(Subscription.chat_id, ComparisonAccount.account_id, metric, Subscription.id)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(ComparisonAccount, ComparisonAccount.comparison_id == Comparison.id)
        .where(
            Subscription.chat_id.in_(chat_ids),
            Subscription.mode == Mode.LIVE,
            ComparisonAccount.account_id.in_(account_ids),
        )
        .order_by(Subscription.id.desc())
    )
    return {(chat_id, account_id): (shown, id_) for chat_id, account_id, shown, id_ in rows}


def publish(session: Session, listener: Listener, key: str, text: LazyString, now: datetime) -> bool:
    """Alert the chat, unless it was alerted of the same before, or of MOST_A_DAY things today. True if it is alerted.

    key: the kind and the subject.
    """
    chat_id = listener.chat_id
    is_told = session.get(Alert, (chat_id, key)) is not None
    if is_told or _count_since(session, chat_id, now - DAY) >= MOST_A_DAY:
        return False
    session.add(Alert(chat_id=chat_id, key=key, at=now))
    notices.publish(
        session,
        f"alert {chat_id} {key}",
        text,
        now + SENT_WITHIN,
        chat_id=chat_id,
        subscription_id=listener.subscription_id,
    )
    return True


def delete_before(session: Session, before: datetime) -> None:
    """Delete what chats were alerted of before then: nobody is alerted of posts that old."""
    session.execute(delete(Alert).where(Alert.at < before))


def list_since(
    session: Session, chat_ids: Collection[int], start_of_key: str, since: datetime
) -> list[tuple[int, str]]:
    """(chat id, key) of the alerts since then to these chats whose keys start so."""
    is_such = Alert.chat_id.in_(chat_ids), Alert.key.startswith(start_of_key), Alert.at > since
    return [(row[0], row[1]) for row in session.execute(select(Alert.chat_id, Alert.key).where(*is_such))]


def _count_since(session: Session, chat_id: int, since: datetime) -> int:
    return session.scalar(select(func.count()).where(Alert.chat_id == chat_id, Alert.at > since)) or 0
