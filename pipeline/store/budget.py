"""What a network with a price costs and will cost: all of it, by chat and by account. Only reads."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from pipeline import records
from pipeline.planning import estimate
from pipeline.settings import Settings
from pipeline.sources.source import Network, Price
from pipeline.store import accounts, ledger, network_status, shares
from pipeline.store.ledger import Money
from pipeline.store.tables import (
    Account,
    Chat,
    LedgerEntry,
    Opening,
    Post,
    RequestWindow,
    Reservation,
    Tracking,
)

SMALLEST_REQUEST = 5
"""Posts that a request for new posts may be billed for at the least: with less money none is sent."""
PACE_DAYS = 7
"""Of how many last days the forecast of a month takes the pace."""
DAY = timedelta(days=1)
ZERO = Decimal(0)


class Spent(NamedTuple):
    """US dollars today and this month."""

    today: Decimal = ZERO
    month: Decimal = ZERO


class Shares(NamedTuple):
    """What each chat is sure of on a day, and has spent of it, in US dollars.

    share: of each chat. spent: today, by the chat's id. left: what the network may still cost, by any limit.
    """

    share: Decimal
    spent: Mapping[int, Decimal]
    left: Decimal

    def left_for(self, chat_id: int) -> Decimal:
        """What the chat may still spend today on first readings: the rest of its share, and nothing of the others'."""
        return max(ZERO, min(self.share - self.spent.get(chat_id, ZERO), self.left))


class Readings(NamedTuple):
    """How an account is read. posts: how many are stored; opened: how many of them were paid for today.

    oldest_at: when the one was read that was not read for longest; None where none was. chats: how many share its cost.
    spent: on the account, by all of them.
    """

    posts: int
    opened: int
    oldest_at: datetime | None
    chats: int
    spent: Spent


class Known(NamedTuple):
    """What is known of an account before a chat tracks it. is_read: its posts are stored.

    posts_per_day: None where that is not known yet. others: how many other active chats track it.
    """

    is_read: bool = False
    posts_per_day: float | None = None
    others: int = 0


def smallest_usd(price: Price) -> Decimal:
    """With less money, no request for new posts is sent."""
    return SMALLEST_REQUEST * price.post_usd


def money_now(session: Session, network: Network, settings: Settings, now: datetime) -> tuple[datetime, Money]:
    """The time by the network's own clock, and its money on that day."""
    at = network_status.read_time(session, network.key, now)
    return at.now, ledger.money(session, network, settings, at.day.date)


def shares_of_day(session: Session, network: Network, money: Money, chat_ids: Collection[int]) -> Shares:
    """The shares of these chats: the day's limit / the active chats that track accounts of the network."""
    spent = shares.usd_alone(session, network, money.day, chat_ids)
    account_ids = shares.list_accounts(session, chat_ids)
    members = shares.chats_by_account(session, network.key, account_ids)
    for account_id, usd in _usd_by_account(session, network, money.day, account_ids).items():
        for chat_id in members.get(account_id, ()):
            spent[chat_id] = spent.get(chat_id, ZERO) + usd / len(members[account_id])
    share = money.daily / max(1, shares.count_chats(session, network.key))
    return Shares(share, {chat_id: spent.get(chat_id, ZERO) for chat_id in chat_ids}, money.left)


def left_for(session: Session, network: Network, money: Money, chat_id: int) -> Decimal:
    """What the chat may still spend today on first readings, in US dollars; see Shares.left_for.

    A chat that tracks no account of the network has a share too, since it is about to.
    """
    payers = shares.count_payers(session, network.key, chat_id)
    tracking = shares.count_chats(session, network.key) + (not payers)
    spent = _usd_of_chat(session, network, money.day, chat_id, payers)
    return Shares(money.daily / tracking, {chat_id: spent}, money.left).left_for(chat_id)


def forecast(session: Session, network: Network, money: Money, at: datetime) -> Spent:
    """What the day and the month will have cost at their ends, never more than may be spent. at: by its own clock.

    Of the day: what is spent, what is planned, and the new posts of the accounts that are asked for them until
    midnight. Of the month: what is spent, the rest of today, and the days after it at the pace of the last full days;
    where there was none, at what the tracked accounts are estimated to cost.
    """
    if network.price is None:
        return Spent()
    price = network.price
    midnight = datetime.combine(money.day + DAY, time(), UTC)
    new_posts = _sum_posts_per_day(session, network, money.day) * Decimal(max(midnight - at, timedelta(0)) / DAY)
    rest = price.post_usd * (_count_planned(session, network, money.day) + new_posts)
    rest_today = min(rest, max(ZERO, money.left))
    days = (ledger.next_month(money.day) - money.day).days - 1
    pace = min(_pace(session, network, price, money.day), money.daily)
    left_of_month = max(ZERO, money.monthly - money.month)
    return Spent(money.today + rest_today, money.month + min(rest_today + days * pace, left_of_month))


