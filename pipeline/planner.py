"""Who is read next, and how deep, within what may be spent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from pipeline.records import NETWORK, Due, State
from pipeline.settings import Settings
from pipeline.store import accounts, bill, notices, posts
from pipeline.store.tables import Account

UNREADABLE_AGAIN_AFTER = timedelta(minutes=15)
WINDOW = timedelta(minutes=15)
"""In which X counts an app's requests."""
PAGE = 100
"""The most posts that a request for a timeline returns."""
NAMES_EVERY = timedelta(minutes=1)
NAMES_AT_ONCE = 100  # what one request tells


@dataclass(frozen=True, slots=True)
class Plan:
    """The accounts to read now. short: the budget that the next reading does not fit in, where reading has stopped."""

    due: list[Due]
    short: bill.Budget | None = None


def plan(session: Session, settings: Settings, now: datetime, *, asked: bool = False) -> Plan:
    """Every tracked account once a tick, as long as all fit in the budget.

    Where one does not, all reads stop for the period, but for those that fit and have had no reading today. After a
    stop one account is read first, until X answers again. Of more accounts than X answers requests for, those read
    longest ago come first.

    asked: this tick comes between beat's, since a chat asked for a chart: only what was never read is read.
    """
    stop = notices.found(session, NETWORK)
    if stop and stop.until > now:
        return Plan([])
    known = posts.counted(session)
    money = bill.budget(session, settings.x_daily_usd, settings.x_monthly_usd, now)
    due: list[Account] = []
    left = money.left
    short = left < bill.post_usd(1)
    candidates = [each for each in accounts.tracked(session) if _is_due(each, settings, now, asked=asked)]
    for account in candidates[: _at_once(settings)]:
        cost = _cost(account, known.get(account.id), settings, now)
        short = short or cost > left
        if cost <= left:
            left -= cost
            due.append(account)
    if short:
        due = [account for account in due if not _is_paid(account, now)]
    due = due[:1] if stop else due
    return Plan([_reading(account, settings) for account in due], money if short and not due else None)


def names(session: Session, settings: Settings, now: datetime) -> list[str]:
    """The ids on the network of the accounts whose names are looked at now, as far as the budget has money to spare.

    A profile costs once a UTC day, however often it is looked at. Beyond NAMES_AT_ONCE accounts take turns.
    """
    if notices.found(session, NETWORK):
        return []
    tracked = accounts.tracked(session)
    stored = posts.counted(session)
    money = bill.budget(session, settings.x_daily_usd, settings.x_monthly_usd, now)
    spare = money.left - sum(_cost(account, stored.get(account.id), settings, now) for account in tracked)
    if spare < bill.post_usd(1):
        return []
    turns = max(1, -(-len(tracked) // NAMES_AT_ONCE))
    turn = int(now.timestamp() / NAMES_EVERY.total_seconds()) % turns
    chosen = sorted(tracked, key=lambda account: account.id)[turn::turns]
    paid = [account.remote_id for account in chosen if account.billed_on == now.date()]
    unpaid = [account.remote_id for account in chosen if account.billed_on != now.date()]
    return paid + unpaid[: int(spare / bill.user_usd(1))]


def _is_due(account: Account, settings: Settings, now: datetime, *, asked: bool) -> bool:
    """A tick that is a moment early skips no turn; two beats side by side, by mistake, do not read twice as often."""
    if account.tried_at is None or asked:
        return account.tried_at is None
    wait = settings.tick * 0.6 if account.state is State.ACTIVE else UNREADABLE_AGAIN_AFTER
    return account.tried_at <= now - wait


def _at_once(settings: Settings) -> int:
    """How many accounts a tick may read, so that what X allows in a window lasts as long as the window."""
    pages = -(-settings.posts_per_account // PAGE)
    return max(1, int(settings.x_requests_per_15_min * (settings.tick / WINDOW) / pages))


def _is_paid(account: Account, now: datetime) -> bool:
    return account.fetched_at is not None and account.fetched_at.date() == now.date()


def _cost(account: Account, posts_known: int | None, settings: Settings, now: datetime) -> Decimal:
    """X bills a post once a UTC day: the day's first reading is what costs."""
    if _is_paid(account, now):
        return Decimal(0)
    if account.fetched_at is None:
        return bill.post_usd(settings.posts_per_account)
    return bill.post_usd(min(posts_known or 0, settings.posts_per_account))


def _reading(account: Account, settings: Settings) -> Due:
    return Due(account.id, account.remote_id, settings.posts_per_account)
