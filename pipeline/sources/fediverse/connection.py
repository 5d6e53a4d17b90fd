"""The guarded connection to fediverse servers. Every request ends in an Answer or a ServiceError.

A server has one request at a time, and many are asked side by side. No cookies, and no proxy but that of the settings.
"""

import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from math import inf
from ssl import SSLContext
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from pipeline import clock
from pipeline.settings import EACH_SERVER
from pipeline.sources.fediverse import bodies, hosts, refusals, windows
from pipeline.sources.fediverse.dialler import (
    PORT,
    READ_S,
    Allowance,
    Dialler,
    NotAllowedError,
    Resolve,
    TooMuchError,
    resolve,
)
from pipeline.sources.fediverse.servers import Servers
from pipeline.sources.fediverse.tunnel import Tunnel
from pipeline.sources.problems import not_in_time, proxy_failed

ANSWER_S = 10.0
"""The longest that a whole answer may take."""
MOST_REDIRECTS = 3
REDIRECTS = {301, 302, 303, 307, 308}
ABOUT_ACCOUNTS = {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
"""Statuses that say nothing of the server as a whole; nor does a 403 in JSON."""
JSON_TYPES = ("application/json", "application/jrd+json")
KEEP_ALIVE_S = 4.0
"""Less than servers keep an idle connection open."""
OLDEST_ANSWER = timedelta(minutes=10)
"""A cache that answers instead of its server tells older figures than these, which are no reading."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    host: the server, after redirects. headers: by their names in lower case. body: the JSON of a 200, else None.
    """

    host: str
    status: int
    headers: Mapping[str, str]
    body: Any = None

    @property
    def is_json(self) -> bool:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() in JSON_TYPES

    @property
    def age(self) -> timedelta:
        """For how long a cache has kept it."""
        age = self.headers.get("age", "")
        return timedelta(seconds=int(age)) if windows.COUNT.fullmatch(age) else timedelta(0)


class Connection:
    """One object a process, which its threads share.

    address: of each server, with {host} for its name; other than https://{host} it is a stand-in's on this machine.
    servers: what is kept of each.
    """

    def __init__(  # noqa: PLR0913 three of them are for tests
        self,
        address: str,
        user_agent: str,
        *,
        resolver: Resolve = resolve,
        network: httpcore.NetworkBackend | None = None,
        trusted: SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._address, self._is_stand_in = address, address != EACH_SERVER
        self._headers = [("User-Agent", user_agent), ("Accept", ", ".join(JSON_TYPES)), ("Accept-Encoding", "gzip")]
        self._allowance = Allowance()
        stand_in = _place(address) if self._is_stand_in else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted or (None if self._is_stand_in else httpcore.default_ssl_context()),
            max_connections=None,
            max_keepalive_connections=20,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=Dialler(self._allowance, resolver, network, stand_in, Tunnel(proxy) if proxy else None),
        )
        weakref.finalize(self, self._pool.close)  # httpcore leaves its idle connections open
        self.servers = Servers()

    def host_name(self, host: str) -> str | None:
        """The name under which the host is asked; None where it may not be."""
        return hosts.ascii_name(host, is_development=self._is_stand_in)

    def get(self, host: str, target: str, *, ends_at: float = inf) -> Answer:
        """Ask a server for a path with its query. ends_at: by when to be done, by time.monotonic().

        A server that cannot be read is not asked for a time. Raises ServiceError, NotAskedError where none was sent.
        """
        return self._read(host, self._ask(host, target, ends_at, host))

    def get_redirected(self, host: str, target: str, *, ends_at: float = inf) -> Answer:
        """As `get`, following at most MOST_REDIRECTS to servers that may be asked. The fault is always the first's."""
        answer = self._ask(host, target, ends_at, host)
        for _ in range(MOST_REDIRECTS):
            if answer.status not in REDIRECTS:
                break
            place = self._location(answer, target)
            if place is None:
                raise self.servers.refuse(refusals.not_allowed(host), host)
            target = place[1]
            answer = self._ask(*place, ends_at, host)
        return self._read(host, answer)

    def _read(self, host: str, answer: Answer) -> Answer:
        """The answer, where it is one to the question. Raises ServiceError."""
        now = clock.now()
        is_forbidden = answer.status == HTTPStatus.FORBIDDEN and answer.is_json
        if answer.status not in ABOUT_ACCOUNTS and not is_forbidden:
            wait = windows.wait(answer.headers, host, now)
            raise self.servers.refuse(refusals.by_status(host, answer.status, wait), host)
        if answer.status == HTTPStatus.OK and not answer.is_json:
            raise self.servers.refuse(refusals.no_mastodon(host), host)
        if answer.age > OLDEST_ANSWER:
            raise self.servers.refuse(refusals.no_answer(host), host)
        return answer

    def _ask(self, host: str, target: str, ends_at: float, blamed: str) -> Answer:
        """One request, without redirects. blamed: the server that is not asked for a time where it fails."""
        with self.servers.turn(host, ends_at):
            began = time.monotonic()
            try:
                answer = self._send(host, target, min(began + ANSWER_S, ends_at))
            except NotAllowedError:
                error = refusals.not_allowed(blamed)
            except httpcore.ProxyError as failure:
                raise refusals.not_asked(blamed, proxy_failed(blamed, failure)) from None
            except httpcore.RemoteProtocolError:  # also where the server closes the connection without a word
                is_silent = self._allowance.is_untouched
                error = refusals.no_answer(blamed) if is_silent else refusals.no_mastodon(blamed)
            except (TooMuchError, httpcore.LocalProtocolError, *bodies.UNREADABLE):
                error = refusals.no_mastodon(blamed)
            except (httpcore.TimeoutException, httpcore.NetworkError):
                now = time.monotonic()
                if now >= ends_at and now - began < READ_S:  # it had less time than any server may take
                    raise refusals.not_asked(blamed, not_in_time(blamed)) from None
                error = refusals.no_answer(blamed)
            else:
                self.servers.observe(host, answer.headers)
                return answer
        raise self.servers.refuse(error, blamed) from None

    def _send(self, host: str, target: str, ends_at: float) -> Answer:
        self._allowance.begin(ends_at, bodies.MOST_BYTES)
        url = self._address.replace("{host}", host) + target
        with self._pool.stream("GET", url, headers=self._headers) as response:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            answer = Answer(host, response.status, headers)
            if answer.status != HTTPStatus.OK or not answer.is_json:
                return answer
            encoding = headers.get("content-encoding", "").strip().lower()
            return Answer(host, response.status, headers, bodies.decode(response.iter_stream(), encoding))

    def _location(self, answer: Answer, target: str) -> tuple[str, str] | None:
        """The server and the path that a redirect leads to; None where it may not be followed."""
        try:
            parts = urlsplit(urljoin(f"https://{answer.host}{target}", answer.headers.get("location", "")))
            port = parts.port or PORT
        except ValueError:
            return None
        host = self.host_name(parts.hostname or "")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        is_plain = target.isascii() and target.isprintable() and " " not in target
        is_allowed = parts.scheme == "https" and port == PORT and "@" not in parts.netloc and is_plain
        return (host, target) if host and is_allowed else None


def _place(address: str) -> tuple[str, int]:
    """The host and the port of a stand-in."""
    parts = urlsplit(address.replace("{host}", "host"))
    return parts.hostname or "", parts.port or (PORT if parts.scheme == "https" else 80)
