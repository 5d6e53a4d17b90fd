"""What a network must offer: a record of facts, which every process may load, and a client, which the worker makes.

A network is a folder beside this file: `facts` makes its Network, `client` its Source. A line of `registry` adds it.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from math import inf
from types import ModuleType
from typing import Protocol

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.records import Due, FetchResult, LazyString, Metric, Observed, Post, PostsResult, Profile
from pipeline.settings import Settings
from pipeline.sources.problems import not_in_time


@dataclass(frozen=True, slots=True)
class Price:
    """What a network charges for each post and each profile that it returns, once a UTC day."""

    post_usd: Decimal
    profile_usd: Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a network may be asked.

    requests: for timelines, in each window; look_ups: for posts by their ids. Where a network's answers tell its
    limits, these hold until the first answer. On a network of many servers each server has these limits for itself.
    older_requests: how many of the requests may be for pages of a timeline after its first; None: all of them.
    every: the least time from one reading of an account to its next. older_every: the same for the pages after the
    first; in between the first page alone is read.
    daily_usd, monthly_usd: what may be spent, where the network has a price.
    """

    requests: int
    window: timedelta
    older_requests: int | None = None
    every: timedelta = timedelta(0)
    older_every: timedelta = timedelta(0)
    look_ups: int = 0
    daily_usd: Decimal = Decimal(0)
    monthly_usd: Decimal = Decimal(0)


class Purse:
    """How many posts the requests that run side by side may still be billed for; threads share it.

    A request takes as many as it may return at most before it is sent, and gives back what it did not return.
    asker: the id of the account that a request is for.
    """

    def __init__(self, posts: int) -> None:
        self._posts, self._is_closed = posts, False
        self._lent: dict[int, int] = {}
        self._changed = threading.Condition()

    def take(self, asker: int, least: int, most: int, until: float = inf) -> int:
        """Take between `least` and `most` posts; 0 where there are too few, also after others gave theirs back.

        until: the moment, by time.monotonic(), until which to wait for what others give back.
        """
        with self._changed:
            while self._posts < least:
                left_s = until - time.monotonic()
                if self._is_closed or self._posts + sum(self._lent.values()) < least or left_s <= 0:
                    return 0
                self._changed.wait(min(left_s, threading.TIMEOUT_MAX))
            taken = min(most, self._posts)
            self._posts, self._lent[asker] = self._posts - taken, self._lent.get(asker, 0) + taken
            return taken

    def settle(self, asker: int, taken: int, billed: int) -> None:
        """A request that took so many posts is over, and at most `billed` of them are billed."""
        with self._changed:
            if not self._is_closed:
                self._posts, self._lent[asker] = self._posts + taken - billed, self._lent[asker] - taken
                self._changed.notify_all()

    def close(self) -> None:
        """The time is over: what requests have taken by now and not given back stays lent to them."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def lent_to(self, asker: int) -> int:
        """What the requests for an account have taken that are not over."""
        return self._lent.get(asker, 0)


@dataclass
class StopFlag:
    """Shared by threads that fetch side by side: once it has a reason, none of them sends another request.

    ends_at: the moment, by time.monotonic(), at which each thread must have returned what it has.
    purse: what their requests may be billed for; None where the network has no price.
    """

    reason: LazyString | None = None
    ends_at: float = inf
    purse: Purse | None = None

    def why_not_to_ask(self, network: str, took_s: float = 0) -> LazyString | None:
        """Why no request may be sent now. network: its name. took_s: how long the last request took."""
        if self.reason or time.monotonic() + took_s > self.ends_at:
            return self.reason or not_in_time(network)
        return None

    def heed(self, error: ServiceError) -> datetime | None:
        """Until when the network must not be asked again, where it said so: then no thread sends another request."""
        if error.retry_after is None:
            return None
        self.reason = error.text
        return clock.now() + error.retry_after


class Source(Protocol):
    """A network's client. The worker makes one in each process, and many threads use it at once."""

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """The profile of each handle, in their order; State.MISSING where no account has it. Raises ServiceError."""

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles of these accounts, at most Network.profiles_per_request; without those that are not shown.

        The id stands for the handle of an account that has none now. Raises ServiceError.
        """

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        """The account's own posts that are due. Never raises: the result holds the problem."""

    def observed(self) -> Observed:
        """What the answers that this process got told of the network's clock and limits."""


