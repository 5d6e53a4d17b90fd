"""What the networks billed, by UTC day, and what they may still cost."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.store.tables import LedgerEntry


@dataclass(frozen=True, slots=True)
class Budget:
    """What a network may still cost, out of which limit, and when the period that it is for ends."""

    left: Decimal
    limit: Decimal
    period: str
    until: datetime


def add(session: Session, network: str, day: date, resource: str, count: int) -> None:
    if not count:
        return
    row = session.get(LedgerEntry, (network, day, resource), with_for_update=True)
    if row is None:
        session.add(LedgerEntry(network=network, day=day, resource=resource, count=count))
    else:
        row.count += count
    session.flush()


def spent_usd(session: Session, network: Network, since: date, until: date) -> Decimal:
    """What the network cost on the days from `since` to `until`, both included, in US dollars."""
    if network.price is None:
        return Decimal(0)
    prices = {"posts": network.price.post_usd, "users": network.price.profile_usd}
    which = LedgerEntry.network == network.key, LedgerEntry.day.between(since, until)
    counts = select(LedgerEntry.resource, func.sum(LedgerEntry.count)).where(*which).group_by(LedgerEntry.resource)
    return sum((prices[resource] * int(count) for resource, count in session.execute(counts)), Decimal(0))


def remaining_budget(session: Session, network: Network, settings: Settings, now: datetime) -> Budget | None:
    """The tighter of the network's budgets for the day and the month, both by UTC; None where it has no price."""
    if network.price is None:
        return None
    today, limits = now.date(), network.limits(settings)
    month = today.replace(day=1)
    daily_left = limits.daily_usd - spent_usd(session, network, today, today)
    monthly_left = limits.monthly_usd - spent_usd(session, network, month, today)
    if monthly_left < daily_left:
        next_month = (month + timedelta(days=32)).replace(day=1)
        return Budget(monthly_left, limits.monthly_usd, "month", datetime.combine(next_month, time(), UTC))
    return Budget(daily_left, limits.daily_usd, "day", datetime.combine(today + timedelta(days=1), time(), UTC))
