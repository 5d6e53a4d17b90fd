"""Whose turn it is on a network without a price: all accounts each tick, or in turn where the requests do not suffice.

Each server of the network is planned by itself, so that what one server does changes nothing for the others. The whole
timeline of an account is read each time, as deep as charts go; or, where the network's limits say so, its first page
alone, and the whole seldom.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TypeVar

from sqlalchemy.orm import Session

from pipeline.messaging.celery_app import SLOTS
from pipeline.records import Due, FetchResult
from pipeline.settings import Settings
from pipeline.sources.source import Network, service_of
from pipeline.steps.chunks import Chunk, deal, pack
from pipeline.steps.pace import Pace, pace, usual_requests
from pipeline.store import accounts, circuit_breakers
from pipeline.store.accounts import Waiting
from pipeline.store.network_status import RequestWindows
from pipeline.store.reading_queue import UNREADABLE_AGAIN_AFTER
from pipeline.store.tables import Account, CircuitBreaker
from pipeline.store.token_buckets import TokenBuckets

Member = TypeVar("Member", Account, Waiting)

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ROUNDING = 1e-6
JITTER = timedelta(seconds=1)
"""A tick may come so much earlier than its time."""
STALE_AFTER, MISSED_TURNS = timedelta(minutes=1), 3
"""An account is late when it was not read for this long, nor in this many of its turns."""
WAITS = timedelta(seconds=30)
"""How long a chunk may wait for a worker, or two ticks. Else one that was away would ask again and again at once."""
TIMELINES = "timelines"


@dataclass(frozen=True, slots=True)
class Usage:
    """The limits of a network's servers, by their names, and what of them is used."""

    buckets: TokenBuckets
    windows: RequestWindows

    @classmethod
    def load(cls, session: Session, network: Network) -> "Usage":
        return cls(TokenBuckets(session, network.key), RequestWindows(session, network.key))


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a network, or the whole network where it has one, while a tick is planned.

    by_requests: how many of its accounts take how many requests; 0 where none of them can be read.
    """

    network: Network
    settings: Settings
    service: str
    by_requests: Counter[int | None]
    pace: Pace
    usage: Usage
    stop: CircuitBreaker | None
    now: datetime

    def due(self, waiting: Iterable[Waiting]) -> Iterator[Due]:
        """The accounts to read now, as far as the server's requests go. After a stop one of them asks first."""
        if self.stop and self.stop.retry_at > self.now:
            return
        left, older_left = self.requests_left()
        for account in sorted(waiting, key=self._due_at):
            if left < 1 - ROUNDING:
                return
            is_whole = not self.pace.older_flow or (not self.stop and self._is_older_due(account, older_left))
            yield self._reading(account, is_whole=is_whole)
            if self.stop:
                return
            requests = self._requests(account) if is_whole else 1
            left -= 1 if self.pace.older_flow else requests
            older_left -= requests - 1

    def first(self, untried: Sequence[Account]) -> list[Due]:
        """The first reading of these accounts, out of what is surely left. After a stop the tick asks."""
        if self.stop:
            return []
        each = 1 if self.pace.older_flow else usual_requests(self.settings, self.network)
        stored = self.usage.buckets.count_stored(self.service, burst=len(untried) * each)
        left = min(stored, self.usage.windows.allowed(self.service, TIMELINES, self.now, self.settings.tick))
        is_whole = self.pace.older_flow is None
        return [self._reading(account, is_whole=is_whole) for account in untried[: max(0, int(left / each))]]

    def requests_left(self) -> tuple[float, float]:
        """How many requests may be made now, and how many of further pages of timelines that are read in stages."""
        buckets, older = self.usage.buckets, self.pace.older_flow
        left = buckets.count_available(self.service, self.pace.flow, self.now)
        left = min(left, self.usage.windows.allowed(self.service, TIMELINES, self.now, self.settings.tick))
        return left, buckets.count_available(older_name(self.service), older, self.now) if older else 0

    def _due_at(self, account: Waiting) -> datetime:
        """Who never had a turn is first, then whose next turn is due first."""
        return account.polled_at + self.pace.interval(self._requests(account)) if account.polled_at else LONG_AGO

    def _is_older_due(self, account: Waiting, left: float) -> bool:
        """Whether the whole timeline is to be read, out of so many requests: soon after its first page, then seldom."""
        if account.fetched_at is None or left < 1 - ROUNDING:
            return False
        return account.older_at is None or account.older_at <= self.now - self.pace.older_wait + JITTER

    def _requests(self, account: Waiting) -> int:
        return account.requests or usual_requests(self.settings, self.network)

    def _reading(self, account: Account | Waiting, *, is_whole: bool) -> Due:
        depth = self.settings.posts_per_account
        return Due(account.id, account.remote_id, depth if is_whole else min(depth, self.network.posts_per_request))


