"""The plain values that the rooms hand to each other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

NETWORK = "x"
"""The network that posts are read from."""


class Metric(StrEnum):
    """What is counted of a post; the value is the dataset's column."""

    REPOSTS = "reposts"
    LIKES = "likes"
    REPLIES = "replies"
    QUOTES = "quotes"
    BOOKMARKS = "bookmarks"
    VIEWS = "views"

    @property
    def label(self) -> str:
        """What people call it in a chat about X."""
        return "retweets" if self is Metric.REPOSTS else self.value


class View(StrEnum):
    """How a comparison is drawn."""

    SPREAD = "spread"
    POSTS = "posts"


class Theme(StrEnum):
    """The colours of a chart."""

    LIGHT = "light"
    DARK = "dark"


class Mode(StrEnum):
    """How a chat is shown a comparison."""

    ONCE = "once"
    LIVE = "live"
    NEW = "new"


class State(StrEnum):
    """What the network says of an account."""

    ACTIVE = "active"
    PROTECTED = "protected"
    SUSPENDED = "suspended"
    MISSING = "missing"


class Counts(NamedTuple):
    """A post's counts at one moment; None where the source did not tell, never a zero in its place.

    A tuple, as a post is, since ticks make tens of thousands of them: a frozen dataclass takes three times as long.
    """

    reposts: int | None = None
    likes: int | None = None
    replies: int | None = None
    quotes: int | None = None
    bookmarks: int | None = None
    views: int | None = None


class Post(NamedTuple):
    """An account's own post, as last read. created_at is aware, in UTC."""

    id: str
    created_at: datetime
    counts: Counts


@dataclass(frozen=True, slots=True)
class Profile:
    """What the network says of a handle; remote_id is None where there is no such account or it is suspended."""

    handle: str
    state: State
    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading an account's newest posts, newest first.

    posts: None where the reading failed; problem then says why, and state where the network spoke of the account.
    complete: the timeline ended before `depth` posts, so that older stored posts no longer exist.
    stopped_until: the network must not be asked again before this moment; problem says why.
    """

    account_id: int
    at: datetime
    posts: tuple[Post, ...] | None = None
    complete: bool = False
    state: State | None = None
    problem: str | None = None
    stopped_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """An account to be read now, and how many of its newest posts."""

    account_id: int
    remote_id: str
    depth: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is drawn: these accounts (ids, sorted), this metric, this view, their newest `count` posts."""

    accounts: tuple[int, ...]
    metric: Metric = Metric.REPOSTS
    view: View = View.SPREAD
    count: int = 100
    theme: Theme = Theme.LIGHT


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One account of a chart.

    handle: without the @.
    values, times: the metric and the time of each post, newest first, of equal length; posts without the metric
        are left out, so that a missing count is never drawn as zero.
    note: why the row is stale or empty ("as of 14:05 UTC", "protected", "suspended", "no posts yet"), None when fresh.
    """

    handle: str
    values: tuple[int, ...]
    times: tuple[datetime, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ChartData:
    """All that a chart shows and its caption says.

    rows: in the comparison's own order, which never changes: colours go by it, the order on the picture by median.
    count: how many posts of each account were asked for; a row may hold fewer.
    as_of: when the newest of the data was read; aware, in UTC.
    """

    metric: Metric
    view: View
    theme: Theme
    count: int
    as_of: datetime
    rows: tuple[ChartRow, ...]
