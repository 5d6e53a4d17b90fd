"""What people do to the charts of their chat: request one, subscribe to one, change it, keep it live, end it.

Every function that changes a chart returns the ids of the comparisons to draw now.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.records import Comparison, Handle, Language, Mode, Theme
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.accounts import by_handle
from pipeline.store.rules import (
    AlreadySubscribedError,
    NoSubscriptionError,
    TooManySubscriptionsError,
    UnknownChartError,
)
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Comparison as ComparisonRow

MAX_SUBSCRIPTIONS = 5  # the charts of a group share its 20 messages a minute
MESSAGE_TIMEOUT = timedelta(hours=1)
"""How long a chart waits for the message that will show it: Telegram may make the bot wait before it sends that."""
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""A next_at in the past: the delivery goes before all those that are due since a later moment."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a chart goes: a chat, its topic, and the message that shows the chart; None where there is none yet."""

    chat_id: int
    thread_id: int | None
    message_id: int | None = None


class Requested(NamedTuple):
    """A new subscription and the comparison to draw for it."""

    subscription_id: int
    comparison_id: int


class Ended(NamedTuple):
    """A subscription that ended: what it showed, of which accounts."""

    comparison: Comparison
    accounts: Sequence[Account]


def request_once(session: Session, destination: Destination, comparison: Comparison, now: datetime) -> Requested:
    """Request a single chart. It waits for subscriptions.set_message, MESSAGE_TIMEOUT at most."""
    subscription = _new_subscription(destination, Mode.ONCE, next_at=now + MESSAGE_TIMEOUT)
    return _request(session, subscription, comparison, now)


def subscribe(  # noqa: PLR0913 each is a choice of the person
    session: Session,
    destination: Destination,
    comparison: Comparison,
    *,
    interval: timedelta | None,
    all_tracked: bool,
    now: datetime,
) -> Requested:
    """Subscribe a chat to a comparison.

    interval: between new messages; None for a live chart, which waits for subscriptions.set_message, MESSAGE_TIMEOUT at
    most. all_tracked: the comparison follows whatever the chat tracks.
    Raises AlreadySubscribedError, TooManySubscriptionsError.
    """
    mode = Mode.LIVE if interval is None else Mode.NEW
    _check_new(session, destination.chat_id, comparison, mode)
    subscription = _new_subscription(destination, mode, next_at=now + MESSAGE_TIMEOUT if interval is None else AT_ONCE)
    subscription.all_tracked = all_tracked
    subscription.interval_s = None if interval is None else int(interval.total_seconds())
    return _request(session, subscription, comparison, now)


def unsubscribe(session: Session, chat_id: int, handles: Collection[Handle]) -> list[Ended]:
    """End the chat's subscriptions that show all of these handles; with no handles, every one.

    Raises NoSubscriptionError where there is none to end.
    """
    names = {handle.folded for handle in handles}
    ended = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        accounts = comparisons.list_accounts(session, subscription.comparison_id)
        if names <= by_handle(accounts).keys():
            ended.append(Ended(comparison_of(session, subscription), accounts))
            subscriptions.remove(session, subscription.id)
    if not ended:
        raise NoSubscriptionError
    return ended


def comparison_of(session: Session, subscription: Subscription) -> Comparison:
    """What the subscription shows."""
    return comparisons.to_record(session, session.get_one(ComparisonRow, subscription.comparison_id))


def is_subscribed(session: Session, chat_id: int, message_id: int) -> bool:
    """Whether the message is kept fresh, so that changing its chart changes a subscription."""
    subscription = subscriptions.find_by_message(session, chat_id, message_id)
    return subscription is not None and subscription.mode is not Mode.ONCE


def comparison_in_message(
    session: Session, chat_id: int, message_id: int, *, comparison_id: int, max_posts: int
) -> Comparison:
    """What the message shows now; its buttons may be older than its accounts, theme and language.

    comparison_id: what its buttons name, which is what it shows where it has no subscription. max_posts: how many posts
    of an account are fetched by now, which may be fewer than when the chart was requested.
    Raises UnknownChartError where the chat does not track all accounts, so that nobody sees another chat's comparison.
    """
    subscription = subscriptions.find_by_message(session, chat_id, message_id)
    shown = comparison_of(session, subscription) if subscription else own_comparison(session, chat_id, comparison_id)
    return replace(shown, spec=replace(shown.spec, count=min(shown.spec.count, max_posts)))


def own_comparison(session: Session, chat_id: int, comparison_id: int) -> Comparison:
    """The comparison, if the chat tracks all its accounts. Raises UnknownChartError."""
    comparison = comparisons.get_record(session, comparison_id)
    tracked = {account.id for account in chats.list_tracked_accounts(session, chat_id)}
    if comparison is None or not comparison.accounts or not tracked.issuperset(comparison.accounts):
        raise UnknownChartError
    return comparison


