"""Fetches an account's timeline from X page by page, and no more of it than may be billed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult, LazyString, Post, State
from pipeline.sources.problems import no_money_left
from pipeline.sources.source import StopFlag
from pipeline.sources.x import responses
from pipeline.sources.x.connection import Answer
from pipeline.sources.x.facts import KEY, NAME, POSTS_PER_REQUEST

SMALLEST_PAGE = 5
"""The least that max_results of GET /2/users/:id/tweets may be. Source: X's OpenAPI document."""
MOST_REQUESTS = 40
"""For a timeline: X serves its newest 3,200 entries, 32 full pages, and the first pages may be smaller."""
SPARE = 1.5
"""So many times the entries that the missing posts are likely among: reposts come in clusters."""
GUARD = timedelta(minutes=1)
"""Before and after 00:00 UTC by X's clock no further page is asked for: X bills a post again on a new day.

Source: docs.x.com, getting-started/pricing; how far X's machines differ is not documented, and a minute is plenty.
"""

Ask = Callable[[Due, int, str | None], Answer]
"""Asks for a page of so many entries of an account's timeline, from a pagination token on."""


@dataclass
class Timeline:
    """What the pages of an account's timeline held so far.

    entries: what X counted, own posts and reposts. token: of the next page; None where there is none.
    unanswered, answered_at, partial, state: as of a FetchResult.
    """

    due: Due
    posts: dict[str, Post] = field(default_factory=dict)
    entries: int = 0
    pages: int = 0
    requests: int = 0
    unanswered: int = 0
    token: str | None = None
    partial: bool = False
    state: State | None = None
    answered_at: datetime | None = None

    @property
    def is_at_end(self) -> bool:
        return self.pages > 0 and self.token is None

    @property
    def is_whole(self) -> bool:
        """Nothing more is to be asked for: there is no more, or as many posts are found as are due."""
        return self.is_at_end or len(self.posts) >= self.due.depth

    @property
    def page_size(self) -> int:
        """How many entries to ask for: X cuts the page first, and leaves the reposts out then.

        As many as posts are wanted; then as many as the missing ones are likely among; then full pages. Of new posts
        there are likely few, so that pages begin small, and double.
        """
        entries = self.due.depth - len(self.posts)
        if self.due.since_id is not None:
            likely = ceil(entries * self.entries / len(self.posts)) if self.posts else POSTS_PER_REQUEST
            entries = min(likely, SMALLEST_PAGE << self.pages)
        elif self.pages == 1 and self.posts:
            entries = ceil(SPARE * entries * self.entries / len(self.posts))
        elif self.pages:
            entries = POSTS_PER_REQUEST
        return min(POSTS_PER_REQUEST, max(SMALLEST_PAGE, entries))

    def add(self, page: responses.Page, size: int) -> None:
        self.posts |= {post.id: post for post in page.posts}
        self.entries, self.pages = self.entries + size, self.pages + 1
        self.token, self.partial = page.next_token, self.partial or page.partial

    def result(self, now: datetime, problem: LazyString | None, stopped_until: datetime | None) -> FetchResult:
        """What was found, and the problem that ended it."""
        posts = tuple(self.posts.values()) if self.posts or problem is None else None
        return FetchResult(
            self.due.account_id,
            now,
            posts,
            complete=posts is not None and self.is_whole and not self.partial,
            partial=self.partial,
            state=self.state if posts is None else None,
            problem=problem,
            stopped_until=stopped_until,
            requests=self.requests,
            was_asked=self.requests > 0,
            answered_at=self.answered_at,
            unanswered=self.unanswered,
            ended=self.due.since_id is None and self.is_at_end and not self.partial,
        )


def fetch(ask: Ask, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
    """The account's posts that are due: pages until they are found. Never raises.

    Where X fails, or time or money runs out in between, what was found by then is kept, and of other posts nothing is
    known.
    """
    timeline = Timeline(due)
    error = _fetch_pages(ask, timeline, stop)
    if error is None:
        return timeline.result(now, None, None)
    return timeline.result(now, error.text, stop.heed(error))


def _fetch_pages(ask: Ask, timeline: Timeline, stop: StopFlag) -> ServiceError | None:
    """Ask for pages; returns why there was an end before all was found, where that is a failure."""
    took_s = 0.0
    while not timeline.is_whole and not _is_near_midnight(timeline.answered_at):
        if problem := stop.why_not_to_ask(NAME, took_s):
            return ServiceError(KEY, problem)
        if timeline.requests == MOST_REQUESTS:
            return ServiceError(KEY, lazy_gettext("X shows nothing but reposts of this account"))
        began = time.monotonic()
        size = _take(stop, timeline)
        if size == 0:
            return None if timeline.requests else ServiceError(KEY, no_money_left(NAME))
        if error := _fetch_page(ask, timeline, size, stop):
            return error
        took_s = time.monotonic() - began
    return None


def _fetch_page(ask: Ask, timeline: Timeline, size: int, stop: StopFlag) -> ServiceError | None:
    """Ask for one page, for which `size` posts were taken from the purse."""
    if problem := stop.why_not_to_ask(NAME):  # others' answers were waited for until the money was there
        _settle(stop, timeline, size, 0)
        return ServiceError(KEY, problem)
    answer = ask(timeline.due, size, timeline.token)
    page = responses.page(answer.body)
    is_lost = answer.is_lost or (answer.error is None and page is None and not responses.is_refusal(answer.body))
    _settle(stop, timeline, size, size if is_lost else responses.count(answer.body))
    timeline.requests += 1
    timeline.unanswered += size if is_lost else 0
    timeline.answered_at = answer.at or timeline.answered_at
    if page is None:
        return answer.error or _verdict(answer, timeline)
    timeline.add(page, size)
    timeline.unanswered += responses.count(answer.body) - len(page.posts)  # those that could not be read
    return None


def _verdict(answer: Answer, timeline: Timeline) -> ServiceError:
    """Why there is no timeline in a 200; what that says of the account, where it says something, is noted."""
    problems = sorted(responses.problems(answer.body), key=lambda problem: responses.state(problem) is None)
    timeline.state = responses.state(problems[0]) if problems else None
    return ServiceError(KEY, responses.reason(problems))


def _take(stop: StopFlag, timeline: Timeline) -> int:
    """How many posts the next request may return; 0 where there is no money for the fewest."""
    most = timeline.page_size
    if stop.purse is None:
        return most
    return stop.purse.take(timeline.due.account_id, SMALLEST_PAGE, most, stop.ends_at)


def _settle(stop: StopFlag, timeline: Timeline, taken: int, billed: int) -> None:
    if stop.purse is not None:
        stop.purse.settle(timeline.due.account_id, taken, min(billed, taken))


def _is_near_midnight(at: datetime | None) -> bool:
    return at is not None and (at - GUARD).date() != (at + GUARD).date()
