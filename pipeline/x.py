"""X as a source of posts: tweepy, API v2, with the app's bearer token.

The only module that knows tweepy. Its exceptions do not unpickle, it has a fixed host and no timeout, and it sleeps on
429 when asked to; so errors become ServiceError here, and the session's adapter sets the address and the timeout.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import tweepy

from pipeline.errors import ServiceError
from pipeline.http import Rebased
from pipeline.language import text
from pipeline.records import NETWORK, Counts, Due, Post, Profile, Reading, State, Text

TWEEPYS_HOST = "https://api.twitter.com"
TIMEOUT_S = 8
CONNECTIONS = 64
MOST_HANDLES = 100  # GET /2/users/by takes no more
SMALLEST_PAGE, LARGEST_PAGE = 5, 100  # GET /2/users/:id/tweets
SPARE_PAGES = 8  # reposts are left out after X has cut the page, so that pages may be short, or empty
FIELDS = ["created_at", "public_metrics"]
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


class X:
    """The X API. One object a process: its threads share the pooled session."""

    def __init__(self, bearer_token: str, address: str) -> None:
        self.client = tweepy.Client(bearer_token, return_type=dict)
        self.client.session.mount(TWEEPYS_HOST, Rebased(TWEEPYS_HOST, address, timeout_s=TIMEOUT_S, pool=CONNECTIONS))

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What X says of each handle, in their order. Raises ServiceError."""
        pages = [handles[start : start + MOST_HANDLES] for start in range(0, len(handles), MOST_HANDLES)]
        return [profile for page in pages for profile in self._look_up(page)]

    def _look_up(self, handles: Sequence[str]) -> list[Profile]:
        answer = self._call(self.client.get_users, usernames=list(handles), user_fields=["protected"])
        found = {user["username"].lower(): _profile(user) for user in answer.get("data") or []}
        suspended = {
            str(error.get("value", "")).lower()
            for error in answer.get("errors") or []
            if _state(error) is State.SUSPENDED
        }
        return [
            found.get(handle.lower())
            or Profile(handle, State.SUSPENDED if handle.lower() in suspended else State.MISSING)
            for handle in handles
        ]

    def read(self, due: Due, now: datetime) -> Reading:
        """The account's newest own posts: pages until `depth` of them are found or the timeline ends. Never raises."""
        try:
            return self._read(due, now)
        except ServiceError as error:
            stopped_until = datetime.now(UTC) + error.retry_after if error.retry_after else None
            return Reading(due.account_id, now, problem=error.text, stopped_until=stopped_until)

    def _read(self, due: Due, now: datetime) -> Reading:
        posts: list[Post] = []
        token: str | None = None
        for _ in range(SPARE_PAGES + due.depth // LARGEST_PAGE):
            page = min(LARGEST_PAGE, max(SMALLEST_PAGE, due.depth - len(posts)))
            answer = self._call(
                self.client.get_users_tweets,
                due.remote_id,
                exclude=["retweets"],
                max_results=page,
                pagination_token=token,
                tweet_fields=FIELDS,
            )
            if not answer.get("data") and answer.get("errors"):
                problem = answer["errors"][0]
                return Reading(due.account_id, now, state=_state(problem), problem=_reason(problem))
            posts += [_post(item) for item in answer.get("data") or [] if item.get("id") and item.get("created_at")]
            token = (answer.get("meta") or {}).get("next_token")
            if token is None or len(posts) >= due.depth:
                break
        return Reading(due.account_id, now, tuple(posts), complete=token is None)

    def _call(self, method: Any, *args: Any, **params: Any) -> dict[str, Any]:
        try:
            answer = method(*args, **params)
        except tweepy.HTTPException as error:
            problem = _body(error.response)
            if _state(problem) is not None:
                return {"errors": [problem]}
            raise _service_error(error.response, problem) from None
        except (requests.RequestException, AttributeError, TypeError) as error:
            # A JSON array, "errors": null or HTML for an answer end in these within tweepy and requests.
            raise ServiceError(NETWORK, text("X did not answer properly ({kind})", kind=type(error).__name__)) from None
        if not isinstance(answer, dict):
            raise ServiceError(NETWORK, text("X did not answer properly"))
        return answer


def _profile(user: dict[str, Any]) -> Profile:
    return Profile(user["username"], State.PROTECTED if user.get("protected") else State.ACTIVE, str(user["id"]))


def _post(item: dict[str, Any]) -> Post:
    """X is renaming retweet_count to repost_count; both are read."""
    metrics = item.get("public_metrics") or {}
    return Post(
        str(item["id"]),
        datetime.fromisoformat(item["created_at"]).astimezone(UTC),
        Counts(
            reposts=metrics.get("repost_count", metrics.get("retweet_count")),
            likes=metrics.get("like_count"),
            replies=metrics.get("reply_count"),
            quotes=metrics.get("quote_count"),
            bookmarks=metrics.get("bookmark_count"),
            views=metrics.get("impression_count"),
        ),
    )


def _problem_type(problem: dict[str, Any]) -> str:
    """The last part of a problem's type: its host is api.x.com or api.twitter.com."""
    return str(problem.get("type", "")).rpartition("/")[2]


def _state(problem: dict[str, Any]) -> State | None:
    """What a problem says of an account, or None where it says nothing of it.

    Suspended and missing accounts share a type; only the detail tells them apart.
    """
    if _problem_type(problem) == "not-authorized-for-resource":
        return State.PROTECTED
    if _problem_type(problem) != "resource-not-found":
        return None
    return State.SUSPENDED if "suspended" in str(problem.get("detail", "")).lower() else State.MISSING


def _reason(problem: dict[str, Any]) -> Text:
    title = problem.get("title")
    return text("X answered: {title}", title=str(title)) if title else text("X did not answer properly")


def _service_error(response: requests.Response, problem: dict[str, Any]) -> ServiceError:
    status = response.status_code
    kind = HARD_STOP_TITLES.get(str(problem.get("title")), _problem_type(problem))
    if status == requests.codes.payment_required and kind not in HARD_STOPS:
        kind = "credits"
    if kind in HARD_STOPS:
        return ServiceError(NETWORK, HARD_STOPS[kind], permanent=True, retry_after=_until_tomorrow())
    if status == requests.codes.unauthorized:
        return ServiceError(NETWORK, text("X refuses the bearer token"), permanent=True, retry_after=RATE_LIMIT_WINDOW)
    if status == requests.codes.too_many_requests:
        return ServiceError(NETWORK, text("X answered 'too many requests'"), retry_after=_reset(response))
    return ServiceError(NETWORK, text("X answered with status {status}", status=status))


def _body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    problems = body.get("errors") if isinstance(body, dict) and "type" not in body else None
    found = problems[0] if isinstance(problems, list) and problems else body
    return found if isinstance(found, dict) else {}


def _reset(response: requests.Response) -> timedelta:
    """How long until the window of the rate limit ends; without the header, a minute."""
    reset = response.headers.get("x-rate-limit-reset", "")
    if not reset.isdigit():
        return timedelta(minutes=1)
    left = datetime.fromtimestamp(int(reset), UTC) - datetime.now(UTC)
    return min(max(left, timedelta(seconds=1)), RATE_LIMIT_WINDOW)


def _until_tomorrow() -> timedelta:
    now = datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now
