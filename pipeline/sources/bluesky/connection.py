"""The connection to Bluesky's public API: plain HTTP, with no account. Every request ends in a value, never an error.

An answer that is no JSON, such as a firewall's page, or a 5xx is a fault of the way to the API, and says nothing of an
account. Then the next host is asked.
"""

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.http import read_environment_once
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.sources.bluesky import responses
from pipeline.sources.bluesky.facts import KEY, NAME, RATE_LIMIT_HEADERS
from pipeline.sources.bluesky.hosts import Host, Hosts
from pipeline.sources.observations import Observations, date
from pipeline.sources.problems import not_in_time, proxy_failed
from pipeline.user_agent import user_agent

CONNECTIONS = 4
"""A handful of requests side by side is welcome. Source: the API's robots.txt."""
TIMEOUT_S = 5
"""So that in a tick there is time for the next host."""
LONGEST_STOP = timedelta(hours=1)
"""For a longer time no header is relied on."""
UNREADABLE = (requests.RequestException, ValueError, RecursionError)
"""What reading an answer may raise. RecursionError: of JSON that is nested too deep."""
MOMENT = re.compile(r"[0-9]{1,10}")
Parameters = Sequence[tuple[str, str | int]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    body: the JSON object of a 200, or of a refusal with a 4xx; else {}. error: why there is no 200.
    is_refusal: Bluesky answered with a 400, which may say something of the account. requests: how many were sent.
    """

    body: dict[str, Any]
    error: ServiceError | None = None
    is_refusal: bool = False
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing is sent until a moment, by time.monotonic()."""

    ends_at: float
    reason: LazyString


class Connection:
    """One object a process: its threads share the pooled session. observations: what all answers told.

    addresses: of the hosts; the later stand in for the earlier.
    """

    def __init__(self, addresses: Sequence[str], contact: str | None = None, proxy: str | None = None) -> None:
        self.session = requests.Session()
        adapter = HTTPAdapter(pool_connections=len(addresses), pool_maxsize=CONNECTIONS)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, adapter)
        read_environment_once(self.session, addresses[0], proxy)
        self.session.headers["User-Agent"] = user_agent(contact)
        self.observations = Observations(RATE_LIMIT_HEADERS)
        self._hosts = Hosts(addresses)
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._stop: Stop | None = None

    def ask(self, method: str, parameters: Parameters, ends_at: float) -> Answer:
        """Ask for a method of the API. ends_at: until when the answer is wanted, by time.monotonic()."""
        left_s = min(ends_at - time.monotonic(), threading.TIMEOUT_MAX)
        if left_s <= 0 or not self._free.acquire(timeout=left_s):
            return Answer({}, ServiceError(KEY, not_in_time(NAME)), requests=0)
        try:
            return self._ask_hosts(method, parameters, ends_at)
        finally:
            self._free.release()

    def _ask_hosts(self, method: str, parameters: Parameters, ends_at: float) -> Answer:
        """Ask a host, and while its answer is a fault of the way the next one."""
        if error := self._why_stopped():
            return Answer({}, error, requests=0)
        sent, answer = 0, Answer({}, ServiceError(KEY, not_in_time(NAME)))
        for host in self._hosts.to_ask():
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                break
            found = self._send(host, method, parameters, min(TIMEOUT_S, left_s))
            sent += 1
            if isinstance(found, Answer):
                self._hosts.note(host, answered=True)
                return replace(found, requests=sent)
            if time.monotonic() < ends_at:  # else there was less time for the answer than a host may take
                self._hosts.note(host, answered=False)
            answer = Answer({}, found)
        return replace(answer, error=self._why_stopped() or answer.error, requests=sent)

    def _send(self, host: Host, method: str, parameters: Parameters, timeout_s: float) -> Answer | ServiceError:
        """The host's answer, or what was a fault of the way."""
        address = f"{host.address}/xrpc/{method}"
        try:
            response = self.session.get(address, params=list(parameters), timeout=timeout_s, allow_redirects=False)
            body = _decode(response)
        except requests.Timeout:
            return ServiceError(KEY, not_in_time(NAME))
        except UNREADABLE as error:
            return _not_proper(error)
        self._heed_limit(response)
        if response.status_code == requests.codes.too_many_requests:
            return Answer({}, self._why_stopped())
        is_object = isinstance(body, dict)
        if response.status_code == requests.codes.ok:
            return Answer(body) if is_object else _not_proper(body)
        if response.status_code == requests.codes.bad_request and is_object and isinstance(body.get("error"), str):
            return Answer(body, ServiceError(KEY, responses.reason(body)), is_refusal=True)
        return _status(response)

    def _heed_limit(self, response: requests.Response) -> None:
        """Send nothing until the limit's window ends, where no request is left: all come from one IP address."""
        self.observations.add("timelines", response.headers)
        if response.status_code == requests.codes.too_many_requests:
            text = lazy_gettext("{network} asks the bot to slow down", network=NAME)
        elif response.headers.get(f"{RATE_LIMIT_HEADERS}remaining") == "0":
            text = lazy_gettext("{network} accepts no more requests for now", network=NAME)
        else:
            return
        self._stop = Stop(time.monotonic() + _reset(response).total_seconds(), text)

    def _why_stopped(self) -> ServiceError | None:
        """Why no host may be asked now, and how long."""
        if self._stop is not None and (left_s := self._stop.ends_at - time.monotonic()) > 0:
            return ServiceError(KEY, self._stop.reason, retry_after=timedelta(seconds=left_s))
        if (pause := self._hosts.pause()) is not None:
            text = lazy_gettext("{network} cannot be reached", network=NAME)
            return ServiceError(KEY, text, retry_after=pause)
        return None


def _decode(response: requests.Response) -> Any:
    """The JSON in the body, or the error that there is instead."""
    try:
        return response.json()
    except UNREADABLE as error:
        return error


def _status(response: requests.Response) -> ServiceError:
    return ServiceError(
        KEY,
        lazy_gettext("{network} is not working right now (error {status})", network=NAME, status=response.status_code),
    )


def _not_proper(found: object) -> ServiceError:
    if isinstance(found, requests.exceptions.ProxyError):
        return ServiceError(KEY, proxy_failed(NAME, found))
    kind = type(found).__name__
    return ServiceError(
        KEY, lazy_gettext("{network} sent an answer that I can't read ({kind})", network=NAME, kind=kind)
    )


def _reset(response: requests.Response) -> timedelta:
    """How long until the window of the rate limit ends, which the header tells as a moment; without it, a minute."""
    reset = response.headers.get(f"{RATE_LIMIT_HEADERS}reset", "")
    if not MOMENT.fullmatch(reset):
        return timedelta(minutes=1)
    now = date(response.headers) or clock.now()
    return min(max(timedelta(seconds=int(reset) - now.timestamp()), timedelta(seconds=1)), LONGEST_STOP)
