"""Who is read next, and how deep, within what may be spent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil, sqrt

from sqlalchemy.orm import Session

from pipeline.records import Due, State
from pipeline.settings import Settings
from pipeline.sources.source import Network, Price
from pipeline.store import accounts, circuit_breakers, ledger, posts, token_buckets
from pipeline.store.tables import Account
from pipeline.store.token_buckets import RateLimit

UNREADABLE_AGAIN_AFTER = timedelta(minutes=15)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ROUNDING = 1e-6
NAMES_EVERY = timedelta(minutes=1)
STALE_AFTER, MISSED_TURNS = timedelta(minutes=2), 3
"""An account is late when it was not read for this long, nor in this many of its turns."""
FREE = Price(Decimal(0), Decimal(0))
UNLIMITED = Decimal("Infinity")

LateBefore = dict[int | None, datetime]
"""Accounts read last before this moment are late: by the requests that each takes, None where that is not known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The accounts to read now. short: the budget that the next reading does not fit in, where reading has stopped."""

    due: list[Due]
    short: ledger.Budget | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the tracked accounts are read.

    flow: the requests that come in. unit: how long an account waits for its turn that takes one request, where not all
    can be read each tick. One that takes more waits the square root of that longer: so the figures of all of them
    together are youngest.
    """

    flow: RateLimit
    tick: timedelta
    unit: timedelta

    def interval(self, requests: int) -> timedelta:
        """From one turn of an account to its next."""
        return max(self.tick, self.unit * sqrt(requests))


def pace(by_requests: Mapping[int | None, int], settings: Settings, network: Network) -> Pace:
    """The pace at which so many accounts of a network, by the requests that each takes, are read.

    The requests of the longest reading are kept back, since a window may end in its midst.
    """
    usual, limits = _usual_requests(settings, network), network.limits(settings)
    counted = [(requests or usual, count) for requests, count in by_requests.items()]
    longest = max((requests for requests, _ in counted), default=1)
    each_tick = max(limits.requests - longest + 1, limits.requests / 2) * min(settings.tick / limits.window, 1)
    flow = RateLimit(each_tick, settings.tick, burst=ceil(each_tick))
    if sum(requests * count for requests, count in counted) <= each_tick:
        return Pace(flow, settings.tick, timedelta(0))
    return Pace(
        flow, settings.tick, settings.tick * sum(sqrt(requests) * count for requests, count in counted) / each_tick
    )


def conclude(session: Session, settings: Settings, network: Network, requests: int, now: datetime) -> LateBefore:
    """Note the requests that were made for the network's timelines; returns since when its accounts are late."""
    counted = accounts.count_by_requests(session, network.key)
    current = pace(counted, settings, network)
    token_buckets.consume(session, network.key, requests, current.flow, now)
    waits = {each: current.interval(each or _usual_requests(settings, network)) for each in (None, *counted)}
    return {each: now - max(STALE_AFTER, MISSED_TURNS * wait) for each, wait in waits.items()}


def plan(session: Session, settings: Settings, network: Network, now: datetime) -> Plan:
    """Every tracked account of the network once a tick, as long as all fit in the budget.

    Where one does not, all reads stop for the period, but for those that fit and have had no reading today. After a
    stop one account is read first, until the network answers again. Of more accounts than it answers requests for,
    those whose turn was due first come first; an account takes as many requests as it took last. The cost of what is
    in flight is kept back, but stops nothing by itself: it may turn out to be less.
    """
    stop = circuit_breakers.find(session, network.key)
    if stop and stop.retry_at > now:
        return Plan([])
    known = posts.count_by_account(session)
    budget = ledger.remaining_budget(session, network, settings, now)
    price, left = _money(network, budget)
    in_flight = [each for each in _in_flight(session, settings, network, now) if not _is_due(each, settings, now)]
    kept_back = sum(_cost(each, known.get(each.id), price, settings, now) for each in in_flight)
    due: list[Account] = []
    short = left < price.post_usd
    tracked = accounts.list_tracked(session, network.key)
    current = pace(Counter(each.requests for each in tracked if each.state is State.ACTIVE), settings, network)
    requests_left = token_buckets.count_available(session, network.key, current.flow, now)
    for account in _in_turn([each for each in tracked if _is_due(each, settings, now)], current, settings, network):
        if requests_left < 1 - ROUNDING:
            break
        cost = _cost(account, known.get(account.id), price, settings, now)
        short = short or cost > left
        if cost <= left - (kept_back if cost else 0):
            left -= cost
            requests_left -= _requests(account, settings, network)
            due.append(account)
    if short:
        due = [account for account in due if not _is_paid(account, now)]
    due = due[:1] if stop else due
    return Plan([_reading(account, settings) for account in due], budget if short and not due else None)


