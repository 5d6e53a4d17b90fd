"""X as a source of posts: what is asked of its API, and what is made of the answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline.errors import ConfigError, ServiceError
from pipeline.records import Due, FetchResult, Observed, PostsResult, Profile
from pipeline.settings import Settings
from pipeline.sources.source import StopFlag
from pipeline.sources.x import responses
from pipeline.sources.x.connection import Answer, Connection
from pipeline.sources.x.facts import KEY, NAME, PROFILES_PER_REQUEST
from pipeline.sources.x.fetch import fetch

FIELDS = ["author_id", "created_at", "in_reply_to_user_id", "public_metrics"]
USER_FIELDS = ["created_at", "protected", "public_metrics"]
NOT_AVAILABLE = {403, 404}
"""How X answers where an app's plan lacks an endpoint. Seen in public issues, and not documented."""


def connect(settings: Settings) -> "XClient":
    """Raises ConfigError where the settings have no token, with which the network is off."""
    if settings.x_bearer_token is None:
        raise ConfigError(["X_BEARER_TOKEN: missing"])
    return XClient(settings.x_bearer_token.get_secret_value(), settings.x_api_url, settings.sources_proxy)


class XClient:
    """The X API. One object a process: its threads share the connection."""

    def __init__(self, bearer_token: str, address: str, proxy: str | None = None) -> None:
        self._connection = Connection(bearer_token, address, proxy)
        self.client = self._connection.client

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What X says of each handle, in their order. Raises ServiceError."""
        pages = [
            handles[start : start + PROFILES_PER_REQUEST] for start in range(0, len(handles), PROFILES_PER_REQUEST)
        ]
        return [profile for page in pages for profile in self._look_up(page)]

    def _look_up(self, handles: Sequence[str]) -> list[Profile]:
        """Whom an answer does not name does not exist, unless it names a trouble of X's own instead."""
        body = self._users(usernames=list(handles))
        if not responses.names_all(body, handles):
            unclear = [each for each in responses.problems(body) if responses.state(each) is None]
            raise ServiceError(KEY, responses.reason(unclear[:1]))
        return responses.profiles(body, handles)

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles that X shows of at most PROFILES_PER_REQUEST ids: an account keeps its id when it is renamed.

        Raises ServiceError.
        """
        return responses.people(self._users(ids=list(remote_ids)))

    def _users(self, **which: list[str]) -> dict[str, Any]:
        answer = self._connection.ask("profiles", self.client.get_users, user_fields=USER_FIELDS, **which)
        return _body(answer)

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        """The account's own posts that are due. Never raises."""
        return fetch(self._ask_timeline, due, now, stop)

    def _ask_timeline(self, due: Due, size: int, token: str | None) -> Answer:
        return self._connection.ask(
            "timelines",
            self.client.get_users_tweets,
            due.remote_id,
            exclude=["retweets"],
            max_results=size,
            pagination_token=token,
            since_id=due.since_id,
            until_id=due.until_id,
            tweet_fields=FIELDS,
        )

    def posts(self, post_ids: Sequence[str], now: datetime, stop: StopFlag) -> PostsResult:
        """The posts with these ids, at most POSTS_PER_REQUEST. Never raises."""
        asked = tuple(post_ids)
        if problem := stop.why_not_to_ask(NAME):
            return PostsResult(now, asked, problem=problem, was_asked=False)
        answer = self._connection.ask("posts", self.client.get_tweets, list(asked), tweet_fields=FIELDS)
        posts = responses.posts(answer.body, asked)
        if posts is None:
            error = answer.error or _no_answer(answer)
            until = stop.heed(error)
            return PostsResult(now, asked, problem=error.text, stopped_until=until, answered_at=answer.at)
        return PostsResult(now, asked, tuple(posts), tuple(responses.gone(answer.body, asked)), answered_at=answer.at)

    def usage(self) -> int | None:
        """How many posts X has counted in its billing month until now; None where it does not tell the app.

        Raises ServiceError.
        """
        params = {"usage.fields": "project_usage"}
        answer = self._connection.ask("usage", self.client.request, "GET", "/2/usage/tweets", params=params)
        if answer.status in NOT_AVAILABLE:
            return None
        usage = responses.usage(_body(answer))
        if usage is None:
            raise _no_answer(answer)
        return usage

    def observed(self) -> Observed:
        """What the answers that this process got told of X's clock and limits."""
        return self._connection.observations.observed()


def _body(answer: Answer) -> dict[str, Any]:
    """The answer's body. Raises ServiceError where there is none."""
    if answer.error is not None:
        raise answer.error
    return answer.body


def _no_answer(answer: Answer) -> ServiceError:
    """The error that a 200 is which does not hold what was asked for."""
    return ServiceError(KEY, responses.reason(responses.problems(answer.body)))
