"""Subscriptions: what is to be delivered to each chat, and what was delivered last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, delete, func, not_, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import UTC_ZONE, ChartSpec, Mode
from pipeline.store import quiet_hours
from pipeline.store.tables import Account, Chat, Comparison, ComparisonAccount, Subscription, has_news
from pipeline.store.timing import LIVE, Timing

HEALTHY: dict[str, Any] = {"requested_at": None, "failing_since": None, "failures": 0, "notified": False}
"""The values of a subscription whose newest chart was delivered."""
QUIET_HOURS = "quiet hours"
"""The problem of a delivery that waits for the end of its chat's quiet hours."""
GROUPING_WINDOW = timedelta(seconds=20)
"""How much earlier a delivery may come, so that chats with the same chart get it together."""
BATCH = 1000
"""How many due deliveries are read at once: more than Telegram takes within the grouping window."""
MANY_OUTDATED = 2000
"""Of so many outdated charts and more, the next ones are found by when they are due."""
UNCERTAIN_DELAY = timedelta(hours=1)
"""How long a new message that may have been sent keeps others like it from being sent, where nothing says when."""


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

    networks: those of the accounts, by key. accounts: how many there are. zone: the chat's. quiet_until: when its quiet
    hours end, where they last and nobody asked for this chart; else None. silent: whether a new message comes without a
    sound: the chat wishes so, and nobody asked for this chart.
    """

    subscription_id: int
    chat_id: int
    thread_id: int | None
    comparison_id: int
    spec: ChartSpec
    mode: Mode
    timing: Timing
    zone: ZoneInfo
    next_at: datetime
    message_id: int | None
    chart_digest: str
    caption: str
    networks: tuple[str, ...]
    accounts: int
    as_of: datetime | None = None
    checked_at: datetime | None = None
    requested_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    notified: bool = False
    pinned: bool = False
    pinned_message_id: int | None = None
    quiet_until: datetime | None = None
    silent: bool = False
    owner_id: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether it waits for the end of the quiet hours, since it would be a new message."""
        return self.quiet_until is not None and self.message_id is None

    def is_too_late(self, now: datetime) -> bool:
        """Whether the time of a schedule passed so long ago that its chart is left out."""
        schedule = self.timing.schedule
        return schedule is not None and self.requested_at is None and schedule.is_too_late(self.next_at, now, self.zone)


class OverdueDelivery(NamedTuple):
    """A chart that was requested long ago. is_rendered: it exists, and only its delivery is missing.

    is_requested: False where nobody waits for it, and Telegram refuses it.
    """

    subscription_id: int
    chat_id: int
    thread_id: int | None
    message_id: int | None
    is_rendered: bool
    is_requested: bool = True


def is_awaited() -> ColumnElement[bool]:
    """Whether a chart is awaited: of a paused subscription only one that somebody asked for."""
    return not_(and_(Subscription.paused, Subscription.requested_at.is_(None)))


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
    hand_out(session, Subscription.id == subscription.id)
    return subscription


def list_of_chat(session: Session, chat_id: int, thread_id: int | None = None) -> Sequence[Subscription]:
    """The chat's subscriptions, oldest first, without the single charts of /compare.

    thread_id: only those of this forum topic; None: all.
    """
    in_topic = () if thread_id is None else (Subscription.thread_id == thread_id,)
    return session.scalars(
        select(Subscription)
        .where(Subscription.chat_id == chat_id, Subscription.mode != Mode.ONCE, *in_topic)
        .order_by(Subscription.id)
    ).all()


def find(session: Session, subscription_id: int) -> Subscription | None:
    """None for one that has ended, and for a single chart of /compare."""
    lasting = Subscription.id == subscription_id, Subscription.mode != Mode.ONCE
    return session.scalar(select(Subscription).where(*lasting))


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
        .values(comparison_id=comparison_id, min_version=version, chart_digest=None, delivered_digest=None)
    )


