"""What /status tells of a network: whether it is on, how often accounts are read, its bill, and who is not asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from sqlalchemy.orm import Session

from bot import phrasing
from bot.bill import Viewer, describe_price, describe_stop
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import LazyString, State
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Limits, Network, Price, service_of
from pipeline.store import accounts, budget, circuit_breakers
from pipeline.store.accounts import Load
from pipeline.store.ledger import Money
from pipeline.store.tables import Account, CircuitBreaker

AT_ONCE = timedelta(minutes=1)
"""A reading that is due so soon needs no time of day."""
MAX_OUTAGES = 5
"""Servers of a network that are told one by one."""


def describe(session: Session, network: Network, here: Sequence[Account], viewer: Viewer) -> list[LazyString]:
    """Whether the network is on and how it is read, and what of it is not read now, and why.

    here: the accounts of the chat that asks, which is told of their networks and servers alone, and of all networks
    while it tracks nothing. An owner is told of all, with the bill.
    """
    if here and not viewer.sees_all and network.key not in {account.network for account in here}:
        return []
    cost = _cost(session, network, network.price, viewer) if network.price is not None else []
    if not network.is_on(viewer.settings):
        return [network.why_off(viewer.settings), *cost]
    outages = list_outages if viewer.sees_all else partial(_outages_here, here)
    return [_how_often(session, network, viewer.settings), *cost, *outages(session, network, viewer.now)]


def _how_often(session: Session, network: Network, settings: Settings) -> LazyString:
    intervals = _intervals(session, network, settings).values() if network.price is None else []
    if not intervals:
        return lazy_gettext("{network}: on", network=registry.label(network.key))
    texts = {name: phrasing.interval_text(pick(intervals)) for name, pick in (("often", min), ("seldom", max))}
    if texts["often"] == texts["seldom"]:
        return lazy_gettext(
            "{network}: on, each account is read about every {often}",
            network=registry.label(network.key),
            often=texts["often"],
        )
    return lazy_gettext(
        "{network}: on, each account is read about every {often}, on its busiest server about every {seldom}",
        network=registry.label(network.key),
        **texts,
    )


def _intervals(session: Session, network: Network, settings: Settings) -> dict[str, timedelta]:
    """From one reading of an account to its next on a network without a price, in whole ticks.

    By the name of each server of which an account is tracked; see source.service_of.
    """
    limits, requests = network.limits(settings), dict[str, int]()
    for load in accounts.list_loads(session, network.key, by_server=network.has_servers):
        service = service_of(network, load.remote_id)
        requests[service] = requests.get(service, 0) + _requests(network, limits, load, settings)
    waits = {
        service: max(settings.tick, limits.every, limits.window * each / limits.requests)
        for service, each in requests.items()
    }
    return {service: settings.tick * ceil(wait / settings.tick) for service, wait in waits.items()}


def _requests(network: Network, limits: Limits, load: Load, settings: Settings) -> int:
    """Those of the accounts' usual readings: where older posts are read apart, of their first pages alone."""
    usual = ceil(settings.posts_per_account / network.posts_per_request)
    return load.accounts if limits.older_requests is not None else load.requests + load.unknown * usual


def describe_next(session: Session, account_ids: Iterable[int], settings: Settings, now: datetime) -> LazyString:
    """When the first of these accounts is read next, below a chart that is drawn from what is stored."""
    shown = accounts.get_many(session, account_ids)
    networks = [NETWORKS[key] for key in dict.fromkeys(account.network for account in shown)]
    intervals = {
        service: interval
        for network in networks
        if network.price is None and network.is_on(settings)
        for service, interval in _intervals(session, network, settings).items()
    }
    planned = (_next_reading(session, each, intervals, settings, now) for each in shown)
    next_at = min((moment for moment in planned if moment is not None), default=None)
    if next_at is None:
        return lazy_gettext("Drawn again from what is stored. No reading is planned now; /status says why.")
    if next_at <= now + AT_ONCE:
        return lazy_gettext("Drawn again from what is stored. The next reading is due within a minute.")
    return lazy_gettext("Drawn again from what is stored. The next reading is due {at:moment}.", at=next_at)


def _next_reading(
    session: Session, account: Account, intervals: Mapping[str, timedelta], settings: Settings, now: datetime
) -> datetime | None:
    """When the account is read next; None where that is not planned. intervals: of the servers without a price."""
    network = NETWORKS[account.network]
    if not network.is_on(settings) or account.state is not State.ACTIVE:
        return None
    service = service_of(network, account.remote_id)
    stop = circuit_breakers.find_open(session, service, now)
    if stop is not None:
        return stop.retry_at
    if account.polled_at is None or network.price is not None:
        return now if account.fetched_at is None else account.next_at
    return account.polled_at + intervals.get(service, settings.tick)


def _cost(session: Session, network: Network, price: Price, viewer: Viewer) -> list[LazyString]:
    """Why nothing new is read for lack of money. An owner is told the bill too, also of a network that was on before.

    Days and months are of UTC.
    """
    _, money = budget.money_now(session, network, viewer.settings, viewer.now)
    if not network.is_on(viewer.settings) and not money.month:
        return []
    stop = [*filter(None, [describe_stop(price, money)])]
    return [*_bills(network, money), *stop, describe_price(network, price)] if viewer.sees_all else stop


def _bills(network: Network, money: Money) -> Iterator[LazyString]:
    yield lazy_gettext(
        "{network}'s bill today: {spent:usd} of {most:usd}",
        network=network.name,
        spent=money.today,
        most=money.daily,
    )
    yield lazy_gettext(
        "{network}'s bill this month: {spent:usd} of {most:usd}; /budget tells more",
        network=network.name,
        spent=money.month,
        most=money.monthly,
    )


def list_outages(session: Session, network: Network, now: datetime) -> list[LazyString]:
    """Why the network or some of its servers are not read now, and when they are tried again."""
    breakers, count = circuit_breakers.list_open(session, network.key, now, MAX_OUTAGES)
    lines = [_outage(network, each) for each in breakers]
    if count > len(breakers):
        more = count - len(breakers)
        lines.append(lazy_ngettext("and {count} more server", "and {count} more servers", count=more))
    return lines


def _outages_here(here: Sequence[Account], session: Session, network: Network, now: datetime) -> list[LazyString]:
    """Those of the network itself, and of the servers of these accounts."""
    services = [service_of(network, account.remote_id) for account in here if account.network == network.key]
    found = (circuit_breakers.find_open(session, each, now) for each in dict.fromkeys([network.key, *services]))
    return [_outage(network, each) for each in found if each is not None][:MAX_OUTAGES]


def _outage(network: Network, breaker: CircuitBreaker) -> LazyString:
    return lazy_gettext(
        "Reading {server} is paused until {until:moment}: {reason} (since {since:moment})",
        server=breaker.service.partition(" ")[2] or registry.label(network.key),
        until=breaker.retry_at,
        reason=breaker.reason,
        since=breaker.opened_at,
    )
