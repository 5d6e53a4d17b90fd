"""Sentences that describe comparisons, subscriptions and why a chart does not arrive."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot import phrasing, telegram_errors
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import Comparison, LazyString, Normalization
from pipeline.sources.registry import noun
from pipeline.store import chat_charts, comparisons
from pipeline.store.tables import Account, Subscription

NORMALIZATION_SUFFIXES = {
    Normalization.RATE: lazy_gettext("per 1,000 views"),
    Normalization.DAILY: lazy_gettext("per day"),
}
KNOWN_PROBLEMS = {
    telegram_errors.ErrorKind.NO_RIGHTS.name: lazy_gettext("I may not send photos here"),
    telegram_errors.ErrorKind.TOPIC_GONE.name: lazy_gettext("its topic is closed or deleted"),
    telegram_errors.UNREACHABLE: lazy_gettext("Telegram cannot be reached"),
    telegram_errors.UNANSWERED: lazy_gettext("Telegram does not answer"),
}
"""By Subscription.problem. Any other problem is a text of Telegram's."""


def describe_comparison(comparison: Comparison, accounts: Sequence[Account]) -> LazyString:
    """As in: likes of the last 100 posts of @nasa and @esa, per day."""
    what = lazy_ngettext(
        "{metric} of the last post of {names}",
        "{metric} of the last {count} posts of {names}",
        metric=noun(comparison.spec.metric, {account.network for account in accounts}),
        count=comparison.spec.count,
        names=phrasing.list_handles(account.handle for account in accounts),
    )
    suffix = NORMALIZATION_SUFFIXES.get(comparison.spec.normalization)
    return lazy_gettext("{what}, {by}", what=what, by=suffix) if suffix else what


def describe_subscription(session: Session, subscription: Subscription) -> LazyString:
    """What the subscription shows."""
    accounts = comparisons.list_accounts(session, subscription.comparison_id)
    return describe_comparison(chat_charts.comparison_of(session, subscription), accounts)


def find_description(session: Session, subscription_id: int) -> LazyString | None:
    """What the subscription with this id shows; None where it has ended."""
    subscription = session.get(Subscription, subscription_id)
    return describe_subscription(session, subscription) if subscription else None


def describe_problem(subscription: Subscription) -> LazyString | None:
    """Why the subscription's charts do not arrive, and since when; None where they do."""
    if subscription.failing_since is None:
        return None
    problem = subscription.problem or ""
    reason = KNOWN_PROBLEMS.get(problem) or lazy_gettext("Telegram says “{reason}”", reason=phrasing.shorten(problem))
    return lazy_gettext("not shown since {since:moment}: {reason}", since=subscription.failing_since, reason=reason)
