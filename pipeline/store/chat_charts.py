"""What people do to the charts of their chat: request one, subscribe to one, change it, pause it, pin it, end it.

Every function that changes a chart returns the ids of the comparisons to draw now.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.records import Comparison, Handle, Language, Mode, Theme
from pipeline.store import chats, comparisons, groups, subscriptions
from pipeline.store.accounts import by_name
from pipeline.store.rules import (
    AlreadySubscribedError,
    NoSubscriptionError,
    TooManySubscriptionsError,
    UnclearSubscriptionError,
    UnknownChartError,
)
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.timing import LIVE, Timing

MAX_SUBSCRIPTIONS = 5  # the charts of a group share its 20 messages a minute
MESSAGE_TIMEOUT = timedelta(hours=1)
"""How long a chart waits for the message that will show it: Telegram may make the bot wait before it sends that."""
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""A next_at in the past: the delivery goes before all those that are due since a later moment."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a chart goes: a chat, its topic, and the message that shows the chart; None where there is none yet.

    owner_id: the only person in a group who may change a single chart there, beside admins; None for all admins alone.
    """

    chat_id: int
    thread_id: int | None
    message_id: int | None = None
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which of a chat's subscriptions are meant: by default all.

    thread_id: those of this forum topic. subscription_id: this one. message_id: those whose chart is in this message;
    comparison_id: what its buttons name, None where it has none; is_sent_by_itself: they stop such messages. handles,
    groups: those that show all of these accounts and of these groups.
    """

    chat_id: int
    thread_id: int | None = None
    subscription_id: int | None = None
    message_id: int | None = None
    comparison_id: int | None = None
    is_sent_by_itself: bool = False
    handles: tuple[Handle, ...] = ()
    groups: tuple[str, ...] = ()


class Requested(NamedTuple):
    """A new subscription, the comparison to draw for it, and the earliest time of its first delivery."""

    subscription_id: int
    comparison_id: int
    next_at: datetime


class Summary(NamedTuple):
    """What a subscription shows, of which accounts, and when. pinned_message_id: the message that the bot pinned."""

    comparison: Comparison
    accounts: Sequence[Account]
    timing: Timing
    pinned_message_id: int | None = None


class Changed(NamedTuple):
    """A subscription whose timing was changed: as it was before, and the comparison to draw for it."""

    before: Summary
    comparison_id: int


def request_once(session: Session, destination: Destination, comparison: Comparison, now: datetime) -> Requested:
    """Request a single chart. It waits for subscriptions.set_message, MESSAGE_TIMEOUT at most."""
    subscription = _new_subscription(destination, Mode.ONCE, next_at=now + MESSAGE_TIMEOUT)
    return _request(session, subscription, comparison, now)


def subscribe(  # noqa: PLR0913 each is a choice of the person
    session: Session,
    destination: Destination,
    comparison: Comparison,
    *,
    timing: Timing,
    all_tracked: bool,
    group_names: Sequence[str] = (),
    now: datetime,
) -> Requested:
    """Subscribe a chat to a comparison.

    timing: a live chart waits for subscriptions.set_message, MESSAGE_TIMEOUT at most; one at an interval comes at once
    for the first time, and one by a schedule when that says. all_tracked: the comparison follows whatever the chat
    tracks. group_names: the groups that it follows. Raises AlreadySubscribedError, TooManySubscriptionsError.
    """
    _check_new(session, destination.chat_id, comparison, timing)
    subscription = _new_subscription(destination, timing.mode, next_at=AT_ONCE)
    subscription.all_tracked = all_tracked
    subscription.groups = tuple(group_names)
    _set_timing(subscription, timing)
    requested = _request(session, subscription, comparison, now)
    if timing == LIVE:
        subscription.next_at = now + MESSAGE_TIMEOUT
    if timing.schedule:
        subscription.next_at = _next_delivery(session, subscription, now)
        subscription.requested_at = None  # nobody waits for it before then
    session.flush()
    return requested._replace(next_at=subscription.next_at)


def in_scope(session: Session, scope: Scope) -> list[Subscription]:
    """The subscriptions that are meant, oldest first. Raises NoSubscriptionError where there is none.

    Of new messages it is not stored which ones were sent: a message with the buttons of the comparison, or of what that
    was before, is one of them.
    """
    found = list(subscriptions.list_of_chat(session, scope.chat_id, scope.thread_id))
    if scope.subscription_id is not None:
        found = [each for each in found if each.id == scope.subscription_id]
    if scope.message_id is not None:
        shown = [each for each in found if each.message_id == scope.message_id]
        sent = [each for each in found if each.mode is Mode.NEW and each.comparison_id == scope.comparison_id]
        changed = _list_changed(session, scope.chat_id, scope.comparison_id) if scope.is_sent_by_itself else []
        found = shown or sent or changed
    if scope.handles or scope.groups:
        found = [each for each in found if _shows_all(session, each, scope)]
    if not found:
        raise NoSubscriptionError
    return found


def _shows_all(session: Session, subscription: Subscription, scope: Scope) -> bool:
    """Whether it shows all accounts of the scope, and each group: by its name, or by exactly its accounts."""
    shown = by_name(comparisons.list_accounts(session, subscription.comparison_id))
    shown_ids = {account.id for account in shown.values()}
    members = groups.list_ids(session, scope.chat_id)
    return {handle.folded for handle in scope.handles} <= shown.keys() and all(
        name in (subscription.groups or ()) or {*members.get(name, ())} == shown_ids for name in scope.groups
    )


def summarize(session: Session, subscription: Subscription) -> Summary:
    accounts = comparisons.list_accounts(session, subscription.comparison_id)
    comparison = comparison_of(session, subscription)
    return Summary(comparison, accounts, subscription.timing, subscription.pinned_message_id)


def unsubscribe(session: Session, scope: Scope) -> list[Summary]:
    """End the subscriptions that are meant. Raises NoSubscriptionError where there is none."""
    meant = in_scope(session, scope)
    ended = [summarize(session, each) for each in meant]
    for subscription in meant:
        _end(session, subscription)
    return ended


def _end(session: Session, subscription: Subscription) -> None:
    """A live message is delivered once more, for the buttons of a single chart."""
    if subscription.mode is Mode.LIVE and subscription.message_id is not None:
        _make_single(subscription)
        session.flush()
    else:
        subscriptions.remove(session, subscription.id)


def pause(session: Session, scope: Scope) -> list[Summary]:
    """Deliver nothing of these subscriptions by itself. Raises NoSubscriptionError where none is going on."""
    paused = [each for each in in_scope(session, scope) if not each.paused]
    for subscription in paused:
        subscription.paused = True
    session.flush()
    if not paused:
        raise NoSubscriptionError
    return [summarize(session, each) for each in paused]


def resume(session: Session, scope: Scope, now: datetime) -> tuple[list[Summary], list[int]]:
    """Let these subscriptions go on, with the newest chart; one with a schedule at its next time.

    Returns what they are, and the comparisons to draw. Raises NoSubscriptionError where none is paused.
    """
    paused = [each for each in in_scope(session, scope) if each.paused]
    for subscription in paused:
        subscription.paused = False
        subscription.next_at = _next_delivery(session, subscription, now) if subscription.schedule else now
        row = session.get_one(ComparisonRow, subscription.comparison_id)
        subscription.min_version = comparisons.request_redraw(session, row)
    session.flush()
    if not paused:
        raise NoSubscriptionError
    return [summarize(session, each) for each in paused], [each.comparison_id for each in paused]


def change_timing(session: Session, scope: Scope, timing: Timing, now: datetime) -> Changed:
    """Let the one subscription that is meant deliver at other times.

    A live message stays as it is. A chart that becomes live is sent in a message of its own at once.
    Raises AlreadySubscribedError, NoSubscriptionError.
    """
    [subscription] = in_scope(session, scope)
    comparison = comparison_of(session, subscription)
    others = [each for each in subscriptions.list_of_chat(session, scope.chat_id) if each is not subscription]
    _check_unlike(session, others, comparison, timing)
    before, destination = summarize(session, subscription), Destination(scope.chat_id, subscription.thread_id)
    changed = _new_subscription(destination, timing.mode, next_at=now)
    changed.all_tracked, changed.groups = subscription.all_tracked, subscription.groups
    changed.requested_count = subscription.requested_count
    _set_timing(changed, timing)
    _end(session, subscription)
    comparison_id = _request(session, changed, comparison, now).comparison_id
    if timing != LIVE:
        changed.next_at, changed.requested_at = _next_delivery(session, changed, now), None
    session.flush()
    return Changed(before, comparison_id)


def pin(session: Session, scope: Scope) -> tuple[int, int | None]:
    """Have the message of the live subscription that is meant pinned, and each one that takes its place.

    Returns the ids of the subscription and of its message, None where that is yet to be sent.
    Raises NoSubscriptionError where there is none, and UnclearSubscriptionError where there are several.
    """
    live = [each for each in in_scope(session, scope) if each.mode is Mode.LIVE]
    if not live:
        raise NoSubscriptionError
    if len(live) > 1:
        raise UnclearSubscriptionError
    live[0].pinned = True
    session.flush()
    return live[0].id, live[0].message_id


def unpin(session: Session, scope: Scope) -> list[Summary]:
    """Pin the messages of these subscriptions no more. Returns what they are, with the messages that are pinned."""
    found = in_scope(session, scope)
    summaries = [summarize(session, each) for each in found]
    for subscription in found:
        subscriptions.set_pinned_message(session, subscription.id, None)
    return summaries


def comparison_of(session: Session, subscription: Subscription) -> Comparison:
    """What the subscription shows."""
    return comparisons.to_record(session, session.get_one(ComparisonRow, subscription.comparison_id))


def mode_in_message(session: Session, chat_id: int, message_id: int, comparison_id: int) -> Mode:
    """How the chat is shown the chart in this message. comparison_id: what the message's buttons name."""
    subscription = subscriptions.find_by_message(session, chat_id, message_id)
    if subscription is not None:
        return subscription.mode
    return Mode.NEW if _list_new(session, chat_id, comparison_id) else Mode.ONCE


