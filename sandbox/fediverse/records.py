"""Accounts and posts of the stand-in of the fediverse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sandbox.lives import Growth

METRICS = ("boosts", "favourites", "replies", "quotes")
Counts = Mapping[str, int | None]
"""Counts by metric; None where the server tells none."""


class State(StrEnum):
    """PRIVATE: all its posts are for its followers alone. SUSPENDED: by its server, which says so in the account.

    GONE and FORBIDDEN: how other servers show a suspended account, with 410 and with 403.
    """

    ACTIVE = "active"
    PRIVATE = "private"
    SUSPENDED = "suspended"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    MISSING = "missing"


class Kind(StrEnum):
    """THREAD: a reply to a post of the account's own."""

    POST = "post"
    REPLY = "reply"
    THREAD = "thread"
    BOOST = "boost"


class Visibility(StrEnum):
    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


@dataclass(frozen=True)
class Account:
    """host: of its server. domain: the one in its handle. uri: the address by which all servers know it.

    moved_to: the handle of the account that it has become. invented: its posts come from invented.py, not from a file
    or the control API.
    """

    host: str
    domain: str
    username: str
    id: int
    name: str
    uri: str
    created_at: datetime
    followers: int
    state: State = State.ACTIVE
    invented: bool = True
    limited: bool = False
    noindex: bool = False
    memorial: bool = False
    moved_to: str | None = None

    @property
    def handle(self) -> str:
        return f"{self.username}@{self.domain}"

    @property
    def address(self) -> str:
        """Of its page, which people see."""
        return f"https://{self.host}/@{self.username}"


@dataclass(frozen=True)
class Post:
    """A post of an account; a boost has the text and the counts of what it boosts.

    answers: the id of the post that a reply answers. stranger: the username of the author of what is answered or
    boosted, on the same server; None for the account's own. growth: None where the counts do not change by themselves.
    """

    id: int
    created_at: datetime
    kind: Kind
    text: str
    counts: Counts
    visibility: Visibility = Visibility.PUBLIC
    is_pinned: bool = False
    answers: int | None = None
    stranger: str | None = None
    growth: Growth | None = None

    def counts_at(self, now: datetime) -> Counts:
        if self.growth is None:
            return self.counts
        share = self.growth.share((now - self.created_at).total_seconds())
        return {name: None if count is None else int(count * share) for name, count in self.counts.items()}
