"""What the networks bill, by UTC day. The openings and reservations that it is made of are in `openings`."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Select, case, func, select, union_all
from sqlalchemy.orm import Session

from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.store.tables import LedgerEntry, Reservation

POSTS, USERS = "posts", "users"
"""The resources that are billed."""


class Money(NamedTuple):
    """What a network with a price has cost and may still cost, in US dollars. day: by the network's own clock.

    today, month: what is spent, with all that was asked for and not answered. daily, monthly: the limits.
    """

    day: date
    today: Decimal
    month: Decimal
    daily: Decimal
    monthly: Decimal

    @property
    def left(self) -> Decimal:
        """What may still be spent today without passing a limit; negative where a limit was lowered."""
        return min(self.daily - self.today, self.monthly - self.month)

    @property
    def allowance(self) -> Decimal:
        """The day's even part of the month: min(daily, what the month had left this morning / days left with today)."""
        days = (next_month(self.day) - self.day).days
        return max(Decimal(0), min(self.daily, (self.monthly - self.month + self.today) / days))

    @property
    def is_of_month(self) -> bool:
        """Whether the month's limit is the tighter one."""
        return self.monthly - self.month < self.daily - self.today

    @property
    def until(self) -> datetime:
        """When the tighter limit's period ends."""
        end = next_month(self.day) if self.is_of_month else self.day + timedelta(days=1)
        return datetime.combine(end, time(), UTC)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def add(session: Session, network: str, day: date, resource: str, count: int) -> None:
    """Count so many units more on the day, or fewer."""
    if not count:
        return
    row = session.get(LedgerEntry, (network, day, resource), with_for_update=True)
    if row is None:
        session.add(LedgerEntry(network=network, day=day, resource=resource, count=count))
    else:
        row.count += count
    session.flush()


def count_posts(session: Session, network: str) -> int:
    """How many posts the ledger has ever counted, without what is reserved."""
    which = LedgerEntry.network == network, LedgerEntry.resource == POSTS
    return int(session.scalar(select(func.sum(LedgerEntry.count)).where(*which)) or 0)


def reserved_posts(session: Session, network: str, day: date) -> int:
    """How many posts the day's unanswered requests may be billed for."""
    which = Reservation.network == network, Reservation.day == day, Reservation.resource == POSTS
    return int(session.scalar(select(func.sum(Reservation.count)).where(*which)) or 0)


def spent_usd(session: Session, network: Network, since: date, until: date) -> Decimal:
    """What the network cost on the days from `since` to `until`, both included, in US dollars.

    What was asked for and not answered counts as spent.
    """
    return _spent_usd(session, network, since, until)[0]


def _spent_usd(session: Session, network: Network, since: date, until: date) -> tuple[Decimal, Decimal]:
    """The same, and that of the last day alone."""
    if network.price is None:
        return Decimal(0), Decimal(0)
    prices = {POSTS: network.price.post_usd, USERS: network.price.profile_usd}
    counts = union_all(*(_count(table, network, since, until) for table in (LedgerEntry, Reservation)))
    rows = [(prices[resource], int(all_days), int(last)) for resource, all_days, last in session.execute(counts)]
    all_days_usd = sum((price * count for price, count, _ in rows), Decimal(0))
    return all_days_usd, sum((price * count for price, _, count in rows), Decimal(0))


def _count(table: type[LedgerEntry | Reservation], network: Network, since: date, until: date) -> Select[str, int, int]:
    which = table.network == network.key, table.day.between(since, until)
    of_last = func.sum(case((table.day == until, table.count), else_=0))
    return select(table.resource, func.sum(table.count), of_last).where(*which).group_by(table.resource)


def money(session: Session, network: Network, settings: Settings, day: date) -> Money:
    """The network's money on this day. Raises ValueError for a network without a price."""
    if network.price is None:
        raise ValueError(network.key)
    limits = network.limits(settings)
    month, today = _spent_usd(session, network, day.replace(day=1), day)
    return Money(day, today, month, limits.daily_usd, limits.monthly_usd)
