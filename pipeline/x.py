"""X as a source of posts: tweepy, API v2, with the app's bearer token.

The only module that knows tweepy. It has a fixed host and no timeout, it sleeps on 429 when asked to, and its errors
neither unpickle nor survive every refusal; so the session's adapter sets the address and the timeout, whatever is not
a 200 is taken before tweepy sees it, and errors become ServiceError here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
import tweepy

from pipeline import clock, x_answers
from pipeline.errors import ServiceError
from pipeline.http import Rebased, read_environment_once
from pipeline.language import text
from pipeline.records import NETWORK, Due, Post, Profile, Reading, Text

TWEEPYS_HOST = "https://api.twitter.com"
TIMEOUT_S = 8
CONNECTIONS = 64
MOST_USERS = 100  # GET /2/users and /2/users/by take no more
SMALLEST_PAGE, LARGEST_PAGE = 5, 100  # GET /2/users/:id/tweets
SPARE_PAGES = 8  # reposts are left out after X has cut the page, so that pages may be short, or empty
FIELDS = ["created_at", "public_metrics"]
USER_FIELDS = ["protected"]
RATE_LIMIT_WINDOW = timedelta(minutes=15)

HARD_STOPS = {
    "credits": text("X's credits are used up"),
    "credits-depleted": text("X's credits are used up"),
    "spend-cap-reached": text("X's monthly spending limit is reached"),
    "usage-capped": text("X's monthly usage cap is reached"),
}
HARD_STOP_TITLES = {
    "CreditsDepleted": "credits",
    "SpendCapReached": "spend-cap-reached",
    "UsageCapExceeded": "usage-capped",
}


@dataclass
class Halt:
    """Shared by those who read side by side: once X asks one of them for no more, no other asks on."""

    reason: Text | None = None


class X:
    """The X API. One object a process: its threads share the pooled session."""

    def __init__(self, bearer_token: str, address: str) -> None:
        self.client = tweepy.Client(bearer_token, return_type=dict)
        self.client.session.mount(TWEEPYS_HOST, Rebased(TWEEPYS_HOST, address, timeout_s=TIMEOUT_S, pool=CONNECTIONS))
        read_environment_once(self.client.session, address)
        self.client.session.hooks["response"].append(_refuse)

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What X says of each handle, in their order. Raises ServiceError."""
        pages = [handles[start : start + MOST_USERS] for start in range(0, len(handles), MOST_USERS)]
        return [profile for page in pages for profile in self._look_up(page)]

    def _look_up(self, handles: Sequence[str]) -> list[Profile]:
        answer = self._call(self.client.get_users, usernames=list(handles), user_fields=USER_FIELDS)
        problems = x_answers.problems(answer)
        if not x_answers.people(answer) and not any(map(x_answers.state, problems)):
            raise ServiceError(NETWORK, x_answers.reason(problems[:1]))
        return x_answers.profiles(answer, handles)

    def names(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles that X shows of at most MOST_USERS ids: an account keeps its id when it is renamed.

        Raises ServiceError.
        """
        return x_answers.people(self._call(self.client.get_users, ids=list(remote_ids), user_fields=USER_FIELDS))

    def read(self, due: Due, now: datetime, halt: Halt) -> Reading:
        """The account's newest own posts: pages until `depth` of them are found or the timeline ends. Never raises."""
        try:
            return self._read(due, now, halt)
        except ServiceError as error:
            if error.retry_after is None:
                return Reading(due.account_id, now, problem=error.text)
            halt.reason = error.text
            return Reading(due.account_id, now, problem=error.text, stopped_until=clock.now() + error.retry_after)

    def _read(self, due: Due, now: datetime, halt: Halt) -> Reading:
        posts: list[Post] = []
        token: str | None = None
        partial = False
        for _ in range(SPARE_PAGES + due.depth // LARGEST_PAGE):
            if halt.reason:
                return Reading(due.account_id, now, problem=halt.reason)
            answer = self._timeline(due, due.depth - len(posts), token)
            page = x_answers.page(answer)
            if page is None:
                return _failure(due, now, answer)
            posts += page.posts
            token, partial = page.next_token, partial or page.partial
            if token is None or len(posts) >= due.depth:
                break
        return Reading(due.account_id, now, tuple(posts), complete=token is None and not partial, partial=partial)

    def _timeline(self, due: Due, wanted: int, token: str | None) -> dict[str, Any]:
        return self._call(
            self.client.get_users_tweets,
            due.remote_id,
            exclude=["retweets"],
            max_results=min(LARGEST_PAGE, max(SMALLEST_PAGE, wanted)),
            pagination_token=token,
            tweet_fields=FIELDS,
        )

    def _call(self, method: Any, *args: Any, **params: Any) -> dict[str, Any]:
        try:
            answer = method(*args, **params)
        except RefusedError as refused:
            problem = _problem(refused.response)
            if x_answers.state(problem) is not None:
                return {"errors": [problem]}
            raise _service_error(refused.response, problem) from None
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise ServiceError(NETWORK, text("X did not answer properly ({kind})", kind=type(error).__name__)) from None
        if not isinstance(answer, dict):
            raise ServiceError(NETWORK, x_answers.reason([]))
        return answer


class RefusedError(Exception):
    """X answered with something else than 200."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _refuse(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code != requests.codes.ok:
        raise RefusedError(response)


def _failure(due: Due, now: datetime, answer: dict[str, Any]) -> Reading:
    """A 200 without a timeline: what it says of the account, where it says something."""
    problems = sorted(x_answers.problems(answer), key=lambda problem: x_answers.state(problem) is None)
    state = x_answers.state(problems[0]) if problems else None
    return Reading(due.account_id, now, state=state, problem=x_answers.reason(problems))


def _problem(response: requests.Response) -> dict[str, Any]:
    try:
        return x_answers.refusal(response.json())
    except (requests.RequestException, ValueError, RecursionError):
        return {}


def _service_error(response: requests.Response, problem: dict[str, Any]) -> ServiceError:
    status = response.status_code
    kind = HARD_STOP_TITLES.get(str(problem.get("title")), x_answers.kind(problem))
    if status == requests.codes.payment_required and kind not in HARD_STOPS:
        kind = "credits"
    if kind in HARD_STOPS:
        return ServiceError(NETWORK, HARD_STOPS[kind], permanent=True, retry_after=_until_tomorrow())
    if status == requests.codes.unauthorized:
        return ServiceError(NETWORK, text("X refuses the bearer token"), permanent=True, retry_after=RATE_LIMIT_WINDOW)
    if kind == "client-forbidden":
        return ServiceError(NETWORK, text("X refuses the bot's app"), permanent=True, retry_after=RATE_LIMIT_WINDOW)
    if status == requests.codes.too_many_requests:
        return ServiceError(NETWORK, text("X answered 'too many requests'"), retry_after=_reset(response))
    return ServiceError(NETWORK, text("X answered with status {status}", status=status))


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
