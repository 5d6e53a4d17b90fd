"""How an account is read, what that costs, and why it waits where it does."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.bill import Viewer, describe_error, describe_stop
from bot.costs import describe_rate
from pipeline.i18n import STATE_NAMES, lazy_gettext, lazy_ngettext
from pipeline.records import LazyString, State
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, Price, service_of
from pipeline.store import budget, circuit_breakers
from pipeline.store.budget import Readings
from pipeline.store.ledger import Money
from pipeline.store.tables import Account


def describe(session: Session, account: Account, viewer: Viewer) -> list[LazyString]:
    """A paragraph on the account's last readings, their cost and what comes next."""
    network = NETWORKS[account.network]
    problem = _problem(session, network, account, viewer.now)
    if network.price is None:
        readings = budget.readings(session, network, account.id, viewer.now.date())
        free = lazy_gettext("Reading {networks} is free.", networks=[network.name])
        return [_title(account), _stored(readings), _asked(account), free, *problem]
    _, money = budget.money_now(session, network, viewer.settings, viewer.now)
    readings = budget.readings(session, network, account.id, money.day)
    left = budget.left_for(session, network, money, viewer.chat_id)
    return [
        _title(account),
        _opened(readings),
        _asked(account),
        *_oldest(readings),
        _cost(readings),
        *_exactness(account),
        *(problem or _waiting(network.price, account, money, left)),
    ]


def _title(account: Account) -> LazyString:
    if account.posts_per_day is None:
        return lazy_gettext("@{handle}", handle=account.handle)
    rate = describe_rate(Decimal(account.posts_per_day))
    return lazy_gettext("@{handle}: {rate}", handle=account.handle, rate=rate)


def _stored(readings: Readings) -> LazyString:
    return lazy_ngettext("{count:number} post stored", "{count:number} posts stored", count=readings.posts)


def _opened(readings: Readings) -> LazyString:
    return lazy_gettext(
        "{stored}, {opened:number} of them paid for today", stored=_stored(readings), opened=readings.opened
    )


def _asked(account: Account) -> LazyString:
    if account.fetched_at is None:
        return lazy_gettext("Not read yet")
    return lazy_gettext("Last checked for new posts: {at:second}", at=account.fetched_at)


def _oldest(readings: Readings) -> list[LazyString]:
    if readings.oldest_at is None:
        return []
    return [lazy_gettext("Oldest figures: from {at:moment}", at=readings.oldest_at)]


def _cost(readings: Readings) -> LazyString:
    cost = lazy_gettext("Cost: {today:usd} today, {month:usd} this month", **readings.spent._asdict())
    if readings.chats < 2:  # noqa: PLR2004
        return cost
    return lazy_ngettext(
        "{cost}, for {count} chat", "{cost}, split between {count} chats", count=readings.chats, cost=cost
    )


def _exactness(account: Account) -> list[LazyString]:
    if account.expected_error is None:
        return []
    return [lazy_gettext("Its chart is {error}.", error=describe_error(account.expected_error))]


def _problem(session: Session, network: Network, account: Account, now: datetime) -> list[LazyString]:
    """What is wrong with the account or its network; empty where nothing is."""
    stop = circuit_breakers.find_open(session, service_of(network, account.remote_id), now)
    if stop is not None:
        return [
            lazy_gettext(
                "Reading {network} is paused: {reason}. I'll try again {until:moment}.",
                network=network.name,
                reason=stop.reason,
                until=stop.retry_at,
            )
        ]
    if account.state is not State.ACTIVE:
        return [lazy_gettext("Paused: {reason}.", reason=STATE_NAMES[account.state])]
    return [lazy_gettext("Not read right now: {reason}.", reason=account.problem)] if account.problem else []


def _waiting(price: Price, account: Account, money: Money, left: Decimal) -> list[LazyString]:
    """What of the account waits, for which money; empty where nothing does. left: of the chat's share of the day."""
    stop = describe_stop(price, money)
    if stop is not None:
        return [stop]
    if account.fetched_at is None and left < budget.smallest_usd(price):
        midnight = datetime.combine(money.day + timedelta(days=1), time(), UTC)
        return [
            lazy_gettext(
                "Not read yet: this chat's share of today's money is spent. Reading starts {until:moment} at the "
                "latest.",
                until=midnight,
            )
        ]
    if account.fetched_at is None:
        return [lazy_gettext("Reading starts within a minute.")]
    waits = []
    if account.until_id is not None:
        waits.append(lazy_gettext("Older posts are still being read, a few at a time, as money allows."))
    if account.finds_on != money.day:
        waits.append(lazy_gettext("New posts wait until tomorrow: today's money does more good on other posts."))
    return waits
