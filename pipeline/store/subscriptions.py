"""Subscriptions: what each chat wants to be shown, and what it was shown last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipeline.records import ChartSpec, Mode
from pipeline.store.tables import Chat, Comparison, Subscription

HEALTHY: dict[str, Any] = {"requested_at": None, "failing_since": None, "failures": 0, "notified": False}
"""Of a subscription that shows what it should."""
GROUPING_WINDOW = timedelta(seconds=20)
"""By how much a turn may come earlier, so that chats with the same chart take their turns together."""


class DueDelivery(NamedTuple):
    """A subscription that waits for its turn, before anything else is read of it: thousands may wait at once."""

    subscription_id: int
    chat_id: int
    mode: Mode
    comparison_id: int
    next_at: datetime
    is_requested: bool


@dataclass(frozen=True, slots=True)
class ChartDelivery:
    """A chart that a chat is to be shown now; as_of, checked_at as its comparison's, the rest as the table has it."""

    subscription_id: int
    chat_id: int
    thread_id: int | None
    comparison_id: int
    spec: ChartSpec
    mode: Mode
    interval_s: int | None
    message_id: int | None
    chart_digest: str
    caption: str
    as_of: datetime | None = None
    checked_at: datetime | None = None
    requested_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    notified: bool = False


class OverdueDelivery(NamedTuple):
    """A chart that somebody asked for long ago. is_rendered: it stands, and only Telegram has not taken it."""

    subscription_id: int
    chat_id: int
    thread_id: int | None
    message_id: int | None
    is_rendered: bool


DUE_COLUMNS = (
    Subscription.id,
    Subscription.chat_id,
    Subscription.mode,
    Subscription.comparison_id,
    Subscription.next_at,
    and_(Subscription.requested_at.is_not(None), Subscription.failures == 0),
)
"""The columns of a Turn."""


def add(session: Session, subscription: Subscription) -> Subscription:
    session.add(subscription)
    session.flush()
    return subscription


def list_of_chat(session: Session, chat_id: int) -> Sequence[Subscription]:
    """What the chat is subscribed to, oldest first; single charts asked for by /compare are not among them."""
    return session.scalars(
        select(Subscription)
        .where(Subscription.chat_id == chat_id, Subscription.mode != Mode.ONCE)
        .order_by(Subscription.id)
    ).all()


def has_subscribers(session: Session, comparison_id: int) -> bool:
    """Whether somebody is subscribed to the comparison."""
    kept = select(Subscription.id).where(Subscription.comparison_id == comparison_id, Subscription.mode != Mode.ONCE)
    return session.scalar(kept.limit(1)) is not None


def find_by_message(session: Session, chat_id: int, message_id: int) -> Subscription | None:
    """The subscription that shows in this message."""
    return session.scalar(
        select(Subscription).where(Subscription.chat_id == chat_id, Subscription.message_id == message_id)
    )


def remove(session: Session, subscription_id: int) -> None:
    session.execute(delete(Subscription).where(Subscription.id == subscription_id))


def switch_comparison(session: Session, subscription_id: int, comparison_id: int, version: int) -> None:
    """Let the subscription show another comparison, from that version on."""
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(comparison_id=comparison_id, min_version=version, delivered_digest=None)
    )


def list_due(session: Session, now: datetime) -> Sequence[DueDelivery]:
    """Every turn whose chart is due, in the order in which they are taken."""
    return _in_order(session, _due(now))


def list_unrendered(session: Session) -> Sequence[DueDelivery]:
    """Every turn whose chart is to be drawn anew, whether it is due by now or not, in the same order."""
    wanted = (
        select(Subscription)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(Comparison.requested_version > Comparison.rendered_version, Chat.inactive_reason.is_(None))
    )
    return _in_order(session, wanted)


def _in_order(session: Session, wanted: Select[*tuple[Any, ...]]) -> Sequence[DueDelivery]:
    """What somebody asked for and was not tried yet is first, then what has waited longest.

    With it comes what shows the same: it is drawn once for them all.
    """
    light = wanted.with_only_columns(*DUE_COLUMNS)
    turns = [DueDelivery(*row) for row in session.execute(light)]
    first: dict[int, datetime] = {}
    for turn in turns:
        first[turn.comparison_id] = min(turn.next_at, first.get(turn.comparison_id, turn.next_at))

    def place(turn: DueDelivery) -> tuple[bool, datetime, int, datetime, int]:
        earliest = max(first[turn.comparison_id], turn.next_at - GROUPING_WINDOW)
        return not turn.is_requested, earliest, turn.comparison_id, turn.next_at, turn.subscription_id

    return sorted(turns, key=place)