def is_awaited(session: Session, destination: Destination) -> bool:
    """Whether the message waits for a chart that somebody asked for."""
    subscription = _subscription_in(session, destination)
    return subscription is not None and subscription.requested_at is not None


def hold(session: Session, chat_id: int, message_id: int, until: datetime) -> None:
    """Deliver no chart into the message before that moment, but one that somebody waits for."""
    subscription = subscriptions.find_by_message(session, chat_id, message_id)
    if subscription is not None and subscription.requested_at is None:
        subscription.next_at = max(subscription.next_at, until)
        session.flush()


def _list_new(session: Session, chat_id: int, comparison_id: int) -> list[Subscription]:
    """The chat's subscriptions to new messages with this comparison."""
    present = subscriptions.list_of_chat(session, chat_id)
    return [each for each in present if each.mode is Mode.NEW and each.comparison_id == comparison_id]


def _list_changed(session: Session, chat_id: int, former_id: int | None) -> list[Subscription]:
    """The chat's subscriptions to new messages that may have sent this comparison before it changed by itself."""
    former = comparisons.get_record(session, former_id) if former_id is not None else None
    present = subscriptions.list_of_chat(session, chat_id) if former is not None else []
    return [each for each in present if former and each.mode is Mode.NEW and _may_have_shown(session, each, former)]


