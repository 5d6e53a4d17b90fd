"""The plain values that modules pass to each other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

DROPBOX = "dropbox"
"""Where the datasets go."""
YOUNG = timedelta(hours=24)
"""Counts of younger posts still grow fast."""


@dataclass(frozen=True, slots=True)
class LazyString:
    """A text for people, to be translated once the reader's language is known; pipeline.i18n.lazy_gettext makes it.

    msgid: the English text in the code, the catalogues' key. values: what its {fields} stand for, in types of JSON, so
        that it can be stored and sent. plural: the English text where values["count"] is not 1, or None.
    """

    msgid: str
    values: "dict[str, str | int | LazyString | list[str | LazyString]]"
    plural: str | None = None


class Metric(StrEnum):
    """A count of a post; the value is the dataset's column."""

    REPOSTS = "reposts"
    LIKES = "likes"
    REPLIES = "replies"
    QUOTES = "quotes"
    BOOKMARKS = "bookmarks"
    VIEWS = "views"
    ENGAGEMENT = "engagement"

    def of(self, counts: "Counts") -> int | None:
        """The count of a post, None where it is not known.

        Engagement is the sum of reposts, likes, replies, quotes and bookmarks, None where one of them is.
        """
        parts = [count for count in map(counts.__getattribute__, self.parts) if count is not None]
        return sum(parts) if len(parts) == len(self.parts) else None

    @property
    def parts(self) -> "tuple[Metric, ...]":
        """The counts that make it up: itself, or those whose sum is engagement."""
        return (
            tuple(each for each in Metric if each not in {Metric.VIEWS, self}) if self is Metric.ENGAGEMENT else (self,)
        )


class View(StrEnum):
    """How a comparison is drawn; the values are stored. pipeline.chart.views says what each view is."""

    SPREAD = "spread"
    POSTS = "posts"
    GROWTH = "growth"
    RACE = "race"


class Normalization(StrEnum):
    """How a metric is measured: as counted, per 1,000 views, or per day. The values are stored."""

    COUNT = "count"
    RATE = "rate"
    DAILY = "daily"


class Span(StrEnum):
    """How far back a view that takes a span looks. The values are stored."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return {Span.HOUR: timedelta(hours=1), Span.DAY: timedelta(days=1), Span.WEEK: timedelta(weeks=1)}[self]


class Theme(StrEnum):
    """The colours of a chart."""

    LIGHT = "light"
    DARK = "dark"


class Language(StrEnum):
    """The language of a chat; the value is its IETF tag."""

    ENGLISH = "en"
    SPANISH = "es"


class Mode(StrEnum):
    """How a chat is shown a comparison."""

    ONCE = "once"
    LIVE = "live"
    NEW = "new"


class State(StrEnum):
    """The state of an account on its network."""

    ACTIVE = "active"
    PROTECTED = "protected"
    SUSPENDED = "suspended"
    MISSING = "missing"


class Counts(NamedTuple):
    """A post's counts at one moment. A count that is not known is None, never zero.

    A tuple, as a post is, since ticks make tens of thousands of them: a frozen dataclass takes three times as long.
    """

    reposts: int | None = None
    likes: int | None = None
    replies: int | None = None
    quotes: int | None = None
    bookmarks: int | None = None
    views: int | None = None


class Post(NamedTuple):
    """An account's own post, as last fetched. created_at is aware, in UTC."""

    id: str
    created_at: datetime
    counts: Counts


class Handle(NamedTuple):
    """The name of an account on a network, by the network's key. Case makes no difference: compare them folded."""

    network: str
    name: str

    @property
    def folded(self) -> tuple[str, str]:
        return self.network, self.name.lower()


