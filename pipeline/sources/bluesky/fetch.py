"""Fetches an account's feed from Bluesky page by page."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.errors import ServiceError
from pipeline.i18n import STATE_NAMES
from pipeline.records import Due, FetchResult, LazyString, Post, State
from pipeline.sources.bluesky import responses
from pipeline.sources.bluesky.connection import Answer, Parameters
from pipeline.sources.bluesky.facts import KEY, NAME, POSTS_PER_REQUEST
from pipeline.sources.source import StopFlag

FEED, PROFILE = "app.bsky.feed.getAuthorFeed", "app.bsky.actor.getProfile"
ALL = "posts_with_replies"
"""The filter that leaves nothing out, since replies to others are wanted. With posts_and_author_threads they would not
come, nor would a post of a thread that begins on another page, as if it were deleted.
"""
MOST_PAGES = 5
"""Of a reading: an account that reposts a lot has few posts of its own among many items."""

CACHED = timedelta(minutes=1)
"""How old the posts may be that an answer lacks: the public API answers from copies, for how long is not told."""

Ask = Callable[[str, Parameters, float], Answer]
"""Connection.ask."""


@dataclass
class Feed:
    """What the pages of an account's feed held so far. partial, state: as of a FetchResult."""

    due: Due
    posts: dict[str, Post] = field(default_factory=dict)
    pages: int = 0
    requests: int = 0
    cursor: str | None = None
    partial: bool = False
    state: State | None = None

    @property
    def is_at_end(self) -> bool:
        """A page may be short although there are more: only one without a cursor is the last."""
        return self.pages > 0 and self.cursor is None

    @property
    def is_whole(self) -> bool:
        """Replies do not count: charts that leave them out show as many posts as are due, too."""
        return self.is_at_end or sum(not post.is_reply for post in self.posts.values()) >= self.due.depth

    @property
    def parameters(self) -> Parameters:
        asked: list[tuple[str, str | int]] = [
            ("actor", self.due.remote_id),
            ("filter", ALL),
            ("limit", POSTS_PER_REQUEST),
        ]
        return [*asked, ("cursor", self.cursor)] if self.cursor else asked

    def add(self, page: responses.Page) -> None:
        self.posts |= {post.id: post for post in page.posts}
        self.pages, self.cursor = self.pages + 1, page.cursor
        self.partial, self.state = self.partial or page.partial, self.state or page.state

    def newest(self) -> tuple[Post, ...]:
        """As many as are due, and further ones until as many that are no replies are among them."""
        posts = sorted(self.posts.values(), key=_age, reverse=True)
        others = [post for post in posts if not post.is_reply]
        newest = {post.id for post in (*posts[: self.due.depth], *others[: self.due.depth])}
        return tuple(post for post in posts if post.id in newest)

    def result(self, now: datetime, problem: LazyString | None, stopped_until: datetime | None) -> FetchResult:
        """What was found, and the problem that ended it.

        An account with a state is not read, whatever was found.
        """
        has_posts, newest = self.state is None and (bool(self.posts) or problem is None), self.newest()
        return FetchResult(
            self.due.account_id,
            now,
            newest if has_posts else None,
            complete=has_posts and self.is_whole and not self.partial,
            partial=self.partial,
            state=self.state,
            problem=problem,
            stopped_until=stopped_until,
            requests=self.requests,
            was_asked=self.requests > 0,
            ended=has_posts and self.is_at_end and len(newest) == len(self.posts) and not self.partial,
            sure_until=now - CACHED,
        )


def fetch(ask: Ask, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
    """The account's posts that are due: pages until they are found, there are no more, or MOST_PAGES. Never raises.

    Where Bluesky fails in between, what was found by then is kept, and of older posts nothing is known.
    """
    feed = Feed(due)
    error = _fetch_pages(ask, feed, stop)
    if error is None:
        return feed.result(now, None, None)
    return feed.result(now, error.text, stop.heed(error))


def _fetch_pages(ask: Ask, feed: Feed, stop: StopFlag) -> ServiceError | None:
    """Ask for pages; returns why there was an end before all was found, where that is a failure."""
    took_s = 0.0
    while not feed.is_whole and feed.pages < MOST_PAGES:
        if problem := stop.why_not_to_ask(NAME, took_s):
            return ServiceError(KEY, problem)
        began = time.monotonic()
        if error := _fetch_page(ask, feed, stop):
            return error
        took_s = time.monotonic() - began
    return None


def _fetch_page(ask: Ask, feed: Feed, stop: StopFlag) -> ServiceError | None:
    answer = ask(FEED, feed.parameters, stop.ends_at)
    feed.requests += answer.requests
    if answer.is_refusal:
        return _ask_why(ask, feed, answer, stop)
    page = responses.page(answer.body, feed.due.remote_id)
    if page is None:
        return answer.error or ServiceError(KEY, responses.reason(answer.body))
    feed.add(page)
    return None if feed.state is None else ServiceError(KEY, STATE_NAMES[feed.state])


def _ask_why(ask: Ask, feed: Feed, refusal: Answer, stop: StopFlag) -> ServiceError:
    """Why a feed is not shown, which the profile tells, and so what became of the account: it is noted."""
    answer = ask(PROFILE, [("actor", feed.due.remote_id)], stop.ends_at)
    feed.requests += answer.requests
    if answer.is_refusal:
        feed.state = responses.state(answer.body)
        return ServiceError(KEY, responses.reason(answer.body))
    if answer.error is not None:
        return answer.error
    profile = responses.profile(answer.body, feed.due.remote_id)
    if profile is None or profile.state is State.ACTIVE:
        return ServiceError(KEY, responses.reason(refusal.body))
    feed.state = profile.state
    return ServiceError(KEY, STATE_NAMES[profile.state])


def _age(post: Post) -> datetime:
    return post.created_at
