"""Sentences that describe comparisons, subscriptions and why a chart does not arrive."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot import phrasing, telegram_errors
from pipeline.chart.views import VIEWS
from pipeline.i18n import SPANS, Translator, lazy_gettext, lazy_ngettext
from pipeline.records import DROPBOX, ChartSpec, Comparison, Handle, LazyString, Mode, Normalization, QuietHours
from pipeline.sources.registry import noun
from pipeline.store import chat_charts, circuit_breakers, dropbox_files
from pipeline.store.chat_charts import Summary
from pipeline.store.tables import Account, Subscription
from pipeline.store.timing import EVERY_DAY, Schedule, Timing

NORMALIZATION_SUFFIXES = {
    Normalization.RATE: lazy_gettext("per 1,000 views"),
    Normalization.DAILY: lazy_gettext("per day"),
    Normalization.FOLLOWERS: lazy_gettext("per 1,000 followers"),
}
SETTINGS = lazy_gettext(
    "How charts look here, which language I speak, and how new messages come that you did not just ask for:"
)
KNOWN_PROBLEMS = {
    telegram_errors.ErrorKind.NO_RIGHTS.name: lazy_gettext("I'm not allowed to send photos here"),
    telegram_errors.ErrorKind.TOPIC_GONE.name: lazy_gettext("its topic is closed or deleted"),
    telegram_errors.UNREACHABLE: lazy_gettext("Telegram cannot be reached"),
    telegram_errors.NO_WAY_THROUGH: lazy_gettext("Telegram cannot be reached through the proxy"),
    telegram_errors.UNANSWERED: lazy_gettext("Telegram does not answer"),
}
"""By Subscription.problem. Any other problem is a text of Telegram's."""


def describe_comparison(comparison: Comparison, accounts: Sequence[Account]) -> LazyString:
    """As in: likes of the last 100 posts of @nasa and @esa, per day (Race)."""
    what = lazy_ngettext(
        "{metric} of the last post of {names}",
        "{metric} of the last {count} posts of {names}",
        metric=noun(comparison.spec.metric, {account.network for account in accounts}),
        count=comparison.spec.count,
        names=phrasing.list_some(_names(accounts)),
    )
    suffixes = [NORMALIZATION_SUFFIXES.get(comparison.spec.normalization), replies_suffix(comparison.spec)]
    for suffix in filter(None, suffixes):
        what = lazy_gettext("{what}, {by}", what=what, by=suffix)
    view = VIEWS[comparison.spec.view]
    if not view.takes_span:
        return lazy_gettext("{what} ({view})", what=what, view=view.name)
    return lazy_gettext("{what} ({view}, {span})", what=what, view=view.name, span=SPANS[comparison.spec.span])


def replies_suffix(spec: ChartSpec) -> LazyString | None:
    """That replies are compared too, which is not usual."""
    return lazy_gettext("with replies") if spec.replies else None


def _names(accounts: Sequence[Account]) -> list[str]:
    """The accounts, with their networks where they are of several."""
    several = len({account.network for account in accounts}) > 1
    return phrasing.name_accounts((Handle(each.network, each.handle) for each in accounts), with_networks=several)


def describe_timing(timing: Timing) -> LazyString:
    """As in: live; every 2 hours; Monday and Friday at 09:00."""
    if timing.schedule:
        return _describe_schedule(timing.schedule)
    if timing.interval is None:
        return lazy_gettext("live")
    minutes = int(timing.interval.total_seconds()) // 60
    hours, odd_minutes = divmod(minutes, 60)
    if odd_minutes:
        return lazy_ngettext("every minute", "every {count} minutes", count=minutes)
    days, odd_hours = divmod(hours, 24)
    if odd_hours:
        return lazy_ngettext("every hour", "every {count} hours", count=hours)
    return lazy_ngettext("every 24 hours", "every {count} days", count=days)


def _describe_schedule(schedule: Schedule) -> LazyString:
    times = [each.strftime("%H:%M") for each in schedule.times]
    if schedule.days == EVERY_DAY:
        return lazy_gettext("daily at {times}", times=times)
    if schedule.days == EVERY_DAY[:5]:
        return lazy_gettext("Monday to Friday at {times}", times=times)
    return lazy_gettext("{days:weekdays} at {times}", days=[*map(str, schedule.days)], times=times)


def describe_summary(summary: Summary) -> LazyString:
    """A subscription in full: what it shows, and when."""
    what = describe_comparison(summary.comparison, summary.accounts)
    return lazy_gettext("{what} · {timing}", what=what, timing=describe_timing(summary.timing))


def describe_subscription(session: Session, subscription: Subscription) -> LazyString:
    """The subscription in full; a single chart by what it shows."""
    summary = chat_charts.summarize(session, subscription)
    if subscription.mode is Mode.ONCE:
        return describe_comparison(summary.comparison, summary.accounts)
    return describe_summary(summary)


def describe_time_zone(translator: Translator, now: datetime) -> LazyString:
    zone = translator.zone_label(now)
    return lazy_gettext("Time zone: {zone}, now {at:moment}. /timezone changes it.", zone=zone, at=now)


def describe_quiet_hours(hours: QuietHours | None, translator: Translator, now: datetime) -> LazyString:
    """As in: Quiet hours: 22:00–07:00 CET."""
    if hours is None:
        return lazy_gettext("Quiet hours: none. /quiet 22-7 keeps the nights quiet.")
    return lazy_gettext(
        "Quiet hours: {start}–{end} {zone}. /quiet changes them.",
        start=f"{hours.start:%H:%M}",
        end=f"{hours.end:%H:%M}",
        zone=translator.zone_name(now),
    )


def describe_settings(hours: QuietHours | None, translator: Translator, now: datetime) -> list[LazyString]:
    """The text over the buttons of keyboards.chat_settings."""
    return [describe_time_zone(translator, now), describe_quiet_hours(hours, translator, now), SETTINGS]


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
    return lazy_gettext("not arriving since {since:moment}: {reason}", since=subscription.failing_since, reason=reason)


def describe_dropbox_problem(session: Session) -> LazyString | None:
    """Why files do not get to Dropbox; None where they do."""
    breaker = circuit_breakers.find(session, DROPBOX)
    if breaker is not None:
        return lazy_gettext(
            "Dropbox: {problem} (since {since:moment}). I keep trying.",
            problem=breaker.reason,
            since=breaker.opened_at,
        )
    problem = dropbox_files.find_problem(session)
    return lazy_gettext("Dropbox: {problem}. I keep trying.", problem=problem) if problem else None
