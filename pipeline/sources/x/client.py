"""X as a source of posts: tweepy, API v2, with the app's bearer token.

The only module that knows tweepy. It has a fixed host and no timeout, it sleeps on 429 when asked to, and its errors
neither unpickle nor survive every refusal; so the session's adapter sets the address and the timeout, whatever is not
a 200 is taken before tweepy sees it, and errors become ServiceError here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import requests
import tweepy

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.http import HostOverrideAdapter, read_environment_once
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult, LazyString, Post, Profile, State
from pipeline.settings import PipelineSettings
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import StopFlag
from pipeline.sources.x import responses
from pipeline.sources.x.facts import KEY, NAME, POSTS_PER_REQUEST, PROFILES_PER_REQUEST, RATE_LIMIT_WINDOW

TWEEPYS_HOST = "https://api.twitter.com"
TIMEOUT_S = 8
CONNECTIONS = 64
SMALLEST_PAGE = 5  # GET /2/users/:id/tweets
MOST_REQUESTS = 40
"""For a timeline: X serves its newest 3,200 entries, 32 full pages, and the first pages may be smaller."""
SPARE = 1.5
"""So many times the entries that the missing posts are likely among: reposts come in clusters."""
FIELDS = ["created_at", "public_metrics"]
USER_FIELDS = ["protected"]

HARD_STOPS = {
    "credits": lazy_gettext("X's credits are used up"),
    "credits-depleted": lazy_gettext("X's credits are used up"),
    "spend-cap-reached": lazy_gettext("X's monthly spending limit is reached"),
    "usage-capped": lazy_gettext("X's monthly usage cap is reached"),
}
HARD_STOP_TITLES = {
    "CreditsDepleted": "credits",
    "SpendCapReached": "spend-cap-reached",
    "UsageCapExceeded": "usage-capped",
}


@dataclass
class Found:
    """What a timeline's pages held so far. entries: what X counted, own posts and reposts."""

    depth: int
    posts: dict[str, Post] = field(default_factory=dict)
    entries: int = 0
    pages: int = 0
    requests: int = 0
    token: str | None = None
    partial: bool = False
    state: State | None = None

    @property
    def is_whole(self) -> bool:
        """Nothing more is to be asked for: enough posts are found, or the timeline has ended."""
        return len(self.posts) >= self.depth or (self.pages > 0 and self.token is None)

    @property
    def page_size(self) -> int:
        """How many entries to ask for: X cuts the page first, and leaves the reposts out then.

        As many as posts are wanted; then as many as the missing ones are likely among; then full pages.
        """
        entries = self.depth - len(self.posts)
        if self.pages == 1 and self.posts:
            entries = ceil(SPARE * entries * self.entries / len(self.posts))
        elif self.pages:
            entries = POSTS_PER_REQUEST
        return min(POSTS_PER_REQUEST, max(SMALLEST_PAGE, entries))

    def add(self, page: responses.Page, size: int) -> None:
        self.posts |= {post.id: post for post in page.posts}
        self.entries, self.pages = self.entries + size, self.pages + 1
        self.token, self.partial = page.next_token, self.partial or page.partial


def connect(settings: PipelineSettings) -> "XClient":
    return XClient(settings.x_bearer_token.get_secret_value(), settings.x_api_url)


