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
EARLY = 0.4  # with two beats side by side, by mistake, nothing is read twice as often
NAMES_EVERY = timedelta(minutes=1)
NAMES_AT_ONCE = 100  # what one request tells


@dataclass(frozen=True, slots=True)
class Plan:
    """The accounts to read now. short: the budget that the next reading does not fit in, where reading has stopped."""

    due: list[Due]
    short: bill.Budget | None = None


def plan(session: Session, settings: Settings, now: datetime, *, asked: bool = False) -> Plan:
    """Every tracked account once a tick, as long as all fit in the budget.

    asked: this tick comes between beat's, since a chat asked for a chart: nothing is read again before its time.

    Where one does not, all reads stop for the period, but for those that fit and have had no reading today. After a
    stop one account is read first, until X answers again.
    """
    stop = notices.found(session, NETWORK)
    if stop and stop.until > now:
        return Plan([])
    known = posts.counted(session)
    money = bill.budget(session, settings.x_daily_usd, settings.x_monthly_usd, now)
    due: list[Account] = []
    left = money.left
    short = left < bill.post_usd(1)
    for account in accounts.tracked(session):
        if not _is_due(account, settings, now, early=0 if asked else EARLY):
            continue
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


def _is_due(account: Account, settings: Settings, now: datetime, *, early: float) -> bool:
    """early: the part of a tick by which beat's next one may come too soon and still skip no turn."""
    if account.tried_at is None:
        return True
    wait = settings.tick * (1 - early) if account.state is State.ACTIVE else UNREADABLE_AGAIN_AFTER
    return account.tried_at <= now - wait


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