def show_in_message(session: Session, destination: Destination, comparison: Comparison, now: datetime) -> list[int]:
    """Show another comparison in a message. If it is live it stays live; if it had no subscription it gets one."""
    subscription = _subscription_in(session, destination)
    if subscription is None:
        new = _new_subscription(destination, Mode.ONCE, next_at=AT_ONCE)
        return [_request(session, new, comparison, now).comparison_id]
    return [_switch_at_once(session, subscription, comparison, now)]


def keep_live(session: Session, destination: Destination, comparison: Comparison, now: datetime) -> list[int]:
    """Keep the chart in a message fresh from now on. Raises AlreadySubscribedError, TooManySubscriptionsError."""
    _check_new(session, destination.chat_id, comparison, Mode.LIVE)
    subscription = _subscription_in(session, destination)
    if subscription is None:
        new = _new_subscription(destination, Mode.LIVE, next_at=AT_ONCE)
        return [_request(session, new, comparison, now).comparison_id]
    subscription.mode = Mode.LIVE
    return [_switch_at_once(session, subscription, comparison, now)]


def stop_live(session: Session, chat_id: int, message_id: int) -> None:
    """Leave a live message as it is. It is delivered once more, for the buttons of a single chart.

    Raises UnknownChartError where the message is not live.
    """
    subscription = subscriptions.find_by_message(session, chat_id, message_id)
    if subscription is None or subscription.mode is not Mode.LIVE:
        raise UnknownChartError
    subscription.mode, subscription.delivered_digest = Mode.ONCE, None
    session.flush()


def follow_tracked(session: Session, chat_id: int) -> list[int]:
    """Switch the subscriptions to all tracked accounts to what the chat tracks now; end them where that is nothing."""
    ids = tuple(sorted(account.id for account in chats.list_tracked_accounts(session, chat_id)))
    switched = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        if subscription.all_tracked and ids:
            comparison = replace(comparison_of(session, subscription), accounts=ids)
            switched.append(_switch(session, subscription, comparison))
        elif subscription.all_tracked:
            subscriptions.remove(session, subscription.id)
    return switched


def end_untracked(session: Session, chat_id: int) -> int:
    """End the subscriptions to chosen accounts of which the chat does not track one any more. Returns how many."""
    tracked = {account.id for account in chats.list_tracked_accounts(session, chat_id)}
    ended = [
        subscription.id
        for subscription in subscriptions.list_of_chat(session, chat_id)
        if not subscription.all_tracked and not tracked.issuperset(comparison_of(session, subscription).accounts)
    ]
    for subscription_id in ended:
        subscriptions.remove(session, subscription_id)
    return len(ended)


def restyle(  # noqa: PLR0913 all that it sets
    session: Session,
    chat_id: int,
    *,
    theme: Theme | None = None,
    language: Language | None = None,
    initial_language: Language,
    now: datetime,
) -> list[int]:
    """Set the chat's theme or language, and switch its subscriptions to charts that have it.

    initial_language: of a chat that is not stored yet.
    """
    chats.add(session, chat_id, now, initial_language)
    chats.set_preferences(session, chat_id, theme=theme, language=language)
    switched = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        shown = comparison_of(session, subscription)
        spec = replace(shown.spec, theme=theme or shown.spec.theme, language=language or shown.spec.language)
        if spec != shown.spec:
            switched.append(_switch(session, subscription, replace(shown, spec=spec)))
    return switched


def _check_new(session: Session, chat_id: int, comparison: Comparison, mode: Mode) -> None:
    present = subscriptions.list_of_chat(session, chat_id)
    if any(each.mode is mode and comparison_of(session, each) == comparison for each in present):
        raise AlreadySubscribedError
    if len(present) >= MAX_SUBSCRIPTIONS:
        raise TooManySubscriptionsError(MAX_SUBSCRIPTIONS)


def _new_subscription(destination: Destination, mode: Mode, *, next_at: datetime) -> Subscription:
    return Subscription(
        chat_id=destination.chat_id,
        thread_id=destination.thread_id,
        message_id=destination.message_id,
        all_tracked=False,
        mode=mode,
        next_at=next_at,
    )


def _request(session: Session, subscription: Subscription, comparison: Comparison, now: datetime) -> Requested:
    """Store the subscription, and have its comparison drawn anew for it."""
    row = comparisons.get_or_create(session, comparison)
    subscription.comparison_id = row.id
    subscription.min_version = comparisons.request_redraw(session, row)
    subscription.requested_at = now
    return Requested(subscriptions.add(session, subscription).id, row.id)


def _subscription_in(session: Session, destination: Destination) -> Subscription | None:
    if destination.message_id is None:
        return None
    return subscriptions.find_by_message(session, destination.chat_id, destination.message_id)


def _switch_at_once(session: Session, subscription: Subscription, comparison: Comparison, now: datetime) -> int:
    """Switch a subscription at a person's request, so that its next delivery goes first."""
    subscription.next_at = subscription.requested_at = now
    return _switch(session, subscription, comparison)


def _switch(session: Session, subscription: Subscription, comparison: Comparison) -> int:
    row = comparisons.get_or_create(session, comparison)
    version = comparisons.request_redraw(session, row)
    subscriptions.switch_comparison(session, subscription.id, row.id, version)
    return row.id
