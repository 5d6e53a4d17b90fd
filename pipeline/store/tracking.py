"""What a chat tracks: how accounts are added and removed, within which limits, and what that changes of its charts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.records import Handle, Language
from pipeline.store import accounts, chat_charts, chats, groups, subscriptions
from pipeline.store.rules import TooManyAccountsError, TooManyChatsError, TooManyChatsOfPersonError

NOBODY = 0
"""Chat.added_by of a chat in which nobody acts in person: a channel, or a group with anonymous admins."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many chats the bot serves, and how many accounts each may track."""

    max_chats: int
    max_accounts: int


@dataclass(frozen=True, slots=True)
class Person:
    """Who adds accounts: a user's id, or the negative id of a chat that acts itself. An owner has no share."""

    id: int
    is_owner: bool = False


class Tracked(NamedTuple):
    """The accounts that were added, and the comparisons whose charts show them now."""

    account_ids: list[int]
    comparison_ids: list[int]


class Untracked(NamedTuple):
    """How many subscriptions ended, and the comparisons whose charts show the other accounts now."""

    ended: int
    comparison_ids: list[int]


def check_room(session: Session, chat_id: int, handles: Collection[Handle], person: Person, limits: Limits) -> None:
    """Check the limits before the accounts with these handles are looked up, so that no look-up is paid in vain.

    Raises TooManyAccountsError, TooManyChatsError, TooManyChatsOfPersonError.
    """
    tracked = accounts.by_handle(chats.list_tracked_accounts(session, chat_id)).keys()
    _check_accounts(len(tracked | {handle.folded for handle in handles}), limits)
    if not tracked:
        _check_chats(session, person, limits)


def track(  # noqa: PLR0913 all that the rules depend on
    session: Session,
    chat_id: int,
    remote_ids: Mapping[str, Sequence[str]],
    *,
    person: Person,
    limits: Limits,
    language: Language,
    now: datetime,
) -> Tracked:
    """Add the stored accounts with these ids to what the chat tracks. remote_ids: by the key of the network.

    language: of the chat, where it is new. Subscriptions to everything that the chat tracks show the accounts from now
    on. Raises TooManyAccountsError, TooManyChatsError, TooManyChatsOfPersonError.
    """
    chat = chats.add(session, chat_id, now, language)
    if not chats.list_tracked_accounts(session, chat_id):
        _check_chats(session, person, limits)
        chat.added_by = _added_by(person)
    account_ids = [
        account.id
        for network, ids in remote_ids.items()
        for account in accounts.find_by_remote_ids(session, ids, network)
    ]
    chats.track(session, chat_id, account_ids, now)
    _check_accounts(len(chats.list_tracked_accounts(session, chat_id)), limits)
    return Tracked(account_ids, chat_charts.follow_tracked(session, chat_id))


def untrack(session: Session, chat_id: int, account_ids: Collection[int]) -> Untracked:
    """Remove the accounts from what the chat tracks and from its groups.

    Subscriptions to chosen accounts that lack one now end, and those to groups without any other account.
    """
    chats.untrack(session, chat_id, account_ids)
    groups.remove_everywhere(session, chat_id, account_ids)
    before = len(subscriptions.list_of_chat(session, chat_id))
    switched = chat_charts.follow_groups(session, chat_id, account_ids)
    ended = before - len(subscriptions.list_of_chat(session, chat_id))
    comparison_ids = switched + chat_charts.follow_tracked(session, chat_id)
    return Untracked(ended + chat_charts.end_untracked(session, chat_id), comparison_ids)


def put_in_group(session: Session, chat_id: int, name: str, account_ids: Collection[int]) -> list[int]:
    """Put tracked accounts into a group, which begins with its first one; returns the comparisons that show them now.

    Raises TooManyGroupsError.
    """
    groups.check_room(session, chat_id, name)
    groups.add(session, chat_id, name, account_ids)
    return chat_charts.follow_groups(session, chat_id)


def take_from_group(session: Session, chat_id: int, name: str, account_ids: Collection[int]) -> list[int]:
    """Take accounts out of a group; returns the comparisons that show the others now. They stay tracked."""
    groups.remove(session, chat_id, name, account_ids)
    return chat_charts.follow_groups(session, chat_id, account_ids)


def end_group(session: Session, chat_id: int, name: str) -> list[str]:
    """End a group; returns the handles of its accounts. They stay tracked, and charts of the group keep them.

    Raises NoGroupError.
    """
    members = groups.get(session, chat_id, name)
    groups.remove(session, chat_id, name, [account.id for account in members])
    chat_charts.follow_groups(session, chat_id)
    return [account.handle for account in members]


def share_of(max_chats: int, person: Person) -> int:
    """How many chats one person may bring: a tenth of all and at least two.

    Channels and anonymous admins share a half, since they cannot be told apart.
    """
    return max(2, max_chats // 10 if person.id > NOBODY else max_chats // 2)


def _check_chats(session: Session, person: Person, limits: Limits) -> None:
    if chats.count_active(session) >= limits.max_chats:
        raise TooManyChatsError(limits.max_chats)
    share = share_of(limits.max_chats, person)
    if not person.is_owner and chats.count_added_by(session, _added_by(person)) >= share:
        raise TooManyChatsOfPersonError(share)


def _check_accounts(count: int, limits: Limits) -> None:
    if count > limits.max_accounts:
        raise TooManyAccountsError(count, limits.max_accounts)


def _added_by(person: Person) -> int:
    return max(person.id, NOBODY)
