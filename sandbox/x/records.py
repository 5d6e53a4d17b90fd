"""Accounts and posts of the stand-in of X."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sandbox.lives import Growth, Kind

METRICS = ("retweets", "replies", "likes", "quotes", "bookmarks", "views")
Counts = Mapping[str, int | None]
"""Counts by metric; None where X shows none."""

SNOWFLAKE_EPOCH = datetime.fromtimestamp(1288834974.657, UTC)
SNOWFLAKE_LOW_BITS = 22


class State(StrEnum):
    ACTIVE = "active"
    PROTECTED = "protected"
    SUSPENDED = "suspended"
    MISSING = "missing"


@dataclass(frozen=True)
class Account:
    id: int
    username: str
    name: str
    state: State
    invented: bool
    """Whether its posts come from invented.py, not from a file or the control API."""
    followers: int | None = None
    """None: as many as its id makes up."""


@dataclass(frozen=True)
class Reference:
    """The post that a reply answers or a repost repeats."""

    post_id: int
    author_id: int


@dataclass(frozen=True)
class Post:
    id: int
    author_id: int
    created_at: datetime
    kind: Kind
    text: str
    counts: Counts
    reference: Reference | None = None
    growth: Growth | None = None
    """None: the counts do not change by themselves."""

    def counts_at(self, now: datetime) -> Counts:
        if self.growth is None:
            return self.counts
        share = self.growth.share((now - self.created_at).total_seconds())
        return {name: None if count is None else int(count * share) for name, count in self.counts.items()}


def snowflake(at: datetime, low: int = 0) -> int:
    return (at - SNOWFLAKE_EPOCH) // timedelta(milliseconds=1) << SNOWFLAKE_LOW_BITS | low


def moment(post_id: int) -> datetime:
    """The time in a snowflake id."""
    return SNOWFLAKE_EPOCH + timedelta(milliseconds=post_id >> SNOWFLAKE_LOW_BITS)