def hand_out(session: Session, which: ColumnElement[bool]) -> None:
    """Note for these subscriptions which chart they may be shown, as a chart is drawn, or a chat is served or not."""
    newest = (
        select(Comparison.chart_digest)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(
            Comparison.id == Subscription.comparison_id,
            Comparison.rendered_version >= Subscription.min_version,
            Chat.inactive_reason.is_(None),
        )
        .correlate(Subscription)
        .scalar_subquery()
    )
    others = update(Subscription).where(which, Subscription.chart_digest.is_distinct_from(newest))
    session.execute(others.values(chart_digest=newest).execution_options(synchronize_session=False))


def list_due(session: Session, now: datetime, batch: int = 0) -> Sequence[DueDelivery]:
    """The deliveries that are due now, in the order in which they are to be made: a batch of them, from 0 on.

    One with fewer than BATCH is the last.
    """
    return _first(session, _select_due(now), BATCH, skip=batch * BATCH)


def list_unrendered(session: Session, limit: int) -> Sequence[DueDelivery]:
    """The next deliveries whose chart is outdated, whether they are due by now or not, in the same order.

    Where many charts are outdated, subscriptions are read by when they are due until there are enough of them; where
    few are, the subscriptions to these.
    """
    outdated = select(Comparison.id).where(Comparison.requested_version > Comparison.rendered_version)
    count = session.scalar(select(func.count()).select_from(outdated.limit(MANY_OUTDATED).subquery()))
    is_outdated = (
        outdated.where(Comparison.id == Subscription.comparison_id).exists()
        if count == MANY_OUTDATED
        else Subscription.comparison_id.in_(outdated)
    )
    of_active_chats = select(Subscription).join(Chat, Chat.id == Subscription.chat_id)
    unrendered = of_active_chats.where(is_outdated, Chat.inactive_reason.is_(None), is_awaited())
    return _first(session, unrendered, limit)[:limit] if count else []


def _first(session: Session, query: Select[*tuple[Any, ...]], limit: int, skip: int = 0) -> Sequence[DueDelivery]:
    """Requested charts that were not tried yet come first, then those that have waited longest; `limit` of either.

    Each of the two has an index, by which no more of them are read.
    """
    is_requested = Subscription.requested_at.is_not(None), Subscription.failures == 0
    is_other = or_(Subscription.requested_at.is_(None), Subscription.failures > 0)
    page = query.with_only_columns(*DUE_COLUMNS).offset(skip).limit(limit)
    requested = page.where(*is_requested).order_by(Subscription.requested_at)
    others = page.where(is_other).order_by(Subscription.next_at, Subscription.comparison_id)
    return [*_in_order(session, requested), *_in_order(session, others)]


def _in_order(session: Session, query: Select[*tuple[Any, ...]]) -> Sequence[DueDelivery]:
    """Deliveries that have waited longest come first.

    Those of one comparison follow each other if that moves none of them by more than the grouping window: its chart is
    rendered and uploaded once for all of them.
    """
    deliveries = [DueDelivery(*row) for row in session.execute(query)]
    first: dict[int, datetime] = {}
    for each in deliveries:
        first[each.comparison_id] = min(each.next_at, first.get(each.comparison_id, each.next_at))

    def sort_key(each: DueDelivery) -> tuple[datetime, int, datetime, int]:
        grouped_at = max(first[each.comparison_id], each.next_at - GROUPING_WINDOW)
        return grouped_at, each.comparison_id, each.next_at, each.subscription_id

    return sorted(deliveries, key=sort_key)