def _may_have_shown(session: Session, subscription: Subscription, former: Comparison) -> bool:
    """Whether it differs from what it shows by what changes by itself: the chat's look, and the accounts it follows."""
    shown = comparison_of(session, subscription)
    look = shown.spec
    alike = replace(former.spec, theme=look.theme, language=look.language, time_zone=look.time_zone) == shown.spec
    follows = subscription.all_tracked or bool(subscription.groups)
    return alike and (follows or former.accounts == shown.accounts)


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
    if comparison.spec.count != comparison_of(session, subscription).spec.count:
        subscription.requested_count = None
    return [_switch_at_once(session, subscription, comparison, now)]


def keep_live(session: Session, destination: Destination, comparison: Comparison, now: datetime) -> list[int]:
    """Keep the chart in a message fresh from now on. Raises AlreadySubscribedError, TooManySubscriptionsError."""
    _check_new(session, destination.chat_id, comparison, LIVE)
    subscription = _subscription_in(session, destination)
    if subscription is None:
        new = _new_subscription(destination, Mode.LIVE, next_at=AT_ONCE)
        return [_request(session, new, comparison, now).comparison_id]
    subscription.mode, subscription.owner_id = Mode.LIVE, None
    return [_switch_at_once(session, subscription, comparison, now)]


def stop_updates(session: Session, chat_id: int, message_id: int, comparison_id: int) -> None:
    """Leave a live message as it is, or end the new messages with the comparison that this one shows.

    A live message is delivered once more, for the buttons of a single chart. Raises UnknownChartError where the chart
    is neither.
    """
    subscription = subscriptions.find_by_message(session, chat_id, message_id)
    if subscription is not None and subscription.mode is Mode.LIVE:
        _make_single(subscription)
        session.flush()
        return
    new = _list_new(session, chat_id, comparison_id) if subscription is None else []
    if subscription is None and not new:
        new = _list_changed(session, chat_id, comparison_id)
    if not new:
        raise UnknownChartError
    for each in new:
        subscriptions.remove(session, each.id)


