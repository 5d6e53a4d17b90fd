"""The connection to the X API v2: tweepy, with the app's bearer token. Every request ends in a value, never an error.

The only module that knows tweepy. It has a fixed host and no timeout, it sleeps on 429 when asked to, and its errors
neither unpickle nor survive every refusal; so the session's adapter sets the address and the timeout, and whatever is
not a 200 is taken before tweepy sees it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
import tweepy

from pipeline.errors import ServiceError
from pipeline.http import HostOverrideAdapter, read_environment_once, was_never_sent
from pipeline.i18n import lazy_gettext
from pipeline.sources.observations import Observations, date
from pipeline.sources.problems import proxy_failed
from pipeline.sources.x import responses
from pipeline.sources.x.facts import KEY, NAME, RATE_LIMIT_HEADERS
from pipeline.sources.x.refusals import service_error

TWEEPYS_HOST = "https://api.twitter.com"
TIMEOUT_S = 8
CONNECTIONS = 64
UNREADABLE = (requests.RequestException, ValueError, RecursionError)
"""What reading an answer may raise. RecursionError: of JSON that is nested too deep."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    body: the JSON object that X answered with; {} where it refused or nothing readable came, and error says why.
    at: when X answered, by its own clock; None where it told no time. status: of HTTP, 0 without an answer.
    is_lost: nobody knows what X returned, and billed. A refusal bills nothing: docs.x.com, x-api/fundamentals/post-cap.
    """

    body: dict[str, Any]
    at: datetime | None = None
    status: int = requests.codes.ok
    error: ServiceError | None = None
    is_lost: bool = False


class Connection:
    """One object a process: its threads share the pooled session. observations: what all answers told."""

    def __init__(self, bearer_token: str, address: str, proxy: str | None = None) -> None:
        self.client = tweepy.Client(bearer_token, return_type=requests.Response)
        self.client.session.mount(
            TWEEPYS_HOST, HostOverrideAdapter(TWEEPYS_HOST, address, timeout_s=TIMEOUT_S, pool=CONNECTIONS)
        )
        read_environment_once(self.client.session, address, proxy)
        self.client.session.hooks["response"].append(_refuse)
        self.observations = Observations(RATE_LIMIT_HEADERS)

    def ask(self, kind: str, method: Callable[..., requests.Response], *args: Any, **params: Any) -> Answer:
        """Send one request, by one of the client's methods. kind: of the request, as in a RequestWindow."""
        try:
            response = method(*args, **params)
        except RefusedError as refused:
            response = refused.response
        except requests.exceptions.ProxyError as error:
            failed = ServiceError(KEY, proxy_failed(NAME, error))
            return Answer({}, status=0, error=failed, is_lost=not was_never_sent(error))
        except UNREADABLE as error:
            return Answer({}, status=0, error=_not_proper(error), is_lost=True)
        self.observations.add(kind, response.headers)
        return _refusal(response) if response.status_code != requests.codes.ok else _answer(response)


class RefusedError(Exception):
    """X answered with something else than 200."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _refuse(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code != requests.codes.ok:
        raise RefusedError(response)


def _answer(response: requests.Response) -> Answer:
    body, at = _decode(response), date(response.headers)
    if isinstance(body, dict):
        return Answer(body, at)
    return Answer({}, at, error=_not_proper(body), is_lost=True)


def _refusal(response: requests.Response) -> Answer:
    """X refuses with a 4xx and a problem in JSON. What says something of an account is an answer like any other."""
    problem = responses.refusal(_decode(response))
    status, at = response.status_code, date(response.headers)
    if responses.state(problem) is not None:
        return Answer({"errors": [problem]}, at, status)
    is_proper = requests.codes.bad_request <= status < requests.codes.server_error and bool(problem)
    return Answer({}, at, status, service_error(response, problem), is_lost=not is_proper)


def _decode(response: requests.Response) -> Any:
    """The JSON in the body, or the error that there is instead."""
    try:
        return response.json()
    except UNREADABLE as error:
        return error


def _not_proper(found: object) -> ServiceError:
    kind = type(found).__name__
    return ServiceError(
        KEY, lazy_gettext("{network} sent an answer that I can't read ({kind})", network=NAME, kind=kind)
    )