def get_delivery(session: Session, turn: DueDelivery, now: datetime) -> ChartDelivery | None:
    """The newest chart for this turn, or None where it was taken since, or is not to be taken yet."""
    mine = Subscription.id == turn.subscription_id, Subscription.next_at == turn.next_at
    row = session.execute(_due(now).where(*mine)).one_or_none()
    return _showing(*row) if row else None


def _due(now: datetime) -> Select[Subscription, Comparison]:
    return (
        select(Subscription, Comparison)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(
            Chat.inactive_reason.is_(None),
            Comparison.chart_digest.is_not(None),
            Comparison.rendered_version >= Subscription.min_version,
            _is_news(Comparison.chart_digest),
            Subscription.next_at <= now,
        )
    )


def _showing(subscription: Subscription, comparison: Comparison) -> ChartDelivery:
    return ChartDelivery(
        subscription.id,
        subscription.chat_id,
        subscription.thread_id,
        comparison.id,
        comparison.spec,
        subscription.mode,
        subscription.interval_s,
        subscription.message_id,
        comparison.chart_digest or "",
        comparison.caption or "",
        comparison.as_of,
        comparison.checked_at,
        subscription.requested_at,
        subscription.failing_since,
        subscription.failures,
        subscription.notified,
    )


def mark_delivered(session: Session, showing: ChartDelivery, message_id: int | None, now: datetime) -> None:
    """Note what the chat was shown. A single chart's subscription ends with it."""
    if showing.mode is Mode.ONCE:
        session.execute(delete(Subscription).where(*_unchanged(showing)))
        return
    next_at = now + timedelta(seconds=showing.interval_s or 0)
    session.execute(
        update(Subscription)
        .where(*_unchanged(showing))
        .values(delivered_digest=showing.chart_digest, message_id=message_id, next_at=next_at, problem=None, **HEALTHY)
    )


def set_message(session: Session, subscription_id: int, message_id: int | None, now: datetime) -> None:
    """There is a message now for the live chart to show in; None where it needs one of its own."""
    session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(message_id=message_id, next_at=now)
    )


def mark_sending(session: Session, showing: ChartDelivery, next_at: datetime) -> bool:
    """Note a new message before it is sent, as if it was shown: rather one skipped than one sent twice.

    False where another bot noted it before, or where something else is to be shown by now.
    """
    noted = session.scalar(
        update(Subscription)
        .where(*_unchanged(showing), _is_news(showing.chart_digest))
        .values(delivered_digest=showing.chart_digest, message_id=None, next_at=next_at)
        .returning(Subscription.id)
    )
    return noted is not None


def unmark_sending(session: Session, showing: ChartDelivery, now: datetime) -> None:
    """It did not get there: it is still to be sent, or shown where it was."""
    still = {"delivered_digest": None, "message_id": showing.message_id, "next_at": now}
    session.execute(update(Subscription).where(*_unchanged(showing)).values(still))


def postpone(session: Session, subscription_id: int, until: datetime, problem: str) -> None:
    """It was not shown, and is not to be before that. It is no failure, as where Telegram asks to wait."""
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(next_at=until, problem=problem, delivered_digest=None)
    )


def record_failure(session: Session, subscription_id: int, until: datetime, problem: str, now: datetime) -> None:
    """It could not be shown, and is tried again then."""
    postpone(session, subscription_id, until, problem)
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(failures=Subscription.failures + 1, failing_since=func.coalesce(Subscription.failing_since, now))
    )


def list_overdue(session: Session, asked_before: datetime) -> Sequence[OverdueDelivery]:
    """What was asked for before that, is not shown yet, and the chat was told nothing of since."""
    rows = session.execute(
        select(Subscription, Comparison.rendered_version >= Subscription.min_version)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(
            Subscription.requested_at < asked_before, Subscription.notified.is_(False), Chat.inactive_reason.is_(None)
        )
        .order_by(Subscription.requested_at)
    )
    return [OverdueDelivery(each.id, each.chat_id, each.thread_id, each.message_id, drawn) for each, drawn in rows]