def get_delivery(session: Session, due: DueDelivery, now: datetime) -> ChartDelivery | None:
    """The newest chart for this delivery, or None if it was made or postponed meanwhile."""
    same = Subscription.id == due.subscription_id, Subscription.next_at == due.next_at
    row = session.execute(_select_due(now).where(*same)).one_or_none()
    if row is None:
        return None
    networks = _count_by_network(session, due.comparison_id)
    delivery = _to_delivery(*row, networks, zone_of(session, due.chat_id))
    if delivery.requested_at is not None:
        return delivery
    quiet_until = quiet_hours.not_before(session, due.chat_id, now)
    return replace(delivery, quiet_until=quiet_until, silent=session.get_one(Chat, due.chat_id).silent)


def zone_of(session: Session, chat_id: int) -> ZoneInfo:
    """The chat's time zone, by which its schedules go."""
    return ZoneInfo(session.scalar(select(Chat.time_zone).where(Chat.id == chat_id)) or UTC_ZONE)


def _select_due(now: datetime) -> Select[Subscription, Comparison]:
    return (
        select(Subscription, Comparison)
        .join(Comparison, Comparison.id == Subscription.comparison_id)
        .join(Chat, Chat.id == Subscription.chat_id)
        .where(
            has_news,
            Subscription.next_at <= now,
            Comparison.rendered_version >= Subscription.min_version,
            Chat.inactive_reason.is_(None),
            is_awaited(),
        )
    )


def _count_by_network(session: Session, comparison_id: int) -> dict[str, int]:
    """How many of the comparison's accounts are of each network, by key."""
    accounts = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id == comparison_id)
    counts = select(Account.network, func.count()).where(Account.id.in_(accounts)).group_by(Account.network)
    return {row[0]: row[1] for row in session.execute(counts)}


def _to_delivery(
    subscription: Subscription, comparison: Comparison, networks: Mapping[str, int], zone: ZoneInfo
) -> ChartDelivery:
    return ChartDelivery(
        subscription.id,
        subscription.chat_id,
        subscription.thread_id,
        comparison.id,
        comparison.spec,
        subscription.mode,
        subscription.timing,
        zone,
        subscription.next_at,
        subscription.message_id,
        comparison.chart_digest or "",
        comparison.caption or "",
        tuple(networks),
        sum(networks.values()),
        comparison.as_of,
        comparison.checked_at,
        subscription.requested_at,
        subscription.failing_since,
        subscription.failures,
        subscription.notified,
        subscription.pinned,
        subscription.pinned_message_id,
        owner_id=subscription.owner_id,
    )


def mark_delivered(session: Session, delivery: ChartDelivery, message_id: int | None, now: datetime) -> None:
    """The chat has the chart, in this message. The subscription of a single chart ends."""
    if delivery.mode is Mode.ONCE:
        session.execute(delete(Subscription).where(*_is_unchanged(delivery)))
        return
    next_at = next_delivery(delivery.timing, delivery.zone, now)
    delivered = {"delivered_digest": delivery.chart_digest, "message_id": message_id, "next_at": next_at}
    session.execute(update(Subscription).where(*_is_unchanged(delivery)).values(problem=None, **delivered, **HEALTHY))


def next_delivery(timing: Timing, zone: ZoneInfo, now: datetime) -> datetime:
    """The earliest time of the delivery after one that is made now; a live chart may be edited at once."""
    if timing.schedule:
        return timing.schedule.next_after(now, zone)
    return now + (timing.interval or timedelta(0))


def skip(session: Session, delivery: ChartDelivery, now: datetime) -> None:
    """Leave out a chart whose scheduled time passed long ago."""
    next_at = next_delivery(delivery.timing, delivery.zone, now)
    session.execute(update(Subscription).where(*_is_unchanged(delivery)).values(next_at=next_at))


def set_message(session: Session, subscription_id: int, message_id: int | None, now: datetime) -> None:
    """Deliver the live chart in this message from now on; None: in a new one."""
    session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(message_id=message_id, next_at=now)
    )