def _in_turn(candidates: list[Account], current: Pace, settings: Settings, network: Network) -> list[Account]:
    """Who never had a turn first, then whose next turn is due first. They come as `tracked` has them."""
    if not current.unit:
        return candidates
    taken = {_requests(account, settings, network) for account in candidates}
    waits = {requests: current.interval(requests) for requests in taken}

    def due_at(account: Account) -> datetime:
        return account.polled_at + waits[_requests(account, settings, network)] if account.polled_at else LONG_AGO

    return sorted(candidates, key=due_at)


def plan_first(
    session: Session, settings: Settings, network: Network, untried: Sequence[Account], now: datetime
) -> list[Due]:
    """The network's accounts among these never read ones, as far as its budget goes. After a stop the tick asks."""
    if circuit_breakers.find(session, network.key):
        return []
    mine = [account for account in untried if account.network == network.key]
    price, left = _money(network, ledger.remaining_budget(session, network, settings, now))
    first_usd = price.post_usd * settings.posts_per_account
    unpaid = [each for each in _in_flight(session, settings, network, now) if not _is_paid(each, now)]
    affordable = _affordable(left - len(unpaid) * first_usd, first_usd, most=len(mine))
    each = _usual_requests(settings, network)
    allowed = int(token_buckets.count_stored(session, network.key, burst=len(mine) * each) / each)
    return [_reading(account, settings) for account in mine[: max(0, min(affordable, allowed))]]


def _in_flight(session: Session, settings: Settings, network: Network, now: datetime) -> Sequence[Account]:
    """The accounts whose posts are being fetched: the ledger does not have their cost yet."""
    return accounts.list_in_flight(session, network.key, now - settings.tick)


def names(session: Session, settings: Settings, network: Network, now: datetime) -> list[str]:
    """The ids on the network of the accounts whose names are looked at now, as far as the budget has money to spare.

    A profile costs once a UTC day, however often it is looked at. More accounts than a request returns take turns.
    """
    if circuit_breakers.find(session, network.key):
        return []
    tracked = accounts.list_tracked(session, network.key)
    stored = posts.count_by_account(session)
    price, left = _money(network, ledger.remaining_budget(session, network, settings, now))
    spare = left - sum(_cost(account, stored.get(account.id), price, settings, now) for account in tracked)
    if spare < price.post_usd:
        return []
    turns = max(1, -(-len(tracked) // network.profiles_per_request))
    turn = int(now.timestamp() / NAMES_EVERY.total_seconds()) % turns
    chosen = sorted(tracked, key=lambda account: account.id)[turn::turns]
    paid = [account.remote_id for account in chosen if account.billed_on == now.date()]
    unpaid = [account.remote_id for account in chosen if account.billed_on != now.date()]
    return paid + unpaid[: _affordable(spare, price.profile_usd, most=len(unpaid))]


def _money(network: Network, budget: ledger.Budget | None) -> tuple[Price, Decimal]:
    """What the network charges, and what it may still cost."""
    return network.price or FREE, budget.left if budget else UNLIMITED


def _affordable(left: Decimal, usd: Decimal, *, most: int) -> int:
    """How many at this price may be paid for, of at most so many."""
    return min(int(left / usd), most) if usd else most


def _is_due(account: Account, settings: Settings, now: datetime) -> bool:
    """A tick that is a moment early skips no turn; two beats side by side, by mistake, do not read twice as often."""
    if account.attempted_at is None:
        return True
    wait = settings.tick * 0.6 if account.state is State.ACTIVE else UNREADABLE_AGAIN_AFTER
    return account.attempted_at <= now - wait


def _usual_requests(settings: Settings, network: Network) -> int:
    """What an account without reposts takes."""
    return -(-settings.posts_per_account // network.posts_per_request)


def _requests(account: Account, settings: Settings, network: Network) -> int:
    return account.requests or _usual_requests(settings, network)


def _is_paid(account: Account, now: datetime) -> bool:
    return account.fetched_at is not None and account.fetched_at.date() == now.date()


def _cost(account: Account, posts_known: int | None, price: Price, settings: Settings, now: datetime) -> Decimal:
    """A network bills a post once a UTC day: the day's first reading is what costs."""
    if _is_paid(account, now):
        return Decimal(0)
    if account.fetched_at is None:
        return price.post_usd * settings.posts_per_account
    return price.post_usd * min(posts_known or 0, settings.posts_per_account)


def _reading(account: Account, settings: Settings) -> Due:
    return Due(account.id, account.remote_id, settings.posts_per_account)