class XClient:
    """The X API. One object a process: its threads share the pooled session."""

    def __init__(self, bearer_token: str, address: str) -> None:
        self.client = tweepy.Client(bearer_token, return_type=dict)
        self.client.session.mount(
            TWEEPYS_HOST, HostOverrideAdapter(TWEEPYS_HOST, address, timeout_s=TIMEOUT_S, pool=CONNECTIONS)
        )
        read_environment_once(self.client.session, address)
        self.client.session.hooks["response"].append(_refuse)

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What X says of each handle, in their order. Raises ServiceError."""
        pages = [
            handles[start : start + PROFILES_PER_REQUEST] for start in range(0, len(handles), PROFILES_PER_REQUEST)
        ]
        return [profile for page in pages for profile in self._look_up(page)]

    def _look_up(self, handles: Sequence[str]) -> list[Profile]:
        """Whom an answer does not name does not exist, unless it names a trouble of X's own instead."""
        answer = self._call(self.client.get_users, usernames=list(handles), user_fields=USER_FIELDS)
        if not responses.names_all(answer, handles):
            unclear = [each for each in responses.problems(answer) if responses.state(each) is None]
            raise ServiceError(KEY, responses.reason(unclear[:1]))
        return responses.profiles(answer, handles)

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles that X shows of at most PROFILES_PER_REQUEST ids: an account keeps its id when it is renamed.

        Raises ServiceError.
        """
        return responses.people(self._call(self.client.get_users, ids=list(remote_ids), user_fields=USER_FIELDS))

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        """The account's newest own posts: pages until `depth` of them are found or the timeline ends. Never raises.

        Where X fails or time runs out in between, what was found by then is kept, and of older posts nothing is known.
        """
        found = Found(due.depth)
        try:
            problem = self._fetch(due, stop, found)
        except ServiceError as error:
            if error.retry_after is None:
                return _result(due, now, found, problem=error.text)
            stop.reason = error.text
            return _result(due, now, found, problem=error.text, stopped_until=clock.now() + error.retry_after)
        else:
            return _result(due, now, found, problem=problem)

    def _fetch(self, due: Due, stop: StopFlag, found: Found) -> LazyString | None:
        """Ask for pages; returns why there was an end before all was found."""
        took_s = 0.0
        while not found.is_whole:
            began = time.monotonic()
            if stop.reason or began + took_s > stop.ends_at:
                return stop.reason or not_in_time(NAME)
            if found.requests == MOST_REQUESTS:
                return lazy_gettext("X showed nothing but reposts, without an end")
            size = found.page_size
            answer = self._timeline(due, size, found)
            page = responses.page(answer)
            if page is None:
                found.state, problem = _verdict(answer)
                return problem
            found.add(page, size)
            took_s = time.monotonic() - began
        return None

    def _timeline(self, due: Due, size: int, found: Found) -> dict[str, Any]:
        found.requests += 1
        return self._call(
            self.client.get_users_tweets,
            due.remote_id,
            exclude=["retweets"],
            max_results=size,
            pagination_token=found.token,
            tweet_fields=FIELDS,
        )

    def _call(self, method: Any, *args: Any, **params: Any) -> dict[str, Any]:
        try:
            answer = method(*args, **params)
        except RefusedError as refused:
            problem = _problem(refused.response)
            if responses.state(problem) is not None:
                return {"errors": [problem]}
            raise _service_error(refused.response, problem) from None
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise ServiceError(
                KEY, lazy_gettext("{network} did not answer properly ({kind})", network=NAME, kind=type(error).__name__)
            ) from None
        if not isinstance(answer, dict):
            raise ServiceError(KEY, responses.reason([]))
        return answer


class RefusedError(Exception):
    """X answered with something else than 200."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _refuse(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code != requests.codes.ok:
        raise RefusedError(response)


def _result(
    due: Due, now: datetime, found: Found, *, problem: LazyString | None, stopped_until: datetime | None = None
) -> FetchResult:
    """What was found, or the problem where nothing was. A stop is told in either case."""
    posts = tuple(found.posts.values()) if found.posts or problem is None else None
    return FetchResult(
        due.account_id,
        now,
        posts,
        complete=posts is not None and found.is_whole and not found.partial,
        partial=found.partial,
        state=found.state if posts is None else None,
        problem=problem if posts is None or stopped_until else None,
        stopped_until=stopped_until,
        requests=found.requests,
        was_asked=found.requests > 0,
    )


def _verdict(answer: dict[str, Any]) -> tuple[State | None, LazyString]:
    """What a 200 without a timeline says of the account, where it says something, and why there is none."""
    problems = sorted(responses.problems(answer), key=lambda problem: responses.state(problem) is None)
    return responses.state(problems[0]) if problems else None, responses.reason(problems)


def _problem(response: requests.Response) -> dict[str, Any]:
    try:
        return responses.refusal(response.json())
    except (requests.RequestException, ValueError, RecursionError):
        return {}


def _service_error(response: requests.Response, problem: dict[str, Any]) -> ServiceError:
    status = response.status_code
    kind = HARD_STOP_TITLES.get(str(problem.get("title")), responses.kind(problem))
    if status == requests.codes.payment_required and kind not in HARD_STOPS:
        kind = "credits"
    if kind in HARD_STOPS:
        return ServiceError(KEY, HARD_STOPS[kind], permanent=True, retry_after=_until_tomorrow())
    if status == requests.codes.unauthorized:
        return ServiceError(
            KEY, lazy_gettext("X refuses the bearer token"), permanent=True, retry_after=RATE_LIMIT_WINDOW
        )
    if kind == "client-forbidden":
        return ServiceError(KEY, lazy_gettext("X refuses the bot's app"), permanent=True, retry_after=RATE_LIMIT_WINDOW)
    if status == requests.codes.too_many_requests:
        return ServiceError(
            KEY, lazy_gettext("{network} answered 'too many requests'", network=NAME), retry_after=_reset(response)
        )
    return ServiceError(KEY, lazy_gettext("{network} answered with status {status}", network=NAME, status=status))


def _reset(response: requests.Response) -> timedelta:
    """How long until the window of the rate limit ends; without the header, a minute."""
    reset = response.headers.get("x-rate-limit-reset", "")
    if not (reset.isascii() and reset.isdigit()):
        return timedelta(minutes=1)
    left_s = int(reset[:15]) - clock.now().timestamp()
    return timedelta(seconds=min(max(left_s, 1), RATE_LIMIT_WINDOW.total_seconds()))


def _until_tomorrow() -> timedelta:
    now = clock.now()
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now
