"""Who is read next, and how deep, within what may be spent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil, sqrt

from sqlalchemy.orm import Session

from pipeline.records import NETWORK, Due, State
from pipeline.settings import Settings
from pipeline.store import accounts, circuit_breakers, ledger, posts, token_buckets
from pipeline.store.tables import Account
from pipeline.store.token_buckets import RateLimit

UNREADABLE_AGAIN_AFTER = timedelta(minutes=15)
WINDOW = timedelta(minutes=15)
"""In which X counts an app's requests."""
PAGE = 100
"""The most posts that a request for a timeline returns."""
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ROUNDING = 1e-6
NAMES_EVERY = timedelta(minutes=1)
NAMES_AT_ONCE = 100  # what one request tells
STALE_AFTER, MISSED_TURNS = timedelta(minutes=2), 3
"""An account is late when it was not read for this long, nor in this many of its turns."""


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


def pace(by_requests: Mapping[int | None, int], settings: Settings) -> Pace:
    """The pace at which so many accounts, by the requests that each takes, are read.

    The requests of the longest reading are kept back, since a window may end in its midst.
    """
    usual = _usual_requests(settings)
    counted = [(requests or usual, count) for requests, count in by_requests.items()]
    limit = settings.x_requests_per_15_min
    longest = max((requests for requests, _ in counted), default=1)
    each_tick = max(limit - longest + 1, limit / 2) * min(settings.tick / WINDOW, 1)
    flow = RateLimit(each_tick, settings.tick, burst=ceil(each_tick))
    if sum(requests * count for requests, count in counted) <= each_tick:
        return Pace(flow, settings.tick, timedelta(0))
    return Pace(
        flow, settings.tick, settings.tick * sum(sqrt(requests) * count for requests, count in counted) / each_tick
    )


def conclude(session: Session, settings: Settings, requests: int, now: datetime) -> dict[int | None, datetime]:
    """Note the requests that were made for timelines; returns when an account must have been read last to be late.

    By the requests that it takes, None for those of which that is not known.
    """
    counted = accounts.count_by_requests(session)
    current = pace(counted, settings)
    token_buckets.consume(session, NETWORK, requests, current.flow, now)
    waits = {each: current.interval(each or _usual_requests(settings)) for each in (None, *counted)}
    return {each: now - max(STALE_AFTER, MISSED_TURNS * wait) for each, wait in waits.items()}


def plan(session: Session, settings: Settings, now: datetime) -> Plan:
    """Every tracked account once a tick, as long as all fit in the budget.

    Where one does not, all reads stop for the period, but for those that fit and have had no reading today. After a
    stop one account is read first, until X answers again. Of more accounts than X answers requests for, those whose
    turn was due first come first; an account takes as many requests as it took last.
    """
    stop = circuit_breakers.find(session, NETWORK)
    if stop and stop.retry_at > now:
        return Plan([])
    known = posts.count_by_account(session)
    money = ledger.remaining_budget(session, settings.x_daily_usd, settings.x_monthly_usd, now)
    due: list[Account] = []
    left = money.left
    short = left < ledger.post_usd(1)
    tracked = accounts.list_tracked(session)
    current = pace(Counter(each.requests for each in tracked if each.state is State.ACTIVE), settings)
    requests_left = token_buckets.count_available(session, NETWORK, current.flow, now)
    for account in _in_turn([each for each in tracked if _is_due(each, settings, now)], current, settings):
        if requests_left < 1 - ROUNDING:
            break
        cost = _cost(account, known.get(account.id), settings, now)
        short = short or cost > left
        if cost <= left:
            left -= cost
            requests_left -= _requests(account, settings)
            due.append(account)
    if short:
        due = [account for account in due if not _is_paid(account, now)]
    due = due[:1] if stop else due
    return Plan([_reading(account, settings) for account in due], money if short and not due else None)


def _in_turn(candidates: list[Account], current: Pace, settings: Settings) -> list[Account]:
    """Who never had a turn first, then whose next turn is due first. They come as `tracked` has them."""
    if not current.unit:
        return candidates
    taken = {_requests(account, settings) for account in candidates}
    waits = {requests: current.interval(requests) for requests in taken}
    return sorted(
        candidates, key=lambda each: each.polled_at + waits[_requests(each, settings)] if each.polled_at else LONG_AGO
    )


def plan_first(session: Session, settings: Settings, untried: Sequence[Account], now: datetime) -> list[Due]:
    """Those of these accounts, none of which was ever read, that fit in the budget. After a stop the tick asks."""
    if circuit_breakers.find(session, NETWORK):
        return []
    money = ledger.remaining_budget(session, settings.x_daily_usd, settings.x_monthly_usd, now)
    affordable = int(money.left / ledger.post_usd(settings.posts_per_account))
    each = _usual_requests(settings)
    allowed = int(token_buckets.count_stored(session, NETWORK, burst=len(untried) * each) / each)
    return [_reading(account, settings) for account in untried[: max(0, min(affordable, allowed))]]


def names(session: Session, settings: Settings, now: datetime) -> list[str]:
    """The ids on the network of the accounts whose names are looked at now, as far as the budget has money to spare.

    A profile costs once a UTC day, however often it is looked at. Beyond NAMES_AT_ONCE accounts take turns.
    """
    if circuit_breakers.find(session, NETWORK):
        return []
    tracked = accounts.list_tracked(session)
    stored = posts.count_by_account(session)
    money = ledger.remaining_budget(session, settings.x_daily_usd, settings.x_monthly_usd, now)
    spare = money.left - sum(_cost(account, stored.get(account.id), settings, now) for account in tracked)
    if spare < ledger.post_usd(1):
        return []
    turns = max(1, -(-len(tracked) // NAMES_AT_ONCE))
    turn = int(now.timestamp() / NAMES_EVERY.total_seconds()) % turns
    chosen = sorted(tracked, key=lambda account: account.id)[turn::turns]
    paid = [account.remote_id for account in chosen if account.billed_on == now.date()]
    unpaid = [account.remote_id for account in chosen if account.billed_on != now.date()]
    return paid + unpaid[: int(spare / ledger.user_usd(1))]


def _is_due(account: Account, settings: Settings, now: datetime) -> bool:
    """A tick that is a moment early skips no turn; two beats side by side, by mistake, do not read twice as often."""
    if account.attempted_at is None:
        return True
    wait = settings.tick * 0.6 if account.state is State.ACTIVE else UNREADABLE_AGAIN_AFTER
    return account.attempted_at <= now - wait


def _usual_requests(settings: Settings) -> int:
    """What an account without reposts takes."""
    return -(-settings.posts_per_account // PAGE)


def _requests(account: Account, settings: Settings) -> int:
    return account.requests or _usual_requests(settings)


def _is_paid(account: Account, now: datetime) -> bool:
    return account.fetched_at is not None and account.fetched_at.date() == now.date()


def _cost(account: Account, posts_known: int | None, settings: Settings, now: datetime) -> Decimal:
    """X bills a post once a UTC day: the day's first reading is what costs."""
    if _is_paid(account, now):
        return Decimal(0)
    if account.fetched_at is None:
        return ledger.post_usd(settings.posts_per_account)
    return ledger.post_usd(min(posts_known or 0, settings.posts_per_account))


def _reading(account: Account, settings: Settings) -> Due:
    return Due(account.id, account.remote_id, settings.posts_per_account)