@dataclass(frozen=True, slots=True)
class Profile:
    """The account that a handle names; remote_id is None where there is none, or it is suspended."""

    handle: str
    state: State
    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The result of fetching an account's newest posts.

    at: when they were fetched.
    posts: newest first; None where fetching failed. problem then says why, and state what became of the account,
        if the network reports that.
    complete: the newest `depth` posts are all among these, so that any other is deleted or older.
    partial: the network left some posts out, so that a post that is not among these may still exist.
    stopped_until: the network must not be asked again before this moment; problem says why.
    requests: how many were made of the network.
    was_asked: False where the network was not asked, or too late to answer in time; such an account comes first next
        time.
    """

    account_id: int
    at: datetime
    posts: tuple[Post, ...] | None = None
    complete: bool = False
    partial: bool = False
    state: State | None = None
    problem: LazyString | None = None
    stopped_until: datetime | None = None
    requests: int = 0
    was_asked: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """An account to fetch now. remote_id: its id on the network. depth: how many of its newest posts to fetch."""

    account_id: int
    remote_id: str
    depth: int


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What of some accounts is drawn, and how: a metric and its normalization, of the newest `count` posts of each."""

    metric: Metric = Metric.REPOSTS
    view: View = View.SPREAD
    count: int = 100
    normalization: Normalization = Normalization.COUNT
    span: Span = Span.DAY
    theme: Theme = Theme.LIGHT
    language: Language = Language.ENGLISH


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is drawn: these accounts (ids, sorted), and how."""

    accounts: tuple[int, ...]
    spec: ChartSpec = ChartSpec()


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One account of a chart.

    handle: without the @.
    values, times: the normalized metric and the time of each post, newest first, of equal length. Posts without the
        metric are left out, so that a missing count is never drawn as zero.
    note: why the row is stale or empty ("as of 23 Nov 14:05 UTC", "protected", "no posts of its own"); None when fresh.
    total: of all posts together: their sum, the rate of their sums, or their sum per day, as the normalization asks. In
        views of gains, what was gained within the span. None where it is not known.
    read_at: when the account's posts were fetched last; None where the chart's as_of says it.
    gains, gaps, since, until: in views of gains, (moment, gained by then), oldest first; the intervals within which
        the account was not fetched; from when on the gain is known, where that is not the span's start; when the
        account was fetched last, where that is long ago.
    """

    handle: str
    values: tuple[float, ...]
    times: tuple[datetime, ...]
    note: str | None = None
    total: float | None = None
    gains: tuple[tuple[datetime, int], ...] = ()
    read_at: datetime | None = None
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The ends of a chart's axis and the order of its rows, which the next chart of the comparison keeps if it can.

    order: the indices of the rows in the data, from the top.
    """

    low: float
    high: float
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChartData:
    """All that a chart shows and its caption says.

    spec.count: how many posts of each account are compared; a row may hold fewer.
    as_of: when the newest of the data were fetched; aware, in UTC.
    rows: in the comparison's own order, which never changes and gives the accounts their colours.
    noun: the word for the metric, from the networks of the accounts.
    before: the layout of the comparison's chart before this one; None for its first.
    now: the end of the span in views of gains, which is as_of or later; None in other views.
    expires_at: when the chart will be outdated although nothing is fetched, since the span moves; None for never.
    """

    spec: ChartSpec
    as_of: datetime
    rows: tuple[ChartRow, ...]
    noun: LazyString
    before: Layout | None = None
    now: datetime | None = None
    expires_at: datetime | None = None

    @property
    def end(self) -> datetime:
        """The end of the span."""
        return self.now or self.as_of

    @property
    def handles(self) -> tuple[str, ...]:
        """The handles of all rows, each with its @."""
        return tuple(f"@{row.handle}" for row in self.rows)

    def read_at(self, row: ChartRow) -> datetime:
        """When the row's figures were fetched: an account that cannot be fetched any more keeps its last time."""
        return row.read_at or self.as_of

    def young(self, row: ChartRow) -> list[bool]:
        """Whether each post of the row was younger than YOUNG when it was fetched, so that its counts still grew."""
        since = self.read_at(row) - YOUNG
        return [time > since for time in row.times]