def by_account(
    session: Session, network: Network, day: date, account_ids: Collection[int] | None = None
) -> dict[int, Spent]:
    """What each stored account has cost the chats that track it, by its id, with what is reserved for it.

    account_ids: of the network's accounts that are asked about; None: all.
    """
    today = _usd_by_account(session, network, day, account_ids)
    month = _usd_by_account(session, network, day.replace(day=1), account_ids)
    return {account_id: Spent(today.get(account_id, ZERO), usd) for account_id, usd in month.items()}


def by_chat(session: Session, network: Network, day: date) -> dict[int, Spent]:
    """What each active chat has cost, by its id: its part of the accounts that it tracks, and its look-ups."""
    members = shares.chats_by_account(session, network.key)
    today = _usd_by_chat(session, network, day, members)
    month = _usd_by_chat(session, network, day.replace(day=1), members)
    return {chat_id: Spent(today.get(chat_id, ZERO), usd) for chat_id, usd in month.items()}


def of_chat(session: Session, network: Network, day: date, chat_id: int) -> Spent:
    """What `by_chat` says of one chat, without a look at the others' openings."""
    payers = shares.count_payers(session, network.key, chat_id)
    today, month = (_usd_of_chat(session, network, since, chat_id, payers) for since in (day, day.replace(day=1)))
    return Spent(today, month)


def _usd_of_chat(session: Session, network: Network, since: date, chat_id: int, payers: Mapping[int, int]) -> Decimal:
    """payers: how many chats share each account that the chat tracks."""
    spent = _usd_by_account(session, network, since, payers)
    parts = (usd / payers[account_id] for account_id, usd in spent.items())
    return shares.usd_alone(session, network, since, [chat_id]).get(chat_id, ZERO) + sum(parts, ZERO)


def _usd_by_account(
    session: Session, network: Network, since: date, account_ids: Collection[int] | None = None
) -> dict[int, Decimal]:
    spent = shares.usd_by_account(session, network, since, account_ids)
    for account_id, usd in _reserved(session, network, since, account_ids):
        spent[account_id] = spent.get(account_id, ZERO) + usd
    return spent


def _usd_by_chat(
    session: Session, network: Network, since: date, members: Mapping[int, Collection[int]]
) -> dict[int, Decimal]:
    """members: the chats that track each account."""
    spent = shares.usd_by_chat(session, network, since, members)
    for account_id, usd in _reserved(session, network, since):
        for chat_id in members.get(account_id, ()):
            spent[chat_id] = spent.get(chat_id, ZERO) + usd / len(members[account_id])
    return spent


def reserved_usd(session: Session, network: Network, day: date) -> Decimal:
    """What of the day's cost is set aside for requests that are under way, or were not answered."""
    if network.price is None:
        return ZERO
    which = Reservation.network == network.key, Reservation.day == day
    rows = session.execute(
        select(Reservation.resource, func.sum(Reservation.count)).where(*which).group_by(Reservation.resource)
    )
    return _usd(network, [(day, resource, int(count)) for resource, count in rows])


def _reserved(
    session: Session, network: Network, since: date, account_ids: Collection[int] | None = None
) -> Iterator[tuple[int, Decimal]]:
    """(account id, US dollars) of what may be billed for first and older posts that were asked for: even parts.

    account_ids: of the accounts that are asked about; None: all.

    Requests for new posts reserve much more than they cost, at each tick, so that no chat is charged for them before
    their answer. A reservation's question is an account's id, or "id before post id"; see steps.purchases.question.
    """
    if network.price is None:
        return
    which = Reservation.network == network.key, Reservation.resource == ledger.POSTS, Reservation.day >= since
    rows = session.execute(select(Reservation.count, Reservation.pending).where(*which)).all()
    unread = _unread(session, network, account_ids) if rows else set()
    for count, pending in rows:
        questions = json.loads(pending)
        for question in questions:
            account_id, *before = question.split()
            is_asked_about = account_ids is None or int(account_id) in account_ids
            if is_asked_about and (before or int(account_id) in unread):
                yield int(account_id), network.price.post_usd * count / len(questions)


def _unread(session: Session, network: Network, account_ids: Collection[int] | None) -> set[int]:
    """The ids of the accounts, of these or all, that were never read."""
    which = () if account_ids is None else (Account.id.in_(account_ids),)
    unread = select(Account.id).where(Account.network == network.key, Account.fetched_at.is_(None), *which)
    return set(session.scalars(unread))


def expected_error(session: Session, network: Network, chat_id: int | None = None) -> float | None:
    """By how much the charts of what the chat tracks are off, on average: 0.01 is one per cent. None: not known yet.

    chat_id: None for the accounts of all chats.
    """
    tracked = select(Tracking.account_id).where(*(() if chat_id is None else (Tracking.chat_id == chat_id,)))
    which = Account.network == network.key, Account.id.in_(tracked)
    return session.scalar(select(func.avg(Account.expected_error)).where(*which))