def mark_sending(session: Session, delivery: ChartDelivery, now: datetime) -> bool:
    """Mark a new message as delivered before it is sent: a lost one is better than one that is sent twice.

    False if another bot process marked it before, or another chart is to be delivered by now.
    """
    has_timing = delivery.timing != LIVE
    next_at = next_delivery(delivery.timing, delivery.zone, now) if has_timing else now + UNCERTAIN_DELAY
    is_scheduled_now = and_(Subscription.schedule.is_not(None), Subscription.next_at <= now)
    marked = session.scalar(
        update(Subscription)
        .where(*_is_unchanged(delivery), or_(_is_undelivered(delivery.chart_digest), is_scheduled_now))
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


def hold(session: Session, delivery: ChartDelivery) -> None:
    """Deliver the newest chart once the quiet hours are over, unless the chat has seen it by then."""
    held = {"next_at": delivery.quiet_until, "problem": QUIET_HOURS}
    session.execute(update(Subscription).where(*_is_unchanged(delivery)).values(held))


def release_held(session: Session, chat_id: int, now: datetime) -> None:
    """Let what waits for the end of the chat's quiet hours be due now: these have changed."""
    is_held = Subscription.chat_id == chat_id, Subscription.problem == QUIET_HOURS
    session.execute(update(Subscription).where(*is_held).values(next_at=now))


def record_failure(session: Session, subscription_id: int, until: datetime, problem: str, now: datetime) -> None:
    """The delivery failed, and is tried again no sooner than `until`."""
    postpone(session, subscription_id, until, problem)
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(failures=Subscription.failures + 1, failing_since=func.coalesce(Subscription.failing_since, now))
    )


def list_overdue(session: Session, requested_before: datetime, most: int) -> Sequence[OverdueDelivery]:
    """Charts requested before then that were not delivered yet, whose chats were not told of the wait; oldest first.

    At most so many.
    """
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
        .limit(most)
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
    session.execute(update(Subscription).where(moved).values(chat_id=new, message_id=None, pinned_message_id=None))
    hand_out(session, Subscription.chat_id == new)


def reschedule(session: Session, chat_id: int, now: datetime) -> None:
    """Let the chat's schedules go by the time zone that it has now."""
    scheduled = Subscription.chat_id == chat_id, Subscription.schedule.is_not(None)
    for subscription in session.scalars(select(Subscription).where(*scheduled)):
        subscription.next_at = next_delivery(subscription.timing, zone_of(session, chat_id), now)
    session.flush()


def set_pinned_message(session: Session, subscription_id: int, message_id: int | None) -> None:
    """The message that is pinned for the subscription; None: none, and none is to be from now on."""
    values = {"pinned": message_id is not None, "pinned_message_id": message_id}
    session.execute(update(Subscription).where(Subscription.id == subscription_id).values(values))


def has_problem(session: Session, chat_id: int, problem: str) -> bool:
    """Whether a subscription of the chat has this problem."""
    same = select(Subscription.id).where(Subscription.chat_id == chat_id, Subscription.problem == problem)
    return session.scalar(same.limit(1)) is not None


def _is_undelivered(chart_digest: str) -> ColumnElement[bool]:
    return or_(Subscription.delivered_digest.is_(None), Subscription.delivered_digest != chart_digest)


def _is_unchanged(delivery: ChartDelivery) -> tuple[ColumnElement[bool], ...]:
    """The subscription as it was when the delivery began.

    A button may have switched its comparison, mode or timing since; and its group may have got a new id, under which
    the messages of the old one cannot be edited.
    """
    return (
        Subscription.id == delivery.subscription_id,
        Subscription.chat_id == delivery.chat_id,
        Subscription.comparison_id == delivery.comparison_id,
        Subscription.mode == delivery.mode,
        Subscription.schedule == delivery.timing.schedule,
        Subscription.interval_s == delivery.timing.interval_s,
    )


def clear_message(session: Session, subscription_id: int) -> None:
    """The message is gone: the next delivery sends a new one."""
    session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(message_id=None, delivered_digest=None)
    )
