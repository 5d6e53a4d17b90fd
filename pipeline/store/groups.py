"""Groups: named sets of accounts that a chat tracks. pipeline.store.tracking changes them."""

from collections.abc import Collection
from itertools import groupby

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.store.rules import NoGroupError, TooManyGroupsError
from pipeline.store.tables import Account, GroupMember

MAX_GROUPS = 10
"""Groups of a chat."""


def list_of_chat(session: Session, chat_id: int) -> dict[str, list[Account]]:
    """The accounts of each group, by its name; both in the order of the alphabet."""
    joined = select(GroupMember.name, Account).join(Account, Account.id == GroupMember.account_id)
    rows = session.execute(joined.where(GroupMember.chat_id == chat_id)).all()
    ordered = sorted(rows, key=lambda row: (row[0], row[1].handle.lower()))
    return {name: [account for _, account in members] for name, members in groupby(ordered, key=lambda row: row[0])}


def list_ids(session: Session, chat_id: int) -> dict[str, list[int]]:
    """The ids of each group's accounts, by its name."""
    return {name: [account.id for account in members] for name, members in list_of_chat(session, chat_id).items()}


def get(session: Session, chat_id: int, name: str) -> list[Account]:
    """The group's accounts. Raises NoGroupError."""
    members = list_of_chat(session, chat_id).get(name)
    if members is None:
        raise NoGroupError
    return members


def check_room(session: Session, chat_id: int, name: str) -> None:
    """Raises TooManyGroupsError where this would be a group too many."""
    present = list_ids(session, chat_id).keys()
    if len(present | {name}) > MAX_GROUPS:
        raise TooManyGroupsError(MAX_GROUPS)


def add(session: Session, chat_id: int, name: str, account_ids: Collection[int]) -> None:
    for account_id in account_ids:
        session.merge(GroupMember(chat_id=chat_id, name=name, account_id=account_id))
    session.flush()


def remove(session: Session, chat_id: int, name: str, account_ids: Collection[int]) -> None:
    of_group = GroupMember.chat_id == chat_id, GroupMember.name == name
    session.execute(delete(GroupMember).where(*of_group, GroupMember.account_id.in_(account_ids)))


def remove_everywhere(session: Session, chat_id: int, account_ids: Collection[int]) -> None:
    """Remove the accounts from all groups of the chat."""
    of_chat = GroupMember.chat_id == chat_id, GroupMember.account_id.in_(account_ids)
    session.execute(delete(GroupMember).where(*of_chat))