def request_windows(
    session: Session, network: Network, settings: Settings, at: datetime
) -> list[records.RequestWindow]:
    """How many requests of each kind may still be sent; a window that has ended begins anew. at: by its own clock."""
    limits = network.limits(settings)
    most = {"timelines": limits.requests, "posts": limits.look_ups}
    rows = session.scalars(
        select(RequestWindow).where(RequestWindow.network == network.key).order_by(RequestWindow.kind)
    )
    return [_window(row, min(row.limit, most.get(row.kind) or row.limit), at) for row in rows]


def _window(row: RequestWindow, limit: int, at: datetime) -> records.RequestWindow:
    """limit: how many of the network's limit may be sent."""
    used = row.limit - row.remaining if row.resets_at > at else 0
    return records.RequestWindow(row.kind, limit, max(0, limit - used), row.resets_at)


def readings(session: Session, network: Network, account_id: int, day: date) -> Readings:
    """How an account of the network is read, and what that costs."""
    which = Opening.account_id == account_id, Opening.asked  # with its network, SQLite would read all openings
    counts = (
        select(Opening.day, Opening.resource, func.count())
        .where(*which, Opening.day >= day.replace(day=1))
        .group_by(Opening.day, Opening.resource)
    )
    rows = [(row[0], row[1], row[2]) for row in session.execute(counts)]
    today = [row for row in rows if row[0] == day]
    stored = session.execute(select(func.count(), func.min(Post.read_at)).where(Post.account_id == account_id)).one()
    payers = (
        select(func.count())
        .select_from(Tracking)
        .join(Chat)
        .where(Tracking.account_id == account_id, Chat.inactive_reason.is_(None))
    )
    return Readings(
        posts=stored[0],
        opened=sum(count for _, resource, count in today if resource == ledger.POSTS),
        oldest_at=stored[1],
        chats=session.scalar(payers) or 0,
        spent=Spent(_usd(network, today), _usd(network, rows)),
    )


def _usd(network: Network, counts: Iterable[tuple[date, str, int]]) -> Decimal:
    """What so many units of each resource cost. counts: (day, resource, count)."""
    if network.price is None:
        return ZERO
    prices = {ledger.POSTS: network.price.post_usd, ledger.USERS: network.price.profile_usd}
    return sum((prices[resource] * count for _, resource, count in counts), ZERO)


def _count_planned(session: Session, network: Network, day: date) -> int:
    which = Opening.network == network.key, Opening.day == day, Opening.resource == ledger.POSTS, ~Opening.asked
    return session.scalar(select(func.count()).select_from(Opening).where(*which)) or 0


def _sum_posts_per_day(session: Session, network: Network, finds_on: date) -> Decimal:
    """The posts a day of all accounts that are asked for new posts on the day."""
    which = Account.network == network.key, Account.finds_on == finds_on
    return Decimal(session.scalar(select(func.sum(Account.posts_per_day)).where(*which)) or 0)


def _pace(session: Session, network: Network, price: Price, day: date) -> Decimal:
    """US dollars a day: the mean of the last full days, or else what the tracked accounts are estimated to cost."""
    first = session.scalar(select(func.min(LedgerEntry.day)).where(LedgerEntry.network == network.key)) or day
    since = max(first, day - PACE_DAYS * DAY)
    if since < day:
        return ledger.spent_usd(session, network, since, day - DAY) / (day - since).days
    return estimated_usd(session, network, price)


def estimated_usd(session: Session, network: Network, price: Price) -> Decimal:
    """What the accounts that active chats track are estimated to cost a day, by how many posts they make.

    It is the sum of estimate.daily_usd: accounts that cost the least or the most are counted, the posts a day of the
    busiest and of all others are summed.
    """
    rate = func.coalesce(Account.posts_per_day, 0.0)
    is_quiet = rate * float(estimate.OPENINGS) <= float(estimate.LEAST_OPENINGS)
    is_busy = rate * float(estimate.OPENINGS) >= float(estimate.MOST_OPENINGS) + rate
    sums = (
        func.sum(case((is_quiet, 1), else_=0)),
        func.sum(case((is_busy, 1), else_=0)),
        func.sum(case((is_busy, rate), else_=0.0)),
        func.sum(case((is_quiet, 0.0), (is_busy, 0.0), else_=rate)),
    )
    row = session.execute(select(*sums).where(Account.network == network.key, accounts.is_tracked())).one()
    quiet, busy, rates_of_busy, rates_of_others = (Decimal(each or 0) for each in row)
    openings = quiet * estimate.LEAST_OPENINGS + busy * estimate.MOST_OPENINGS + rates_of_busy
    return price.post_usd * (openings + rates_of_others * estimate.OPENINGS)


def known(session: Session, network: Network, remote_ids: Collection[str], chat_id: int) -> dict[str, Known]:
    """What is known of these accounts, by their ids on the network, before the chat tracks them."""
    stored = accounts.find_by_remote_ids(session, remote_ids, network.key)
    others = shares.count_others(session, [account.id for account in stored], chat_id)
    return {
        account.remote_id: Known(account.fetched_at is not None, account.posts_per_day, others.get(account.id, 0))
        for account in stored
    }
