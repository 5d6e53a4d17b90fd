"""Accounts and posts of the stand-in of Bluesky."""

import hashlib
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from sandbox.lives import Growth, Kind

METRICS = ("reposts", "replies", "likes", "quotes", "bookmarks")
Counts = Mapping[str, int | None]
"""Counts by metric; None where the answer has none."""

TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
TID_LENGTH, CLOCK_BITS = 13, 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SIGNED_IN_ONLY = "!no-unauthenticated"


class State(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


@dataclass(frozen=True)
class Account:
    """valid_handle: whether its domain still says that the handle is the account's. labels: on the account.

    pinned: the id of its pinned post. invented: its posts come from invented.py, not from the control API.
    """

    did: str
    handle: str
    name: str
    state: State = State.ACTIVE
    labels: tuple[str, ...] = ()
    followers: int = 0
    valid_handle: bool = True
    pinned: str | None = None
    invented: bool = False


@dataclass(frozen=True)
class Reference:
    """The post that a reply answers or a repost repeats, and its author."""

    did: str
    rkey: str


@dataclass(frozen=True)
class Post:
    """A post or a repost. rkey: its id among the posts of its author.

    created_at: as its author's app claims. indexed_at: when Bluesky saw it.
    """

    rkey: str
    did: str
    created_at: datetime
    indexed_at: datetime
    kind: Kind
    text: str
    counts: Counts
    reference: Reference | None = None
    growth: Growth | None = None
    """None: the counts do not change by themselves."""

    @property
    def sort_at(self) -> datetime:
        return min(self.created_at, self.indexed_at)

    @property
    def is_in_own_thread(self) -> bool:
        return self.reference is not None and self.reference.did == self.did

    def counts_at(self, now: datetime) -> Counts:
        if self.growth is None:
            return self.counts
        share = self.growth.share((now - self.created_at).total_seconds())
        return {name: None if count is None else int(count * share) for name, count in self.counts.items()}


def tid(at: datetime, clock: int = 0) -> str:
    """The id that an app gives a post at a moment. clock: tells apps apart. Source: atproto.com, specs/tid."""
    number = (at - EPOCH) // timedelta(microseconds=1) << CLOCK_BITS | clock % (1 << CLOCK_BITS)
    return "".join(TID_LETTERS[number >> 5 * place & 31] for place in reversed(range(TID_LENGTH)))


def moment(rkey: str) -> datetime | None:
    """The time in an id that an app has given; None for any other."""
    if len(rkey) != TID_LENGTH or not set(rkey) <= set(TID_LETTERS) or rkey[0] not in TID_LETTERS[:8]:
        return None
    number = 0
    for letter in rkey:
        number = number << 5 | TID_LETTERS.index(letter)
    return EPOCH + timedelta(microseconds=number >> CLOCK_BITS)


@lru_cache(maxsize=200_000)  # a feed is sorted by them each time
def cid(*content: object) -> str:
    """What names a record by its content."""
    digest = hashlib.sha256(":".join(map(str, content)).encode()).digest()
    return "bafyrei" + b32encode(digest).decode().lower().rstrip("=")
