"""Subscriptions: what is to be delivered to each chat, and what was delivered last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipeline.records import ChartSpec, Mode
from pipeline.store.tables import Account, Chat, Comparison, ComparisonAccount, Subscription

HEALTHY: dict[str, Any] = {"requested_at": None, "failing_since": None, "failures": 0, "notified": False}
"""The values of a subscription whose newest chart was delivered."""
GROUPING_WINDOW = timedelta(seconds=20)
"""How much earlier a delivery may come, so that chats with the same chart get it together."""


class DueDelivery(NamedTuple):
    """A subscription whose chart is due: the few columns that put thousands of them in order."""

    subscription_id: int
    chat_id: int
    mode: Mode
    comparison_id: int
    next_at: datetime
    is_requested: bool


@dataclass(frozen=True, slots=True)
class ChartDelivery:
    """A chart to be delivered to a chat now. as_of and checked_at are the Comparison's, the rest the Subscription's.

    networks: those of the accounts, by key.
    """

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
    networks: tuple[str, ...]
    as_of: datetime | None = None
    checked_at: datetime | None = None
    requested_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    notified: bool = False


class OverdueDelivery(NamedTuple):
    """A chart that was requested long ago. is_rendered: it exists, and only its delivery is missing."""

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
"""The columns of a DueDelivery."""


def add(session: Session, subscription: Subscription) -> Subscription:
    session.add(subscription)
    session.flush()
    return subscription


def list_of_chat(session: Session, chat_id: int) -> Sequence[Subscription]:
    """The chat's subscriptions, oldest first, without the single charts of /compare."""
    return session.scalars(
        select(Subscription)
        .where(Subscription.chat_id == chat_id, Subscription.mode != Mode.ONCE)
        .order_by(Subscription.id)
    ).all()


def has_subscribers(session: Session, comparison_id: int) -> bool:
    """Whether a chat is subscribed to the comparison; a single chart is no subscription."""
    lasting = select(Subscription.id).where(Subscription.comparison_id == comparison_id, Subscription.mode != Mode.ONCE)
    return session.scalar(lasting.limit(1)) is not None


def find_by_message(session: Session, chat_id: int, message_id: int) -> Subscription | None:
    """The subscription that shows in this message, None if there is none."""
    return session.scalar(
        select(Subscription).where(Subscription.chat_id == chat_id, Subscription.message_id == message_id)
    )


def remove(session: Session, subscription_id: int) -> None:
    session.execute(delete(Subscription).where(Subscription.id == subscription_id))


def switch_comparison(session: Session, subscription_id: int, comparison_id: int, version: int) -> None:
    """Let the subscription deliver another comparison, from this version on."""
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(comparison_id=comparison_id, min_version=version, delivered_digest=None)
    )


def list_due(session: Session, now: datetime) -> Sequence[DueDelivery]:
    """All deliveries that are due now, in the order in which they are to be made."""
    return _in_order(session, _select_due(now))


def list_unrendered(session: Session) -> Sequence[DueDelivery]:
    """All deliveries whose chart is outdated, whether they are due by now or not, in the same order."""
    unrendered = (
        select(Subscription)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(Comparison.requested_version > Comparison.rendered_version, Chat.inactive_reason.is_(None))
    )
    return _in_order(session, unrendered)


def _in_order(session: Session, query: Select[*tuple[Any, ...]]) -> Sequence[DueDelivery]:
    """Requested charts that were not tried yet come first, then those that have waited longest.

    Deliveries of one comparison follow each other if that moves none of them by more than the grouping window: its
    chart is rendered and uploaded once for all of them.
    """
    deliveries = [DueDelivery(*row) for row in session.execute(query.with_only_columns(*DUE_COLUMNS))]
    first: dict[int, datetime] = {}
    for each in deliveries:
        first[each.comparison_id] = min(each.next_at, first.get(each.comparison_id, each.next_at))

    def sort_key(each: DueDelivery) -> tuple[bool, datetime, int, datetime, int]:
        grouped_at = max(first[each.comparison_id], each.next_at - GROUPING_WINDOW)
        return not each.is_requested, grouped_at, each.comparison_id, each.next_at, each.subscription_id

    return sorted(deliveries, key=sort_key)