class PricedSource(Source, Protocol):
    """The client of a network with a price. Its `fetch` heeds since_id, until_id and the purse."""

    def posts(self, post_ids: Sequence[str], now: datetime, stop: StopFlag) -> PostsResult:
        """The posts with these ids, at most Network.posts_per_request. Never raises: the result holds the problem."""

    def usage(self) -> int | None:
        """How many posts the network has counted in its billing month until now; None where it does not tell.

        Raises ServiceError.
        """


def _no_reason(_metric: Metric, _posts: Sequence[Post]) -> LazyString | None:
    return None


def _no_other_names(_handle: str, _remote_id: str) -> Sequence[str]:
    return ()


def _one_server(_remote_id: str) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """The facts of a network.

    key: its name in the database, in messages and in datasets. name: what people call it in a sentence; a text to be
    translated where it is no proper name.
    label: what it is called beside the name of an account, where that is another word.
    posts: which of an account's posts are read, in English, for the dictionary of a dataset's columns.
    reads_replies: whether replies to others are among them.
    nouns: its own word for a metric, where that is not the common one. synonyms: other words that people type for one.
    lacks: the metrics that it never tells. varies: those that only some of its servers tell.
    why_unknown: why it told a metric of none of these posts, where it says so.
    unknown_notes: of which posts, for the dictionary of a dataset's columns, as in "of posts made before 2022".
    handle: a regular expression of a handle without its @. Case makes no difference. Where the handles of two networks
        look alike, the first network of the registry has them.
    longest_handle: letters of a handle that may be looked up; older accounts may have longer ones.
    is_address, handle_in_address: whether text is an address of the network, and the handle of the account that such an
        address is of, or None. address_example: one that a person might paste.
    other_names: what people may call an account beside its handle, by that and its id, without an @.
    profile_address: where a handle's profile is. post_address: where a post is, by the handle and the id of its account
        and the post's own id.
    server: the host that an account, by its id, is asked on, where a network has many, each with limits of its own;
        None where it has one.
    handle_server: the host that a handle names, which is asked whose it is; None where the network has one server.
    page_title: a regular expression of what follows an account's name in the title of a page, or None.
    price: None where reading costs nothing.
    posts_per_request, profiles_per_request: the most that one request returns.
    is_on: whether the settings switch the network on, and have what it needs. why_off: what to tell people where not.
    package: of its folder, whose module `client` has a function `connect(settings)` that makes its Source.
    """

    key: str
    name: str | LazyString
    label: str = ""
    posts: str = "own posts, without reposts"
    reads_replies: bool = True
    package: str
    nouns: Mapping[Metric, LazyString] = field(default_factory=dict)
    synonyms: Mapping[str, Metric] = field(default_factory=dict)
    lacks: frozenset[Metric] = frozenset()
    varies: frozenset[Metric] = frozenset()
    why_unknown: Callable[[Metric, Sequence[Post]], LazyString | None] = _no_reason
    unknown_notes: Mapping[Metric, str] = field(default_factory=dict)
    handle: str
    longest_handle: int
    is_address: Callable[[str], bool]
    handle_in_address: Callable[[str], str | None]
    address_example: str
    other_names: Callable[[str, str], Sequence[str]] = _no_other_names
    profile_address: Callable[[str], str]
    post_address: Callable[[str, str, str], str]
    server: Callable[[str], str | None] = _one_server
    handle_server: Callable[[str], str | None] = _one_server
    page_title: str | None = None
    price: Price | None = None
    limits: Callable[[Settings], Limits]
    posts_per_request: int
    profiles_per_request: int
    is_on: Callable[[Settings], bool]
    why_off: Callable[[Settings], LazyString]

    @property
    def has_servers(self) -> bool:
        """Whether its accounts are on many servers, which anybody may name."""
        return self.server is not _one_server


def service_of(network: Network, remote_id: str) -> str:
    """The name under which the limits and the circuit breaker of an account's server are kept."""
    server = network.server(remote_id)
    return network.key if server is None else f"{network.key} {server}"


def connect(network: Network, settings: Settings) -> Source:
    """Make the network's client. It is imported only now: the bot loads the facts, but not the clients' libraries."""
    source: Source = load_client(network).connect(settings)
    return source


def load_client(network: Network) -> ModuleType:
    """Import the network's client, as before a fork: what many processes share is loaded once."""
    return import_module(f"{network.package}.client")