def mark_notified(session: Session, subscription_id: int) -> bool:
    """Note that the chat is told that it waits, before it is: rather not than twice. False where it waits no more."""
    waits = or_(Subscription.requested_at.is_not(None), Subscription.failing_since.is_not(None))
    told = update(Subscription).where(Subscription.id == subscription_id, Subscription.notified.is_(False), waits)
    return session.scalar(told.values(notified=True).returning(Subscription.id)) is not None


def unmark_notified(session: Session, subscription_id: int) -> None:
    """It was not told."""
    session.execute(update(Subscription).where(Subscription.id == subscription_id).values(notified=False))


def list_failing(session: Session, chat_id: int) -> Sequence[Subscription]:
    """What cannot be shown in the chat just now, the longest first."""
    mine = Subscription.chat_id == chat_id, Subscription.failing_since.is_not(None)
    return session.scalars(select(Subscription).where(*mine).order_by(Subscription.failing_since)).all()


def delete_expired_requests(session: Session, asked_before: datetime) -> None:
    """Who asked for a single chart so long ago waits for it no more."""
    session.execute(
        delete(Subscription).where(Subscription.mode == Mode.ONCE, Subscription.requested_at < asked_before)
    )


def mark_uncertain(session: Session, showing: ChartDelivery, until: datetime, problem: str, now: datetime) -> None:
    """Nobody knows whether it was shown. A new message is not sent again; all else may be repeated, after a while."""
    found = session.scalar(select(Subscription).where(*_unchanged(showing)))
    if found is None:
        return
    if found.delivered_digest != showing.chart_digest:
        record_failure(session, found.id, until, problem, now)
    elif found.mode is Mode.ONCE:
        session.delete(found)
    else:
        session.execute(update(Subscription).where(Subscription.id == found.id).values(HEALTHY))


def retry_problems(session: Session, chat_id: int, now: datetime) -> None:
    """What waited for a trouble in the chat to end waits no longer."""
    session.execute(
        update(Subscription)
        .where(Subscription.chat_id == chat_id, Subscription.problem.is_not(None))
        .values(next_at=now)
    )


def resend_interrupted(session: Session, now: datetime) -> None:
    """A bot that was about to send these charts a message to show in is gone: they come in new ones."""
    session.execute(
        update(Subscription)
        .where(
            Subscription.mode != Mode.NEW,
            Subscription.message_id.is_(None),
            Subscription.delivered_digest.is_(None),
            Subscription.problem.is_(None),
        )
        .values(next_at=now)
    )


def move_to_chat(session: Session, old: int, new: int) -> None:
    """What was shown in the old chat stays there: a live chart, and one asked for, is sent anew."""
    mine = Subscription.chat_id == old
    session.execute(update(Subscription).where(mine, Subscription.mode != Mode.NEW).values(delivered_digest=None))
    session.execute(update(Subscription).where(mine).values(chat_id=new, message_id=None))


def has_problem(session: Session, chat_id: int, problem: str) -> bool:
    """Whether some subscription of the chat has this problem already."""
    found = select(Subscription.id).where(Subscription.chat_id == chat_id, Subscription.problem == problem)
    return session.scalar(found.limit(1)) is not None


def _is_news(chart: str | InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    return or_(Subscription.delivered_digest.is_(None), Subscription.delivered_digest != chart)


def _unchanged(showing: ChartDelivery) -> tuple[ColumnElement[bool], ...]:
    """The subscription as it was when the showing began: a button may have changed since what it is to show.

    And its group may have got a new id, under which the old one's messages cannot be reached.
    """
    return (
        Subscription.id == showing.subscription_id,
        Subscription.chat_id == showing.chat_id,
        Subscription.comparison_id == showing.comparison_id,
        Subscription.mode == showing.mode,
    )


def clear_message(session: Session, subscription_id: int) -> None:
    """The message is gone: the next showing is a new one."""
    session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(message_id=None, delivered_digest=None)
    )
