"""What X billed, by UTC day, and what it may still cost."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.store.tables import LedgerEntry

USD = {"posts": Decimal("0.005"), "users": Decimal("0.010")}
"""What X charges for a resource returned, once a UTC day each: docs.x.com, getting-started/pricing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What X may still cost, out of which limit, and when the period that it is for ends."""

    left: Decimal
    limit: Decimal
    period: str
    until: datetime


def post_usd(count: int) -> Decimal:
    return USD["posts"] * count


def user_usd(count: int) -> Decimal:
    return USD["users"] * count


def add(session: Session, day: date, resource: str, count: int) -> None:
    if not count:
        return
    row = session.get(LedgerEntry, (day, resource), with_for_update=True)
    if row is None:
        session.add(LedgerEntry(day=day, resource=resource, count=count))
    else:
        row.count += count
    session.flush()


def spent_usd(session: Session, since: date, until: date) -> Decimal:
    """What the days from `since` to `until`, both included, cost in US dollars."""
    days = LedgerEntry.day.between(since, until)
    rows = session.execute(
        select(LedgerEntry.resource, func.sum(LedgerEntry.count)).where(days).group_by(LedgerEntry.resource)
    )
    return sum((USD[resource] * int(count) for resource, count in rows), Decimal(0))


def remaining_budget(session: Session, daily_usd: Decimal, monthly_usd: Decimal, now: datetime) -> Budget:
    """The tighter of the day's and the month's, both by UTC."""
    today = now.date()
    month = today.replace(day=1)
    daily_left = daily_usd - spent_usd(session, today, today)
    monthly_left = monthly_usd - spent_usd(session, month, today)
    if monthly_left < daily_left:
        next_month = (month + timedelta(days=32)).replace(day=1)
        return Budget(monthly_left, monthly_usd, "month", datetime.combine(next_month, time(), UTC))
    return Budget(daily_left, daily_usd, "day", datetime.combine(today + timedelta(days=1), time(), UTC))
