"""What /compare, /subscribe and the buttons share: from a wish to a comparison that a chat may see."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot import parsing, phrasing, telegram_errors
from bot.command_context import CommandContext
from bot.parsing import ChartRequest
from pipeline import clock
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import METRICS, lazy_gettext, lazy_ngettext
from pipeline.records import Comparison, Language, LazyString, Mode, Normalization, Theme
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Comparison as ComparisonRow

MOST_SUBSCRIPTIONS = 5  # a group's charts share its 20 messages a minute
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
BY = {Normalization.RATE: lazy_gettext("per 1,000 views"), Normalization.DAILY: lazy_gettext("per day")}
MESSAGE_WITHIN = timedelta(hours=1)
"""In which a chart waits for the message that it is to show in: Telegram may ask to wait before it takes that."""
TROUBLES = {
    "NO_RIGHTS": lazy_gettext("I may not send photos here"),
    "TOPIC_GONE": lazy_gettext("its topic is closed or deleted"),
    telegram_errors.UNREACHABLE: lazy_gettext("Telegram cannot be reached"),
    telegram_errors.UNANSWERED: lazy_gettext("Telegram does not answer"),
}
NOTHING_TRACKED = lazy_gettext(
    "This chat tracks no account yet. Start with /track and some names, for example /track @nasa @esa."
)


async def read(command_context: CommandContext) -> tuple[ChartRequest, Sequence[Account]]:
    """The wish in the call's words and the accounts it is about."""
    tracked = await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    if not tracked:
        raise UserError(NOTHING_TRACKED)
    wish = parsing.parse_chart_request(
        command_context.args,
        (account.handle for account in tracked),
        command_context.context.settings.posts_per_account,
    )
    if not wish.handles:
        return wish, tracked
    by_name = {account.handle.lower(): account for account in tracked}
    unknown = [handle for handle in wish.handles if handle.lower() not in by_name]
    if unknown:
        raise UserError(
            lazy_gettext(
                "{names}: not tracked here. First /track {them}",
                names=phrasing.list_handles(unknown),
                them=" ".join(f"@{name}" for name in unknown[:5]),
            )
        )
    return wish, [by_name[handle.lower()] for handle in wish.handles]


async def comparison(command_context: CommandContext, wish: ChartRequest, accounts: Sequence[Account]) -> Comparison:
    """What is wished, in the chat's own theme and language unless the wish names another."""
    usual = await command_context.context.read(chats.default_spec, command_context.chat_id)
    spec = wish.spec(replace(usual, count=command_context.context.settings.posts_per_account))
    return Comparison(tuple(sorted(account.id for account in accounts)), fitted(spec))


def spoken(asked: Comparison, accounts: Sequence[Account]) -> LazyString:
    """As in: retweets of the last 100 posts of @nasa and @esa, per day."""
    what = lazy_ngettext(
        "{metric} of the last post of {names}",
        "{metric} of the last {count} posts of {names}",
        metric=METRICS[asked.spec.metric],
        count=asked.spec.count,
        names=phrasing.list_handles(account.handle for account in accounts),
    )
    by = BY.get(asked.spec.normalization)
    return lazy_gettext("{what}, {by}", what=what, by=by) if by else what


def show(session: Session, subscription: Subscription, asked: Comparison) -> Subscription:
    """Keep the subscription, and have its comparison drawn afresh for it."""
    row = comparisons.get_or_create(session, asked)
    subscription.comparison_id = row.id
    subscription.min_version = comparisons.request_redraw(session, row)
    subscription.requested_at = clock.now()
    return subscriptions.add(session, subscription)


def shown_by(session: Session, subscription: Subscription) -> Comparison:
    return comparisons.to_record(session, session.get_one(ComparisonRow, subscription.comparison_id))


def check_room(session: Session, chat_id: int, asked: Comparison, mode: Mode) -> None:
    """Refuse a subscription that the chat has already, or one too many."""
    kept = subscriptions.list_of_chat(session, chat_id)
    if any(each.mode is mode and shown_by(session, each) == asked for each in kept):
        raise UserError(
            lazy_gettext("This chat is subscribed to that chart already. /list shows it, /unsubscribe ends it.")
        )
    if len(kept) >= MOST_SUBSCRIPTIONS:
        raise UserError(
            lazy_ngettext(
                "A chat may have {count} subscription. End it with /unsubscribe first.",
                "A chat may have {count} subscriptions. End one with /unsubscribe first.",
                count=MOST_SUBSCRIPTIONS,
            )
        )


def follow_tracked(session: Session, chat_id: int) -> list[int]:
    """Point the subscriptions to everything that the chat tracks at what it tracks now; returns what is to be drawn."""
    ids = tuple(sorted(account.id for account in chats.list_tracked_accounts(session, chat_id)))
    pointed = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        if subscription.all_tracked and ids:
            row = comparisons.get_or_create(session, replace(shown_by(session, subscription), accounts=ids))
            subscriptions.switch_comparison(session, subscription.id, row.id, comparisons.request_redraw(session, row))
            pointed.append(row.id)
        elif subscription.all_tracked:
            subscriptions.remove(session, subscription.id)
    return pointed


def restyle(
    session: Session, chat_id: int, *, theme: Theme | None = None, language: Language | None = None
) -> list[int]:
    """Choose the theme of the chat's charts or its language, for those kept fresh too; returns what is to be drawn."""
    chats.set_preferences(session, chat_id, theme=theme, language=language)
    pointed = []
    for subscription in subscriptions.list_of_chat(session, chat_id):
        shown = shown_by(session, subscription)
        spec = replace(shown.spec, theme=theme or shown.spec.theme, language=language or shown.spec.language)
        if spec != shown.spec:
            row = comparisons.get_or_create(session, replace(shown, spec=spec))
            subscriptions.switch_comparison(session, subscription.id, row.id, comparisons.request_redraw(session, row))
            pointed.append(row.id)
    return pointed


def drop_untracked(session: Session, chat_id: int) -> int:
    """End the subscriptions to chosen accounts of which one is not tracked any more; returns how many."""
    ids = {account.id for account in chats.list_tracked_accounts(session, chat_id)}
    lost = [
        subscription.id
        for subscription in subscriptions.list_of_chat(session, chat_id)
        if not subscription.all_tracked and not ids.issuperset(shown_by(session, subscription).accounts)
    ]
    for subscription_id in lost:
        subscriptions.remove(session, subscription_id)
    return len(lost)


def spoken_of(session: Session, subscription_id: int) -> LazyString | None:
    """What a subscription shows, in words; None where it has ended."""
    subscription = session.get(Subscription, subscription_id)
    if subscription is None:
        return None
    return spoken(shown_by(session, subscription), comparisons.list_accounts(session, subscription.comparison_id))


def trouble_of(subscription: Subscription) -> LazyString | None:
    """Why a subscription is not shown just now, and since when; None where all is well."""
    if subscription.failing_since is None:
        return None
    known = TROUBLES.get(subscription.problem or "")
    reason = known or lazy_gettext("Telegram says “{reason}”", reason=phrasing.shorten(subscription.problem or ""))
    return lazy_gettext("not shown since {since:moment}: {reason}", since=subscription.failing_since, reason=reason)