def _make_single(subscription: Subscription) -> None:
    subscription.mode, subscription.delivered_digest = Mode.ONCE, None
    subscription.paused = subscription.pinned = False


def follow_tracked(session: Session, chat_id: int) -> list[int]:
    """Switch the subscriptions to all tracked accounts to what the chat tracks now; end them where that is nothing.

    Each stays measured as it was, also where the accounts are of several networks from now on: a chart's figures never
    change their meaning by themselves. The picture then notes that audiences differ.
    """
    ids = tuple(sorted(account.id for account in chats.list_tracked_accounts(session, chat_id)))
    switched = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        if subscription.all_tracked and ids:
            comparison = replace(comparison_of(session, subscription), accounts=ids)
            switched.append(_switch(session, subscription, comparison))
        elif subscription.all_tracked:
            subscriptions.remove(session, subscription.id)
    return switched


def follow_groups(session: Session, chat_id: int, left: Collection[int] = ()) -> list[int]:
    """Switch the subscriptions to groups to the accounts that the groups hold now; end those without any account.

    left: the ids of the accounts that left a group or are tracked no more. One that was named beside the group leaves
    the chart with it.
    """
    members = groups.list_ids(session, chat_id)
    switched = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        if not subscription.groups:
            continue
        subscription.groups = tuple(name for name in subscription.groups if name in members)
        shown = comparison_of(session, subscription)
        ids = {*shown.accounts} - {*left} | {each for name in subscription.groups for each in members[name]}
        if not ids:
            subscriptions.remove(session, subscription.id)
        elif ids != {*shown.accounts}:
            switched.append(_switch(session, subscription, replace(shown, accounts=tuple(sorted(ids)))))
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
    time_zone: str | None = None,
    initial_language: Language,
    now: datetime,
) -> list[int]:
    """Set the chat's theme, language or time zone, and switch its subscriptions to charts that have it.

    initial_language: of a chat that is not stored yet. What waits for the end of the quiet hours is due now, unless
    they last in the new time zone too; schedules go by the new one.
    """
    chats.add(session, chat_id, now, initial_language)
    chats.set_preferences(session, chat_id, theme=theme, language=language, time_zone=time_zone)
    if time_zone:
        subscriptions.release_held(session, chat_id, now)
        subscriptions.reschedule(session, chat_id, now)
    switched = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        shown = comparison_of(session, subscription)
        spec = replace(
            shown.spec,
            theme=theme or shown.spec.theme,
            language=language or shown.spec.language,
            time_zone=time_zone or shown.spec.time_zone,
        )
        if spec != shown.spec:
            switched.append(_switch(session, subscription, replace(shown, spec=spec)))
    return switched


def _check_new(session: Session, chat_id: int, comparison: Comparison, timing: Timing) -> None:
    present = subscriptions.list_of_chat(session, chat_id)
    _check_unlike(session, present, comparison, timing)
    if len(present) >= MAX_SUBSCRIPTIONS:
        raise TooManySubscriptionsError(MAX_SUBSCRIPTIONS)


def _check_unlike(session: Session, present: Iterable[Subscription], comparison: Comparison, timing: Timing) -> None:
    """A chart comes to a chat once live, once at an interval, and once by each schedule."""
    alike = (each for each in present if (each.mode, each.schedule) == (timing.mode, timing.schedule))
    if any(comparison_of(session, each) == comparison for each in alike):
        raise AlreadySubscribedError


def _new_subscription(destination: Destination, mode: Mode, *, next_at: datetime) -> Subscription:
    return Subscription(
        chat_id=destination.chat_id,
        thread_id=destination.thread_id,
        message_id=destination.message_id,
        owner_id=destination.owner_id if mode is Mode.ONCE else None,
        all_tracked=False,
        mode=mode,
        next_at=next_at,
    )


def _set_timing(subscription: Subscription, timing: Timing) -> None:
    subscription.interval_s, subscription.schedule = timing.interval_s, timing.schedule


def _next_delivery(session: Session, subscription: Subscription, now: datetime) -> datetime:
    zone = subscriptions.zone_of(session, subscription.chat_id)
    return subscriptions.next_delivery(subscription.timing, zone, now)


def _request(session: Session, subscription: Subscription, comparison: Comparison, now: datetime) -> Requested:
    """Store the subscription, and have its comparison drawn anew for it."""
    row = comparisons.get_or_create(session, comparison)
    subscription.comparison_id = row.id
    subscription.min_version = comparisons.request_redraw(session, row)
    subscription.requested_at = now
    return Requested(subscriptions.add(session, subscription).id, row.id, subscription.next_at)


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
