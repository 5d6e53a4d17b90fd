"""Totals of the whole installation, for the metrics. Each is one query that an index or a small table answers."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, literal, select, text
from sqlalchemy.orm import Session

from pipeline.records import State
from pipeline.store import accounts
from pipeline.store.ledger import POSTS, USERS
from pipeline.store.tables import Account, Chat, CircuitBreaker, Comparison, LedgerEntry, Subscription

SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}


class AccountTotals(NamedTuple):
    """How many accounts of a network are tracked and readable. unread: how many were never read.

    oldest: the reading of the account that was read longest ago; None where none was.
    """

    network: str
    number: int
    unread: int
    oldest: datetime | None


def of_accounts(session: Session) -> list[AccountTotals]:
    rows = session.execute(
        select(
            Account.network, func.count(), func.count() - func.count(Account.fetched_at), func.min(Account.fetched_at)
        )
        .where(Account.id.in_(accounts.select_tracked()), Account.state == State.ACTIVE)
        .group_by(Account.network)
    )
    return [AccountTotals(*row) for row in rows]


def billed(session: Session, network: str) -> tuple[int, int]:
    """How many posts and how many profiles the network has ever billed."""
    rows = session.execute(
        select(LedgerEntry.resource, func.sum(LedgerEntry.count))
        .where(LedgerEntry.network == network)
        .group_by(LedgerEntry.resource)
    )
    counts = {row[0]: int(row[1]) for row in rows}
    return counts.get(POSTS, 0), counts.get(USERS, 0)


def open_breakers(session: Session, now: datetime) -> dict[str, int]:
    """How many circuit breakers are open of each network, with those of its servers, and of Dropbox."""
    open_now = session.scalars(select(CircuitBreaker.service).where(CircuitBreaker.retry_at > now))
    counts: dict[str, int] = {}
    for service in open_now:
        name = service.partition(" ")[0]
        counts[name] = counts.get(name, 0) + 1
    return counts


class ChartTotals(NamedTuple):
    """chats, subscriptions: that are served. failing: subscriptions whose last delivery failed.

    undrawn: charts whose figures have changed since they were drawn. asked_at: when the person asked who has waited
    longest for a chart; None where nobody waits.
    """

    chats: int
    subscriptions: int
    failing: int
    undrawn: int
    asked_at: datetime | None


def of_charts(session: Session) -> ChartTotals:
    served = select(Chat.id).where(Chat.inactive_reason.is_(None))
    outdated = Comparison.requested_version > Comparison.rendered_version
    subscriptions = session.execute(
        select(func.count(), func.count(Subscription.failing_since), func.min(Subscription.requested_at)).where(
            Subscription.chat_id.in_(served)
        )
    ).one()
    chats, undrawn = _count(session, served), _count(session, select(Comparison.id).where(outdated))
    return ChartTotals(chats, subscriptions[0], subscriptions[1], undrawn, subscriptions[2])


def size_bytes(session: Session) -> int:
    """The size of the database."""
    return int(session.scalar(text(SIZE[session.get_bind().dialect.name])) or 0)


def _count(session: Session, rows: Select[int]) -> int:
    return session.scalar(select(func.count(literal(1))).select_from(rows.subquery())) or 0