def plan(session: Session, settings: Settings, network: Network, now: datetime, *, slots: int = SLOTS) -> list[Chunk]:
    """Every tracked account of the network once a tick, as long as its servers' requests suffice.

    Of more accounts than a server answers requests for, those whose turn was due first come first; an account takes as
    many requests as it took last.
    """
    usage, counts = Usage.load(session, network), _count_by_requests(session, network)
    servers = _servers(session, settings, network, usage, counts, now)
    waiting = _by_service(network, _list_waiting(session, settings, network, servers, now))
    due = [due for name, each in servers.items() for due in each.due(waiting.get(name, ()))]
    return _chunks(session, settings, network, due, slots, now)


def plan_first(  # noqa: PLR0913
    session: Session,
    settings: Settings,
    network: Network,
    untried: Sequence[Account],
    now: datetime,
    *,
    slots: int = SLOTS,
) -> list[Chunk]:
    """The first reading of these accounts of the network, as far as its servers' requests go."""
    waiting = _by_service(network, untried)
    counts = {service: Counter(each.requests for each in members) for service, members in waiting.items()}
    servers = _servers(session, settings, network, Usage.load(session, network), counts, now)
    due = [due for name, each in servers.items() for due in each.first(waiting[name])]
    return _chunks(session, settings, network, due, slots, now)


def conclude(
    session: Session, settings: Settings, network: Network, answers: Iterable[tuple[Due, FetchResult]], now: datetime
) -> set[int]:
    """Note the requests that were made for the network's timelines, and mark its late accounts as stale.

    Returns the ids of those that were not stale before.
    """
    usage = Usage.load(session, network)
    servers = _servers(session, settings, network, usage, _count_by_requests(session, network), now)
    for service, (first, older) in _spent(settings, network, answers).items():
        current = servers[service].pace if service in servers else pace({}, settings, network)
        usage.buckets.consume(service, first, current.flow, now)
        if current.older_flow:
            usage.buckets.consume(older_name(service), older, current.older_flow, now)
    session.flush()
    return _mark_late(session, settings, network, servers, now)


def note_first(session: Session, network: Network, answers: Iterable[tuple[Due, FetchResult]]) -> None:
    """Note the requests that were made for first readings between ticks."""
    usage = Usage.load(session, network)
    for due, result in answers:
        usage.buckets.deduct(service_of(network, due.remote_id), result.requests)
    session.flush()


def older_name(service: str) -> str:
    """The name of the bucket for further pages of timelines that are read in stages."""
    return f"{service} older"


def _by_service(network: Network, members: Iterable[Member]) -> dict[str, list[Member]]:
    """The accounts by their servers' names, in their order."""
    grouped: dict[str, list[Member]] = {}
    for account in members:
        grouped.setdefault(service_of(network, account.remote_id), []).append(account)
    return grouped


