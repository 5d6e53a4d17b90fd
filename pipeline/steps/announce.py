"""What is told of a network's money: at 80 % of a limit to the admins, at the stop to the chats that it concerns."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.sources.source import Network
from pipeline.store import budget, ledger, notices
from pipeline.store.ledger import Money

WARN_AT = Decimal("0.8")
"""The part of a limit at which the admins are told."""
NOTHING_TOLD_FOR = timedelta(days=30)
"""How long admins who write to the bot are told that a limit buys nothing."""
DAY_WARNING = lazy_gettext(
    "{spent:usd} of today's {limit:usd} for {network} is spent. When all of it is, new posts wait "
    "until {until:moment}. /budget shows where the money goes."
)
MONTH_WARNING = lazy_gettext(
    "{spent:usd} of this month's {limit:usd} for {network} is spent. When all of it is, new posts "
    "wait until {until:moment}. /budget shows where the money goes."
)
DAY_STOP = lazy_gettext(
    "Today's money for {network} is spent. Posts already paid for today keep updating; new posts and "
    "new accounts wait until {until:moment}. /budget shows this chat's part."
)
MONTH_STOP = lazy_gettext(
    "This month's money for {network} is spent. Posts already paid for today keep updating until "
    "midnight UTC; everything else waits until {until:moment}, and the charts keep what was read "
    "last. /budget shows this chat's part."
)


class Limit(NamedTuple):
    """What is spent of a limit, in US dollars, when its period ends, and what is told of it."""

    period: str
    spent: Decimal
    most: Decimal
    until: datetime
    warning: LazyString
    stop: LazyString


def announce(session: Session, network: Network, money: Money, now: datetime) -> None:
    """Tell what is to be told of the network's money. Each text is sent once for a period and a limit.

    A limit that does not pay one request is not told as one that was spent, and once to the admins alone.
    """
    if network.price is None:
        return
    day, month = _limits(money)
    smallest, lowest = budget.smallest_usd(network.price), min(money.daily, money.monthly)
    if lowest < smallest:
        _tell_of_nothing(session, network, lowest, now)
    elif money.left >= smallest:
        for limit in (day, month):
            if limit.spent >= WARN_AT * limit.most:
                _publish(session, network, limit, limit.warning, admins_only=True)
    else:
        tighter = month if money.is_of_month else day
        _publish(session, network, tighter, tighter.stop, admins_only=False)


def _limits(money: Money) -> tuple[Limit, Limit]:
    """The day's and the month's."""
    midnight = datetime.combine(money.day + timedelta(days=1), time(), UTC)
    end_of_month = datetime.combine(ledger.next_month(money.day), time(), UTC)
    return (
        Limit("day", money.today, money.daily, midnight, DAY_WARNING, DAY_STOP),
        Limit("month", money.month, money.monthly, end_of_month, MONTH_WARNING, MONTH_STOP),
    )


def _publish(session: Session, network: Network, limit: Limit, text: LazyString, *, admins_only: bool) -> None:
    figures = {"spent": str(limit.spent), "limit": str(limit.most), "until": str(limit.until)}
    kind = "80 %" if admins_only else "all"
    key = f"{notices.BUDGET_KEY_PREFIX}{network.key} {kind} of {limit.most} {limit.period} {limit.until:%Y-%m-%d}"
    told = replace(text, values={"network": network.name, **figures})
    notices.publish(session, key, told, limit.until, admins_only=admins_only, network=network.key)


def _tell_of_nothing(session: Session, network: Network, limit: Decimal, now: datetime) -> None:
    text = lazy_gettext(
        "I read nothing on {network}: its limit of {limit:usd} is too low for even one request. It can be"
        " raised in the bot's settings.",
        network=network.name,
        limit=limit,
    )
    key = f"{notices.BUDGET_KEY_PREFIX}{network.key} buys nothing with {limit}"
    notices.publish(session, key, text, now + NOTHING_TOLD_FOR, admins_only=True)
