"""Fetches an account's timeline from its server, page by page: its own posts and threads, without boosts.

Replies to others are not asked for: pages would be full of them, and each page is a request of a small server.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from pipeline.errors import ServiceError
from pipeline.i18n import STATE_NAMES
from pipeline.records import Due, FetchResult, LazyString, Post, State
from pipeline.sources.fediverse import responses
from pipeline.sources.fediverse.connection import Answer, Connection
from pipeline.sources.fediverse.facts import NAME, POSTS_PER_REQUEST
from pipeline.sources.fediverse.guest import Guest, RemoteId
from pipeline.sources.fediverse.refusals import NoAccountError
from pipeline.sources.fediverse.servers import Stop
from pipeline.sources.problems import not_readable
from pipeline.sources.source import StopFlag

CACHED = timedelta(minutes=1)
"""How old the posts may be that an answer lacks, beside its Age: 15 s and 30 s by Mastodon's caching_concern.rb."""
SPARE = 2
"""So many times the pages that the posts would fill: software other than Mastodon counts boosts and replies in."""


@dataclass
class Timeline:
    """What the pages of an account's timeline held so far.

    max_id: from which the next page goes on. age: for how long a cache has kept the oldest of the answers. followers,
    partial, requests: as of a FetchResult.
    """

    due: Due
    posts: dict[str, Post] = field(default_factory=dict)
    pages: int = 0
    requests: int = 0
    max_id: str | None = None
    is_at_end: bool = False
    partial: bool = False
    followers: int | None = None
    age: timedelta = timedelta(0)

    @property
    def is_whole(self) -> bool:
        return self.is_at_end or len(self.posts) >= self.due.depth

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be asked for. Of the newest page alone, no more than that page."""
        pages = ceil(self.due.depth / POSTS_PER_REQUEST)
        return self.is_whole or self.pages >= (pages if pages == 1 else SPARE * pages)

    @property
    def params(self) -> dict[str, str | int]:
        """Of the next page, whose address a server would tell too; but what it tells is not followed."""
        params: dict[str, str | int] = {"exclude_reblogs": "true", "exclude_replies": "true"}
        params["limit"] = POSTS_PER_REQUEST
        return params if self.max_id is None else {**params, "max_id": self.max_id}

    def add(self, page: responses.Page, *, is_last: bool) -> None:
        """Add a page. One that only repeats the pages before it has no end, and is taken for the last."""
        is_stuck = page.last_id in {None, self.max_id}
        self.posts |= {post.id: post for post in page.posts}
        self.pages, self.max_id = self.pages + 1, page.last_id
        self.partial = self.partial or page.partial or (is_stuck and page.size > 0)
        self.is_at_end = is_last or is_stuck

    def result(self, now: datetime, failure: "Failure | None", stop: Stop | None) -> FetchResult:
        """What was found, and the failure that ended it. stop: of its server, which is told in either case."""
        found = sorted(self.posts.values(), key=lambda post: post.created_at, reverse=True)
        posts = None if failure and not found else tuple(found[: self.due.depth])
        at = now - self.age
        return FetchResult(
            self.due.account_id,
            at,
            posts,
            complete=posts is not None and self.is_whole and not self.partial,
            partial=self.partial,
            state=failure.state if failure and posts is None else None,
            problem=stop.reason if stop else failure.problem if failure else None,
            stopped_until=stop.until if stop else None,
            requests=self.requests,
            was_asked=self.requests > 0,
            ended=self.is_at_end and not self.partial and len(found) <= self.due.depth,
            followers=self.followers,
            sure_until=at - CACHED,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no more of a timeline. state: what became of the account, where its server says so."""

    problem: LazyString
    state: State | None = None


def fetch(connection: Connection, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
    """The account's posts that are due. Never raises: what was found until something failed is kept."""
    timeline, account = Timeline(due), RemoteId.parse(due.remote_id, connection)
    if account is None:
        return timeline.result(now, Failure(not_readable(NAME)), None)
    guest = Guest(connection, account.server, stop)
    failure = _failure(guest, timeline, account)
    timeline.requests = guest.requests
    # A stop is told although a request for a profile met with the fault, of which only this process knows.
    return timeline.result(now, failure, connection.servers.stop_of(account.server))


def _failure(guest: Guest, timeline: Timeline, account: RemoteId) -> Failure | None:
    """Ask for pages until the timeline is done; returns why that failed."""
    try:
        while not timeline.is_done:
            _add_page(guest, timeline, account)
    except ServiceError as error:
        return Failure(error.text)
    except NoAccountError as error:
        return Failure(STATE_NAMES[error.state], error.state)
    return None


def _add_page(guest: Guest, timeline: Timeline, account: RemoteId) -> None:
    """Ask for the next page. Raises ServiceError, NoAccountError: also where the account is not the one it was."""
    page, answer = guest.page(account.id, timeline.params)
    author = page.account
    if author is None and timeline.pages == 0:  # the timeline of a suspended account is empty
        author = guest.account(account.id)
    if author is not None and not author.may_be(account.uri):
        raise NoAccountError(State.MISSING)
    if author is not None and timeline.pages == 0:
        timeline.followers = author.followers
    timeline.age = max(timeline.age, answer.age)
    timeline.add(page, is_last=page.size == 0 or _is_last(page, answer))


def _is_last(page: responses.Page, answer: Answer) -> bool:
    """Whether the server says that it has no older posts. A page may be short although there are."""
    link = answer.headers.get("link", "")
    return page.size < POSTS_PER_REQUEST and link != "" and "next" not in link
