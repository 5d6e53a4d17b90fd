"""What a network must offer: a record of facts, which every process may load, and a client, which the worker makes.

A network is a folder beside this file: `facts` makes its Network, `client` its Source. A line of `registry` adds it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from math import inf
from typing import Protocol

from pipeline.records import Due, FetchResult, LazyString, Metric, Post, Profile
from pipeline.settings import PipelineSettings, Settings


@dataclass(frozen=True, slots=True)
class Price:
    """What a network charges for each post and each profile that it returns, once a UTC day."""

    post_usd: Decimal
    profile_usd: Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a network may be asked.

    requests: for timelines, in each window. daily_usd, monthly_usd: what may be spent, where the network has a price.
    """

    requests: int
    window: timedelta
    daily_usd: Decimal = Decimal(0)
    monthly_usd: Decimal = Decimal(0)


@dataclass
class StopFlag:
    """Shared by threads that fetch side by side: once it has a reason, none of them sends another request.

    ends_at: the moment, by time.monotonic(), at which each thread must have returned what it has.
    """

    reason: LazyString | None = None
    ends_at: float = inf


class Source(Protocol):
    """A network's client. The worker makes one in each process, and many threads use it at once."""

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """The profile of each handle, in their order; State.MISSING where no account has it. Raises ServiceError."""

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles of these accounts, at most Network.profiles_per_request; without those that are not shown.

        Raises ServiceError.
        """

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        """The account's newest own posts, at most `due.depth`. Never raises: the result holds the problem."""


def _no_reason(_metric: Metric, _posts: Sequence[Post]) -> LazyString | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """The facts of a network.

    key: its name in the database, in messages and in datasets. name: what people call it.
    nouns: its own word for a metric, where that is not the common one. synonyms: other words that people type for one.
    lacks: the metrics that it never tells. why_unknown: why it told a metric of none of these posts, where it says so.
    unknown_notes: the same for the dictionary of a dataset's columns.
    handle: a regular expression of a handle without its @. Case makes no difference. Where the handles of two networks
        look alike, the first network of the registry has them.
    longest_handle: letters of a handle that may be looked up; older accounts may have longer ones.
    is_address, handle_in_address: whether text is an address of the network, and the handle of the account that such an
        address is of, or None. address_example: one that a person might paste.
    profile_address: where a handle's profile is.
    page_title: a regular expression of what follows an account's name in the title of a page, or None.
    price: None where reading costs nothing.
    posts_per_request, profiles_per_request: the most that one request returns.
    is_on: whether the settings have what the network needs.
    package: of its folder, whose module `client` has a function `connect(settings)` that makes its Source.
    """

    key: str
    name: str
    package: str
    nouns: Mapping[Metric, LazyString] = field(default_factory=dict)
    synonyms: Mapping[str, Metric] = field(default_factory=dict)
    lacks: frozenset[Metric] = frozenset()
    why_unknown: Callable[[Metric, Sequence[Post]], LazyString | None] = _no_reason
    unknown_notes: Mapping[Metric, str] = field(default_factory=dict)
    handle: str
    longest_handle: int
    is_address: Callable[[str], bool]
    handle_in_address: Callable[[str], str | None]
    address_example: str
    profile_address: Callable[[str], str]
    page_title: str | None = None
    price: Price | None = None
    limits: Callable[[Settings], Limits]
    posts_per_request: int
    profiles_per_request: int
    is_on: Callable[[Settings], bool]


def connect(network: Network, settings: PipelineSettings) -> Source:
    """Make the network's client. It is imported only now: the bot loads the facts, but not the clients' libraries."""
    source: Source = import_module(f"{network.package}.client").connect(settings)
    return source
