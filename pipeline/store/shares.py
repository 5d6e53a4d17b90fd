"""Fairness: an account's cost is split between the chats that track it, and each chat is sure of its share of a day."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from pipeline.sources.source import Network
from pipeline.store import accounts, ledger, openings
from pipeline.store.tables import Account, Chat, Tracking

BATCH = 5000
"""How many rows are in memory at once, of a table that has one for each account of each chat."""


def chats_by_account(
    session: Session, network: str, account_ids: Collection[int] | None = None
) -> dict[int, tuple[int, ...]]:
    """The ids of the active chats that track each of the network's accounts, by the account's id.

    account_ids: of the accounts that are asked about; None: all.
    """
    which = () if account_ids is None else (Tracking.account_id.in_(account_ids),)
    rows = session.execute(
        select(Tracking.account_id, Tracking.chat_id)
        .join(Account, Account.id == Tracking.account_id)
        .join(Chat, Chat.id == Tracking.chat_id)
        .where(Account.network == network, Chat.inactive_reason.is_(None), *which)
        .order_by(Tracking.account_id, Tracking.chat_id)
        .execution_options(yield_per=BATCH)
    )
    found: dict[int, list[int]] = {}
    for account_id, chat_id in rows:
        found.setdefault(account_id, []).append(chat_id)
    return {account_id: tuple(chats) for account_id, chats in found.items()}


def list_accounts(session: Session, chat_ids: Collection[int]) -> set[int]:
    """The ids of the accounts, of whatever network, that one of these chats tracks."""
    return set(session.scalars(select(Tracking.account_id).where(Tracking.chat_id.in_(chat_ids))))


def count_chats(session: Session, network: str) -> int:
    """How many active chats track an account of the network."""
    of_network = select(Tracking.chat_id).join(Account, Account.id == Tracking.account_id)
    tracks = of_network.where(Tracking.chat_id == Chat.id, Account.network == network).exists()
    return session.scalar(select(func.count()).select_from(Chat).where(Chat.inactive_reason.is_(None), tracks)) or 0


def count_payers(session: Session, network: str, chat_id: int) -> dict[int, int]:
    """How many active chats track each account of the network that this chat tracks, by id; empty where it is not."""
    payer = aliased(Tracking)
    of_chat = accounts.select_tracked().where(Tracking.chat_id == chat_id)
    rows = session.execute(
        select(payer.account_id, func.count())
        .join(Account, Account.id == payer.account_id)
        .join(Chat, Chat.id == payer.chat_id)
        .where(payer.account_id.in_(of_chat), Account.network == network, Chat.inactive_reason.is_(None))
        .group_by(payer.account_id)
        .order_by(payer.account_id)
    )
    return {row[0]: row[1] for row in rows}


def count_others(session: Session, account_ids: Collection[int], chat_id: int) -> dict[int, int]:
    """How many other active chats track each of these accounts, by id; without those that no other one tracks."""
    others = accounts.select_tracked().where(Tracking.account_id.in_(account_ids), Tracking.chat_id != chat_id)
    rows = session.execute(others.add_columns(func.count()).group_by(Tracking.account_id))
    return {row[0]: row[1] for row in rows}


def usd_by_account(
    session: Session, network: Network, since: date, account_ids: Collection[int] | None = None
) -> dict[int, Decimal]:
    """What each account has cost the chats that track it since that day, in US dollars, by its id.

    account_ids: of the network's accounts that are asked about; None: all.
    """
    if account_ids is None:
        return _usd(network, openings.count_by_account(session, network.key, since))
    return _usd(network, openings.count_of_accounts(session, account_ids, since))


def usd_by_chat(
    session: Session, network: Network, since: date, members: Mapping[int, Collection[int]]
) -> dict[int, Decimal]:
    """What each chat has cost since that day, in US dollars, by its id: its part of its accounts, and its look-ups.

    members: the chats that track each account.
    """
    spent = _usd(network, openings.count_by_chat(session, network.key, since))
    for account_id, usd in usd_by_account(session, network, since).items():
        for chat_id in members.get(account_id, ()):
            spent[chat_id] = spent.get(chat_id, Decimal(0)) + usd / len(members[account_id])
    return spent


def usd_alone(session: Session, network: Network, since: date, chat_ids: Collection[int]) -> dict[int, Decimal]:
    """What these chats have each paid alone since that day, in US dollars, by their ids; without those that did not.

    That is for look-ups, and for accounts that a chat tracks no more.
    """
    return _usd(network, openings.count_of_chats(session, network.key, chat_ids, since))


def _usd(network: Network, counts: Iterable[tuple[int, str, int]]) -> dict[int, Decimal]:
    """counts: (id, resource, number); returns the sums by id."""
    if network.price is None:
        return {}
    prices = {ledger.POSTS: network.price.post_usd, ledger.USERS: network.price.profile_usd}
    spent: dict[int, Decimal] = {}
    for payer, resource, count in counts:
        spent[payer] = spent.get(payer, Decimal(0)) + prices[resource] * count
    return spent
