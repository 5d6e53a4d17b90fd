"""What accounts will cost, told before they are read."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.planning import estimate
from pipeline.records import LazyString, Profile
from pipeline.settings import Settings
from pipeline.sources.source import Network, Price
from pipeline.store import budget
from pipeline.store.budget import Known
from pipeline.store.ledger import Money

MAX_LINES = 10
"""Accounts that are told one by one."""
NEWEST = 20
"""Posts that a first reading begins with."""
WEEK, MONTH = Decimal(7), Decimal(30)
MANY = Decimal("0.95")
"""A rate that is rounded to one."""


class Cost(NamedTuple):
    """What an account costs, in US dollars. posts_per_day: None where the network does not tell.

    first: its first reading, with its look-up; None where it is read already. to_read: of that what is not paid yet.
    daily: the chat's part of what it costs a day after that; None where that cannot be estimated. is_new: no other
    chat tracks it.
    """

    handle: str
    posts_per_day: Decimal | None
    first: Decimal | None
    to_read: Decimal
    daily: Decimal | None
    is_new: bool


def describe(  # noqa: PLR0913 what is to be tracked, where, and when
    session: Session, settings: Settings, network: Network, profiles: Sequence[Profile], *, chat_id: int, now: datetime
) -> list[LazyString]:
    """What these accounts of a network cost the chat that is about to track them, and whether that fits."""
    if network.price is None:
        return []
    at, money = budget.money_now(session, network, settings, now)
    left = budget.left_for(session, network, money, chat_id)
    known = budget.known(session, network, [profile.remote_id or "" for profile in profiles], chat_id)
    costs = [
        _cost(each, known.get(each.remote_id or "", Known()), network.price, settings.posts_per_account, at)
        for each in profiles
    ]
    running = budget.estimated_usd(session, network, network.price)
    running += sum(((each.daily or Decimal(0)) for each in costs if each.is_new), Decimal(0))
    return [
        *_lines(costs, left),
        *_warnings(network, network.price, costs, money, left),
        *_pace(network, money, running),
    ]


def _cost(profile: Profile, known: Known, price: Price, window: int, at: datetime) -> Cost:
    rate = Decimal(known.posts_per_day) if known.posts_per_day is not None else _posts_per_day(profile, at)
    posts = window if profile.posts is None else profile.posts
    first = estimate.first_reading_usd(posts, window, price.post_usd, price.profile_usd)
    return Cost(
        handle=profile.handle,
        posts_per_day=rate,
        first=None if known.is_read else first,
        to_read=Decimal(0) if known.is_read else (first - price.profile_usd) / (known.others + 1),
        daily=None if rate is None else estimate.daily_usd(rate, price.post_usd) / (known.others + 1),
        is_new=not known.others,
    )


def _posts_per_day(profile: Profile, at: datetime) -> Decimal | None:
    if profile.posts is None or profile.joined_at is None:
        return None
    return estimate.posts_a_day(profile.posts, at - profile.joined_at)


def _lines(costs: Sequence[Cost], left: Decimal) -> list[LazyString]:
    """A line for each account and one for all of them together, the last one with what is left today."""
    lines = [_line(each) for each in costs[:MAX_LINES]]
    if len(costs) > MAX_LINES:
        lines.append(lazy_ngettext("and {count} more", "and {count} more", count=len(costs) - MAX_LINES))
    if len(costs) > 1:
        lines.append(
            lazy_gettext(
                "Together: {first:usd} at first, then about {daily:usd} a day.",
                first=sum((each.first or Decimal(0) for each in costs), Decimal(0)),
                daily=sum((each.daily or Decimal(0) for each in costs), Decimal(0)),
            )
        )
    return [*lines[:-1], lazy_gettext("{cost} Left for today: {left:usd}.", cost=lines[-1], left=left)]


def _line(cost: Cost) -> LazyString:
    handle, rate, first, daily = cost.handle, describe_rate(cost.posts_per_day), cost.first, cost.daily
    if daily is None and first is None:
        return lazy_gettext("@{handle}: {rate}. I already read it.", handle=handle, rate=rate)
    if daily is None:
        return lazy_gettext(
            "@{handle}: {rate}. Reading it costs up to {first:usd} at first.", handle=handle, rate=rate, first=first
        )
    if first is None:
        return lazy_gettext(
            "@{handle}: {rate}. I already read it; from now on it costs about {daily:usd} a day.",
            handle=handle,
            rate=rate,
            daily=daily,
        )
    return lazy_gettext(
        "@{handle}: {rate}. Reading it costs {first:usd} at first, then about {daily:usd} a day.",
        handle=handle,
        rate=rate,
        first=first,
        daily=daily,
    )


def describe_rate(per_day: Decimal | None) -> LazyString:
    """How many posts an account makes a day, a week or a month, as whole numbers."""
    if per_day is None:
        return lazy_gettext("how often it posts is not known yet")
    day, week, month = (round(per_day * days) for days in (1, WEEK, MONTH))
    if per_day >= MANY:
        return lazy_ngettext("about {count:number} post a day", "about {count:number} posts a day", count=day)
    if per_day * WEEK >= MANY:
        return lazy_ngettext("about {count:number} post a week", "about {count:number} posts a week", count=week)
    if per_day * MONTH >= MANY:
        return lazy_ngettext("about {count:number} post a month", "about {count:number} posts a month", count=month)
    return lazy_gettext("hardly any posts")


def _warnings(network: Network, price: Price, costs: Sequence[Cost], money: Money, left: Decimal) -> list[LazyString]:
    """Why the first readings do not fit into the day, and what happens then; nothing where they fit."""
    to_read, limit = sum(each.to_read for each in costs), min(money.daily, money.monthly)
    smallest = budget.smallest_usd(price)
    if to_read <= left:
        return []
    if limit < smallest:
        return [
            lazy_gettext(
                "I read nothing on {network} while the limit for it is {limit:usd}. The bot's owner can raise it.",
                network=network.name,
                limit=limit,
            )
        ]
    if left < smallest:
        midnight = datetime.combine(money.day + timedelta(days=1), time(), UTC)
        return [
            lazy_gettext(
                "Today's money is spent: reading starts {until:moment} at the latest, newest {newest} posts "
                "first. Other charts go on. The bot's owner can raise the limit.",
                until=money.until if money.left < smallest else midnight,
                newest=NEWEST,
            )
        ]
    return [
        lazy_gettext(
            "Today's money is not enough for all of it: the newest {newest} posts of each come first, older "
            "ones when there is money. Other charts go on. The bot's owner can raise the limit.",
            newest=NEWEST,
        )
    ]


def _pace(network: Network, money: Money, running: Decimal) -> list[LazyString]:
    """Whether all that is tracked costs more a day than the limits allow. running: an estimate, in US dollars."""
    if running <= money.allowance:
        return []
    return [
        lazy_gettext(
            "Everything tracked on {network} costs about {running:usd} a day; the limit is {allowed:usd}, so "
            "charts get less exact. /untrack some, or ask the bot's owner for a higher limit.",
            network=network.name,
            running=running,
            allowed=money.allowance,
        )
    ]
