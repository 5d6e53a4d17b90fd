"""Fairness: an account's cost is split between the chats that track it, and each chat is sure of its share of a day."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.sources.source import Network
from pipeline.store import ledger, openings
from pipeline.store.tables import Account, Chat, Tracking


def chats_by_account(session: Session, network: str) -> dict[int, tuple[int, ...]]:
    """The ids of the active chats that track each of the network's accounts, by the account's id."""
    rows = session.execute(
        select(Tracking.account_id, Tracking.chat_id)
        .join(Account, Account.id == Tracking.account_id)
        .join(Chat, Chat.id == Tracking.chat_id)
        .where(Account.network == network, Chat.inactive_reason.is_(None))
        .order_by(Tracking.account_id, Tracking.chat_id)
    )
    found: dict[int, list[int]] = {}
    for account_id, chat_id in rows:
        found.setdefault(account_id, []).append(chat_id)
    return {account_id: tuple(chats) for account_id, chats in found.items()}


def usd_by_account(session: Session, network: Network, since: date) -> dict[int, Decimal]:
    """What each account has cost the chats that track it since that day, in US dollars, by its id."""
    return _usd(network, openings.count_by_account(session, network.key, since))


def usd_by_chat(session: Session, network: Network, since: date) -> dict[int, Decimal]:
    """What each chat has cost since that day, in US dollars, by its id: its part of its accounts, and its look-ups."""
    spent = _usd(network, openings.count_by_chat(session, network.key, since))
    chats = chats_by_account(session, network.key)
    for account_id, usd in usd_by_account(session, network, since).items():
        for chat_id in chats.get(account_id, ()):
            spent[chat_id] = spent.get(chat_id, Decimal(0)) + usd / len(chats[account_id])
    return spent


def _usd(network: Network, counts: Iterable[tuple[int, str, int]]) -> dict[int, Decimal]:
    """counts: (id, resource, number); returns the sums by id."""
    if network.price is None:
        return {}
    prices = {ledger.POSTS: network.price.post_usd, ledger.USERS: network.price.profile_usd}
    spent: dict[int, Decimal] = {}
    for payer, resource, count in counts:
        spent[payer] = spent.get(payer, Decimal(0)) + prices[resource] * count
    return spent
