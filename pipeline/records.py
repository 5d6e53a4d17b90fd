"""The plain values that modules pass to each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

DROPBOX = "dropbox"
"""Where the datasets go."""
YOUNG = timedelta(hours=24)
"""Counts of younger posts still grow fast."""
UTC_ZONE = "UTC"
"""The time zone of a chat that has chosen none. Zones are named as in the IANA database."""
CAPTION_LINK = re.compile(r"\[([^\]\n]+)\]\((https://[^\s)]+)\)")
"""How a caption links to a post: [words](address)."""


@dataclass(frozen=True, slots=True)
class LazyString:
    """A text for people, to be translated once the reader's language is known; pipeline.i18n.lazy_gettext makes it.

    msgid: the English text in the code, the catalogues' key. values: what its {fields} stand for, in types of JSON, so
        that it can be stored and sent. plural: the English text where values["count"] is not 1, or None.
    As a string it is the msgid, for texts without fields in logs and files, which are English.
    """

    msgid: str
    values: "dict[str, str | int | LazyString | list[str | LazyString]]"
    plural: str | None = None

    def __str__(self) -> str:
        return self.msgid


class Metric(StrEnum):
    """A count of a post; the value is the dataset's column."""

    REPOSTS = "reposts"
    LIKES = "likes"
    REPLIES = "replies"
    QUOTES = "quotes"
    BOOKMARKS = "bookmarks"
    VIEWS = "views"
    ENGAGEMENT = "engagement"

    @property
    def parts(self) -> "tuple[Metric, ...]":
        """The counts that make it up: itself, or those whose sum is engagement.

        Where a network does not tell all of them, engagement is the sum of fewer: pipeline.sources.registry.parts.
        """
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
    """How a metric is measured: as counted, per 1,000 views, per day, or per 1,000 followers. The values are stored."""

    COUNT = "count"
    RATE = "rate"
    DAILY = "daily"
    FOLLOWERS = "followers"


UNWEIGHTED = {Normalization.COUNT, Normalization.DAILY}
"""Where figures do not say how large an account's audience is, so that those of several networks do not compare."""


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


class ChatLocale(NamedTuple):
    """How a chat reads texts: in which language, and in which time zone the times."""

    language: Language = Language.ENGLISH
    time_zone: str = UTC_ZONE


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When a chat gets no message that nobody asked for: by its clock from start until end, which may be next day."""

    start: time
    end: time


class DocumentFormat(StrEnum):
    """The formats in which a chart, or its dataset as CSV, is sent as a file. The value ends the file's name."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"
    CSV = "csv"


class Mode(StrEnum):
    """How a chat is shown a comparison."""

    ONCE = "once"
    LIVE = "live"
    NEW = "new"


class AlertKind(StrEnum):
    """What a chat may be alerted of: a post that breaks out or reaches a milestone, an account that passes another.

    The values are stored.
    """

    BREAKOUT = "breakout"
    OVERTAKE = "overtake"
    MILESTONE = "milestone"


class State(StrEnum):
    """The state of an account on its network. The values are stored.

    DEACTIVATED: by its owner, for a time. WITHHELD: its owner asks that only people who are signed in see it.
    UNREADABLE: its server shows it to no guest, or cannot be read at all; Profile.note says which.
    """

    ACTIVE = "active"
    PROTECTED = "protected"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    WITHHELD = "withheld"
    UNREADABLE = "unreadable"
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

    def total(self, parts: Sequence[Metric]) -> int | None:
        """The sum of these counts, None where one of them is not known."""
        known = [count for count in map(self.__getattribute__, parts) if count is not None]
        return sum(known) if known and len(known) == len(parts) else None


class Post(NamedTuple):
    """An account's own post, as last fetched. created_at is aware, in UTC.

    read_at: when these counts were fetched, where that may be earlier than the last fetch of its account; else None.
    is_reply: whether it answers somebody else; an answer to oneself goes on with a thread. None where nobody told.
    """

    id: str
    created_at: datetime
    counts: Counts
    read_at: datetime | None = None
    is_reply: bool | None = None


class Handle(NamedTuple):
    """The name of an account on a network, by the network's key. Case makes no difference: compare them folded."""

    network: str
    name: str

    @property
    def folded(self) -> tuple[str, str]:
        return self.network, self.name.lower()