def _count_by_requests(session: Session, network: Network) -> dict[str, Counter[int | None]]:
    """How many active tracked accounts take how many requests, by their servers' names; 0 where none is active."""
    counts: dict[str, Counter[int | None]] = {}
    for remote_id, requests, active in accounts.count_by_requests(session, network.key, by_server=network.has_servers):
        counts.setdefault(service_of(network, remote_id), Counter())[requests] += active
    return counts


def _list_waiting(
    session: Session, settings: Settings, network: Network, servers: dict[str, Server], now: datetime
) -> list[Waiting]:
    """The accounts whose turn it may be, the longest unread first; of a network without servers as many as it answers.

    A tick that is a moment early skips no turn; two beats, by mistake, do not read twice as often.
    """
    wait = max(settings.tick * 0.6, network.limits(settings).every - JITTER)
    before = now - wait, now - UNREADABLE_AGAIN_AFTER
    if network.has_servers:
        return accounts.list_waiting(session, network.key, *before)
    most = {
        requests: ceil(max(0, each.requests_left()[0])) for each in servers.values() for requests in each.by_requests
    }
    return accounts.list_waiting(session, network.key, *before, most)


def _servers(  # noqa: PLR0913, PLR0917
    session: Session,
    settings: Settings,
    network: Network,
    usage: Usage,
    counts: dict[str, Counter[int | None]],
    now: datetime,
) -> dict[str, Server]:
    stops = circuit_breakers.load(session, network.key)
    return {
        service: Server(
            network,
            settings,
            service,
            counted,
            pace(+counted, settings, network, usage.windows.limit(service, TIMELINES)),
            usage,
            stops.get(service),
            now,
        )
        for service, counted in counts.items()
    }


def _spent(
    settings: Settings, network: Network, answers: Iterable[tuple[Due, FetchResult]]
) -> dict[str, tuple[int, int]]:
    """By server, the requests that were made, and those of them that were for further pages, where these have a budget.

    An account that was not asked for took none.
    """
    is_staged = network.limits(settings).older_requests is not None
    spent: dict[str, tuple[int, int]] = {}
    for due, result in answers:
        service = service_of(network, due.remote_id)
        first, older = spent.get(service, (0, 0))
        further = max(0, result.requests - 1) if is_staged and due.depth > network.posts_per_request else 0
        spent[service] = (first + result.requests - further, older + further)
    return spent


def _mark_late(
    session: Session, settings: Settings, network: Network, servers: dict[str, Server], now: datetime
) -> set[int]:
    """Mark the accounts stale that were read too long ago, by the pace of their server; returns those that were not."""

    def in_time(server: Server, requests: int | None) -> datetime:
        wait = server.pace.interval(requests or usual_requests(settings, network))
        return now - max(STALE_AFTER, MISSED_TURNS * wait)

    if not network.has_servers:
        before = {requests: in_time(each, requests) for each in servers.values() for requests in each.by_requests}
        return accounts.mark_late(session, network.key, before)
    late = []
    for account_id, remote_id, requests, fetched_at in accounts.list_read_before(
        session, network.key, now - STALE_AFTER
    ):
        server = servers.get(service_of(network, remote_id))
        if server is None or fetched_at < in_time(server, requests):
            late.append(account_id)
    return accounts.mark_stale(session, late)


def _chunks(  # noqa: PLR0913, PLR0917
    session: Session, settings: Settings, network: Network, due: Sequence[Due], slots: int, now: datetime
) -> list[Chunk]:
    """Chunks of these readings, dealt out to the worker slots; those of a network of many servers in one.

    A server is asked for one account after the other, and all of them side by side: a chunk more would be no faster.
    """
    accounts.mark_attempted(session, [each.account_id for each in due], now)
    parts = deal(due, slots) if not network.has_servers else [due] if due else []
    until = (now + max(2 * settings.tick, WAITS)).timestamp()
    return [Chunk(network.key, [pack(each) for each in part], [], until=until) for part in parts]
