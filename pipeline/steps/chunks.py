"""What one `fetch` task is asked for, as its message carries it."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from pipeline.records import Due

T = TypeVar("T")
PackedDue = tuple[int, str, int, str | None, str | None]
"""A Due: the account, its id on the network, how many posts, and since and until which post."""


class Chunk(NamedTuple):
    """A part of a tick's requests, all to one network (its key), so that a slow one delays no other.

    due: the accounts to fetch. post_ids: the posts to read by their ids. reservation, credit: on a network with a
    price, the id of what is reserved for the accounts, and how many posts it pays. day: the network's UTC day that it
    is planned for, as in 2026-11-28. until: by when to ask, in seconds since 1970 by the shared clock: later ticks have
    then asked for the same accounts. None: at any time.
    """

    network: str
    due: list[PackedDue]
    post_ids: list[str]
    reservation: int | None = None
    credit: int = 0
    day: str | None = None
    until: float | None = None


def pack(due: Due) -> PackedDue:
    return due.account_id, due.remote_id, due.depth, due.since_id, due.until_id


def unpack(packed: Sequence[int | str | None]) -> Due:
    account_id, remote_id, depth, *ids = packed
    since_id, until_id = [None if each is None else str(each) for each in ids] or [None, None]
    return Due(int(account_id or 0), str(remote_id), int(depth or 0), since_id, until_id)


def deal(due: Sequence[T], slots: int) -> list[list[T]]:
    """Deal accounts out evenly to the worker slots: no part is empty, and each keeps their order."""
    count = min(slots, len(due))
    return [list(due[first::count]) for first in range(count)]