def get_delivery(session: Session, due: DueDelivery, now: datetime) -> ChartDelivery | None:
    """The newest chart for this delivery, or None if it was made or postponed meanwhile."""
    same = Subscription.id == due.subscription_id, Subscription.next_at == due.next_at
    row = session.execute(_select_due(now).where(*same)).one_or_none()
    return _to_delivery(*row, _list_networks(session, due.comparison_id)) if row else None


def _select_due(now: datetime) -> Select[Subscription, Comparison]:
    return (
        select(Subscription, Comparison)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(
            Chat.inactive_reason.is_(None),
            Comparison.chart_digest.is_not(None),
            Comparison.rendered_version >= Subscription.min_version,
            _is_undelivered(Comparison.chart_digest),
            Subscription.next_at <= now,
        )
    )


def _list_networks(session: Session, comparison_id: int) -> Sequence[str]:
    accounts = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id == comparison_id)
    return session.scalars(select(Account.network).where(Account.id.in_(accounts)).distinct()).all()


def _to_delivery(subscription: Subscription, comparison: Comparison, networks: Sequence[str]) -> ChartDelivery:
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
        tuple(networks),
        comparison.as_of,
        comparison.checked_at,
        subscription.requested_at,
        subscription.failing_since,
        subscription.failures,
        subscription.notified,
    )


def mark_delivered(session: Session, delivery: ChartDelivery, message_id: int | None, now: datetime) -> None:
    """The chat has the chart, in this message. The subscription of a single chart ends."""
    if delivery.mode is Mode.ONCE:
        session.execute(delete(Subscription).where(*_is_unchanged(delivery)))
        return
    next_at = now + timedelta(seconds=delivery.interval_s or 0)
    delivered = {"delivered_digest": delivery.chart_digest, "message_id": message_id, "next_at": next_at}
    session.execute(update(Subscription).where(*_is_unchanged(delivery)).values(problem=None, **delivered, **HEALTHY))


def set_message(session: Session, subscription_id: int, message_id: int | None, now: datetime) -> None:
    """Deliver the live chart in this message from now on; None: in a new one."""
    session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(message_id=message_id, next_at=now)
    )


def mark_sending(session: Session, delivery: ChartDelivery, next_at: datetime) -> bool:
    """Mark a new message as delivered before it is sent: a lost one is better than one that is sent twice.

    False if another bot process marked it before, or another chart is to be delivered by now.
    """
    marked = session.scalar(
        update(Subscription)
        .where(*_is_unchanged(delivery), _is_undelivered(delivery.chart_digest))
        .values(delivered_digest=delivery.chart_digest, message_id=None, next_at=next_at)
        .returning(Subscription.id)
    )
    return marked is not None


def unmark_sending(session: Session, delivery: ChartDelivery, now: datetime) -> None:
    """The message did not arrive: it is still to be sent, or shown in the message it had before."""
    before = {"delivered_digest": None, "message_id": delivery.message_id, "next_at": now}
    session.execute(update(Subscription).where(*_is_unchanged(delivery)).values(before))


def postpone(session: Session, subscription_id: int, until: datetime, problem: str) -> None:
    """Deliver it no sooner than `until`. This counts as no failure, as where Telegram asks to wait."""
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(next_at=until, problem=problem, delivered_digest=None)
    )


def record_failure(session: Session, subscription_id: int, until: datetime, problem: str, now: datetime) -> None:
    """The delivery failed, and is tried again no sooner than `until`."""
    postpone(session, subscription_id, until, problem)
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(failures=Subscription.failures + 1, failing_since=func.coalesce(Subscription.failing_since, now))
    )


def list_overdue(session: Session, requested_before: datetime) -> Sequence[OverdueDelivery]:
    """Charts requested before then that were not delivered yet, whose chats were not told of the wait; oldest first."""
    rows = session.execute(
        select(Subscription, Comparison.rendered_version >= Subscription.min_version)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(
            Subscription.requested_at < requested_before,
            Subscription.notified.is_(False),
            Chat.inactive_reason.is_(None),
        )
        .order_by(Subscription.requested_at)
    )
    return [
        OverdueDelivery(each.id, each.chat_id, each.thread_id, each.message_id, is_rendered)
        for each, is_rendered in rows
    ]