@dataclass(frozen=True, slots=True)
class Profile:
    """The account that a handle names; remote_id is None where there is none, or it is suspended.

    posts, joined_at: how many posts it has made, and since when, where the network tells that.
    followers: how many accounts follow it; None where that is not told.
    note: what a person should know who tracks it ("moved to @ada@new.example"); of one that cannot be read: why.
    """

    handle: str
    state: State
    remote_id: str | None = None
    posts: int | None = None
    joined_at: datetime | None = None
    followers: int | None = None
    note: LazyString | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """An account to fetch now: at most `depth` of its newest posts.

    remote_id: its id on the network. since_id, until_id: only the posts after, or before, the one with this id.
    """

    account_id: int
    remote_id: str
    depth: int
    since_id: str | None = None
    until_id: str | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The result of fetching an account's newest posts, or those after or before one of them.

    at: when they were fetched.
    posts: newest first; None where fetching failed. state then says what became of the account, if the network reports
        that.
    problem: why fetching failed, or ended before the posts that were due.
    complete: all that were due are among these, so that any other of them is deleted, or older than the newest `depth`.
    partial: the network left some posts out, so that a post that is not among these may still exist.
    stopped_until: the network must not be asked again before this moment; problem says why.
    requests: how many were made of the network.
    was_asked: False where the network was not asked, or too late to answer in time; such an account comes first next
        time.
    answered_at: when the network answered last, by its own clock, whose UTC day it bills; None where it tells no time.
    unanswered: the most posts that it may bill for requests that got no answer, or none that could be read.
    ended: the timeline holds no older posts than these.
    followers: how many accounts follow this one, where the answer tells that.
    sure_until: the answer may come out of a cache, and lack posts made after this moment; None: it lacks none.
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
    answered_at: datetime | None = None
    unanswered: int = 0
    ended: bool = False
    followers: int | None = None
    sure_until: datetime | None = None

    def is_missed(self, created_at: datetime) -> bool:
        """Whether a post made then may exist although it is not among these, where all its neighbours would be."""
        return self.sure_until is not None and created_at > self.sure_until


@dataclass(frozen=True, slots=True)
class PostsResult:
    """The answer to a request for posts by their ids.

    at, problem, stopped_until, answered_at: as of a FetchResult. post_ids: those that were asked for.
    posts: those that the network returned; None where the request failed, so that nothing is known of any.
    gone: the ids of posts that do not exist any more. Those that are in neither are not shown, as their account's are
        while it is protected or suspended.
    was_asked: False where no request was sent.
    """

    at: datetime
    post_ids: tuple[str, ...]
    posts: tuple[Post, ...] | None = None
    gone: tuple[str, ...] = ()
    problem: LazyString | None = None
    stopped_until: datetime | None = None
    answered_at: datetime | None = None
    was_asked: bool = True


@dataclass(frozen=True, slots=True)
class RequestWindow:
    """How many requests of a kind the network allows until a moment, as its answers say.

    kind: "timelines", "posts", "profiles" or "usage". limit: in each window. remaining: in this one, until resets_at,
    which is by the network's own clock. server: the host that said so, on a network of many servers.
    """

    kind: str
    limit: int
    remaining: int
    resets_at: datetime
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What the answers of a network told beside their contents, as last seen by one process.

    clock_ahead_s: by how many seconds its clock is ahead of the shared one; None where no answer had a time.
    at: when that was measured, by the shared clock.
    """

    at: datetime | None = None
    clock_ahead_s: float | None = None
    windows: tuple[RequestWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What of some accounts is drawn, and how: a metric and its normalization, of the newest `count` posts of each.

    time_zone: of the times in the picture and its caption.
    replies: whether replies to others are among these posts.
    page: of a chart of more accounts than one picture shows, the first one is 1.
    """

    metric: Metric = Metric.REPOSTS
    view: View = View.SPREAD
    count: int = 100
    normalization: Normalization = Normalization.COUNT
    span: Span = Span.DAY
    theme: Theme = Theme.LIGHT
    language: Language = Language.ENGLISH
    time_zone: str = UTC_ZONE
    replies: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is drawn: these accounts (ids, sorted), and how."""

    accounts: tuple[int, ...]
    spec: ChartSpec = ChartSpec()


class BestPost(NamedTuple):
    """The post with the highest count of those that an account made within a span. address: where the post is."""

    address: str
    figure: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One account of a chart.

    handle: without the @. network: what the account's network is called, in a chart of several networks; else empty.
    values, times: the normalized metric and the time of each post, newest first, of equal length. Posts without the
        metric are left out, so that a missing count is never drawn as zero.
    note: why the row is stale or empty ("as of 23 Nov 14:05 UTC", "protected", "no posts of its own"); None when fresh.
    total: of all posts together: their sum, the rate of their sums, or their sum per day, as the normalization asks. In
        views of gains, what was gained within the span. None where it is not known.
    read_at: when the account's posts were fetched last; None where the chart's as_of says it.
    oldest_on: 00:00 of the day on which the post was read whose figure is the oldest, where that is long before
        read_at; else None.
    gains, gaps, since, until: in views of gains, (moment, gained by then), oldest first; the intervals within which
        the account was not fetched; from when on the gain is known, where that is not the span's start; when the
        account was fetched last, where that is long ago.
    best: in views of gains, of the posts that were made within the span; None where there are none.
    followers, followers_on: per 1,000 of its followers, how many it has, None where that is not known; and 00:00 of the
        day on which that was told, where that is long before read_at, else None.
    left_out: how many of the account's newest posts, as many as are compared, are replies that the chart leaves out.
    incomplete: of the posts that are compared, older ones are still to be read.
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
    oldest_on: datetime | None = None
    network: str = ""
    followers: int | None = None
    followers_on: datetime | None = None
    left_out: int = 0
    best: BestPost | None = None
    incomplete: bool = False


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
    notes: what must be known to read the figures: what engagement is the sum of, and what is not counted alike.
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
    notes: tuple[LazyString, ...] = ()

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