def mark_notified(session: Session, subscription_id: int) -> bool:
    """Note that the chat is told of the wait, before it is told: better never than twice.

    False if it was told before, or if the chart was delivered meanwhile.
    """
    waits = or_(Subscription.requested_at.is_not(None), Subscription.failing_since.is_not(None))
    unnotified = update(Subscription).where(Subscription.id == subscription_id, Subscription.notified.is_(False), waits)
    return session.scalar(unnotified.values(notified=True).returning(Subscription.id)) is not None


def unmark_notified(session: Session, subscription_id: int) -> None:
    """The message that tells of the wait did not arrive."""
    session.execute(update(Subscription).where(Subscription.id == subscription_id).values(notified=False))


def list_failing(session: Session, chat_id: int) -> Sequence[Subscription]:
    """The chat's subscriptions whose last delivery failed, the longest failing first."""
    failing = Subscription.chat_id == chat_id, Subscription.failing_since.is_not(None)
    return session.scalars(select(Subscription).where(*failing).order_by(Subscription.failing_since)).all()


def delete_expired_requests(session: Session, requested_before: datetime) -> None:
    """Delete the single charts that were requested before then and never delivered."""
    expired = Subscription.mode == Mode.ONCE, Subscription.requested_at < requested_before
    session.execute(delete(Subscription).where(*expired))


def mark_uncertain(session: Session, delivery: ChartDelivery, until: datetime, problem: str, now: datetime) -> None:
    """It is unknown whether the chart arrived. A new message is not sent again; an edit is repeated after `until`."""
    found = session.scalar(select(Subscription).where(*_is_unchanged(delivery)))
    if found is None:
        return
    if found.delivered_digest != delivery.chart_digest:
        record_failure(session, found.id, until, problem, now)
    elif found.mode is Mode.ONCE:
        session.delete(found)
    else:
        session.execute(update(Subscription).where(Subscription.id == found.id).values(HEALTHY))


def retry_problems(session: Session, chat_id: int, now: datetime) -> None:
    """Let the chat's failed and postponed deliveries be due now."""
    session.execute(
        update(Subscription)
        .where(Subscription.chat_id == chat_id, Subscription.problem.is_not(None))
        .values(next_at=now)
    )


def resend_interrupted(session: Session, now: datetime) -> None:
    """Let live and single charts without a message be due now: the process that was to send one has ended."""
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
    """The messages stay in the old chat: live charts, and requested ones, are sent to the new one."""
    moved = Subscription.chat_id == old
    session.execute(update(Subscription).where(moved, Subscription.mode != Mode.NEW).values(delivered_digest=None))
    session.execute(update(Subscription).where(moved).values(chat_id=new, message_id=None))


def has_problem(session: Session, chat_id: int, problem: str) -> bool:
    """Whether a subscription of the chat has this problem."""
    same = select(Subscription.id).where(Subscription.chat_id == chat_id, Subscription.problem == problem)
    return session.scalar(same.limit(1)) is not None


def _is_undelivered(chart_digest: str | InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    return or_(Subscription.delivered_digest.is_(None), Subscription.delivered_digest != chart_digest)


def _is_unchanged(delivery: ChartDelivery) -> tuple[ColumnElement[bool], ...]:
    """The subscription as it was when the delivery began.

    A button may have switched its comparison or mode since; and its group may have got a new id, under which the
    messages of the old one cannot be edited.
    """
    return (
        Subscription.id == delivery.subscription_id,
        Subscription.chat_id == delivery.chat_id,
        Subscription.comparison_id == delivery.comparison_id,
        Subscription.mode == delivery.mode,
    )


def clear_message(session: Session, subscription_id: int) -> None:
    """The message is gone: the next delivery sends a new one."""
    session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(message_id=None, delivered_digest=None)
    )
