"""The fetch step: what a chunk asks of a network, fetched side by side on threads."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from operator import itemgetter
from typing import TypeVar

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from pipeline.errors import AWAY
from pipeline.messaging.celery_app import TASK_LIMIT_S
from pipeline.records import Due, FetchResult, LazyString, Observed, PostsResult
from pipeline.sources.problems import not_in_time, not_readable
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, PricedSource, Purse, Source, StopFlag, service_of
from pipeline.steps.breaker import open_breaker
from pipeline.steps.chunks import Chunk, unpack
from pipeline.steps.resources import Resources
from pipeline.store import circuit_breakers, network_status, openings

log = logging.getLogger(__name__)

Request = TypeVar("Request")
Result = TypeVar("Result")

THREADS = 50
SERVERS_AT_ONCE = 100
"""Servers that are asked side by side: more than many that hang, until their breakers are open."""
WITHIN = 0.8
"""The part of a tick that fetching may take: an account that hangs must not cost the others their next tick."""
LONGEST = timedelta(seconds=TASK_LIMIT_S / 2)
"""Longer ticks leave no more time: a task that exceeds TASK_LIMIT_S is killed, and what it fetched is lost."""
FAULT_PAUSE = timedelta(minutes=1)
"""How long a server of which nothing could be read is not asked, for the first time."""
FAIR = 0.25
"""An account without an answer, whose request began after this part of the time, comes first next time."""


@dataclass(frozen=True, slots=True)
class FetchedChunk:
    """The fetch results of a chunk, one for each account in `due`, and those of its requests for posts by their ids.

    network: its key, as in steps.chunks.Chunk, where the reservation and the day are explained too. observed: what the
    answers told.
    """

    network: str
    results: tuple[FetchResult, ...] = ()
    due: tuple[Due, ...] = ()
    posts: tuple[PostsResult, ...] = ()
    reservation: int | None = None
    day: str | None = None
    observed: Observed = field(default_factory=Observed)


fetched_chunks = TypeAdapter(FetchedChunk)
"""Packs a chunk's fetch results to JSON bytes and back."""


def fetch(resources: Resources, chunk: Chunk, now: datetime) -> str | None:
    """Fetch what a chunk asks for; returns the digest of the fetch results' blob, None where there is none.

    A chunk that waited too long is not fetched. Never raises for a server that is away: one task of a chord that raises
    would lose what all of them fetched.
    """
    if chunk.until is not None and now.timestamp() > chunk.until:
        log.info("%d accounts were not read: their turn is over", len(chunk.due))
        return None
    try:
        return _fetch(resources, chunk, now)
    except AWAY as error:
        log.warning("%d accounts and %d posts were not read: %s", len(chunk.due), len(chunk.post_ids), error)
        return None


def _fetch(resources: Resources, chunk: Chunk, now: datetime) -> str:
    resources.release_failed()
    network = NETWORKS[chunk.network]
    with resources.store.read_session() as db:
        stops = {
            service: stop for service, stop in circuit_breakers.load(db, network.key).items() if stop.retry_at > now
        }
        is_late = network.price is not None and _is_late(db, chunk, now)
    stop = stops.get(network.key)
    if stop is not None:  # another chunk of this tick has opened the breaker
        fetched = _not_asked(chunk, stop.reason, now)
    elif is_late:
        fetched = _not_asked(chunk, not_in_time(network.name), now)
    else:
        fetched = _ask(resources, network, _without(network, chunk, stops), now)
        _heed_stops(resources, network, fetched, now)
    return resources.blobs.put(fetched_chunks.dump_json(fetched))


def _without(network: Network, chunk: Chunk, stops: Collection[str]) -> Chunk:
    """The chunk without the accounts of servers whose breakers are open; they stay due."""
    due = [each for each in chunk.due if service_of(network, unpack(each).remote_id) not in stops]
    return chunk._replace(due=due)


def _is_late(db: Session, chunk: Chunk, now: datetime) -> bool:
    """Whether what the chunk may cost is not counted any more, as after its worker was killed.

    That is on another day than it is planned for, and once its message comes again when its answers are stored. Around
    midnight only requests for new posts are sent.
    """
    if chunk.reservation is not None and not openings.is_reserved(db, chunk.reservation):
        return True
    time = network_status.read_time(db, chunk.network, now)
    if network_status.is_near_midnight(time.now):
        return bool(chunk.post_ids) or not all(unpack(each).since_id for each in chunk.due)
    return time.day.date.isoformat() != chunk.day


def _not_asked(chunk: Chunk, reason: LazyString, now: datetime) -> FetchedChunk:
    due = tuple(unpack(each) for each in chunk.due)
    results = tuple(FetchResult(each.account_id, now, problem=reason, was_asked=False) for each in due)
    posts = tuple(
        PostsResult(now, tuple(ids), problem=reason, was_asked=False)
        for ids in _batches(NETWORKS[chunk.network], chunk)
    )
    return FetchedChunk(chunk.network, results, due, posts, chunk.reservation, chunk.day)


def _ask(resources: Resources, network: Network, chunk: Chunk, now: datetime) -> FetchedChunk:
    source, due = resources.source(network), tuple(unpack(each) for each in chunk.due)
    within = min(WITHIN * resources.settings.tick, LONGEST)
    purse = None if network.price is None else Purse(chunk.credit)
    if not due:
        results: list[FetchResult] = []
    elif network.has_servers:
        results = fetch_servers(network, source, due, now, within)
    else:
        results = fetch_accounts(network, source, due, now, within, purse)
    posts = _fetch_posts(network, resources.priced_source(network), chunk, now, within) if chunk.post_ids else []
    told = source.observed()
    return FetchedChunk(network.key, tuple(results), due, tuple(posts), chunk.reservation, chunk.day, told)


def _batches(network: Network, chunk: Chunk) -> list[list[str]]:
    size = network.posts_per_request
    return [chunk.post_ids[start : start + size] for start in range(0, len(chunk.post_ids), size)]


def _fetch_posts(
    network: Network, source: PricedSource, chunk: Chunk, now: datetime, within: timedelta
) -> list[PostsResult]:
    """One result for each request, in their order: a success or a failure, never an error."""
    requests = _batches(network, chunk)

    def fail(ids: list[str], problem: LazyString) -> PostsResult:
        return PostsResult(now, tuple(ids), problem=problem)

    return side_by_side(network, requests, lambda ids, stop: source.posts(ids, now, stop), fail, within)


def _heed_stops(resources: Resources, network: Network, fetched: FetchedChunk, now: datetime) -> None:
    """Open the breakers of those that asked for it, and of servers of which nothing could be read."""
    asked: dict[str, list[FetchResult | PostsResult]] = {}
    for due, result in zip(fetched.due, fetched.results, strict=True):
        asked.setdefault(service_of(network, due.remote_id), []).append(result)
    asked.setdefault(network.key, []).extend(fetched.posts)
    stops = {service: _stop(results, now, is_server=service != network.key) for service, results in asked.items()}
    opened = {service: stop for service, stop in stops.items() if stop is not None}
    if opened:
        with resources.store.write_session() as db:
            for service, (until, reason) in opened.items():
                open_breaker(db, network, reason, now, until, service)


def _stop(
    results: Sequence[FetchResult | PostsResult], now: datetime, *, is_server: bool
) -> tuple[datetime, LazyString] | None:
    """Until when a network or a server must not be asked, by these results of it, and why; None where it may be."""
    stops = [(each.stopped_until, each.problem) for each in results if each.stopped_until and each.problem]
    if stops:
        return max(stops, key=itemgetter(0))
    failures = [each.problem for each in results if each.was_asked and not _is_answer(each) and each.problem]
    asked = [each for each in results if each.was_asked]
    return (now + FAULT_PAUSE, failures[0]) if is_server and failures and len(failures) == len(asked) else None


def _is_answer(result: FetchResult | PostsResult) -> bool:
    return result.posts is not None or (isinstance(result, FetchResult) and result.state is not None)


def fetch_accounts(  # noqa: PLR0913, PLR0917 what a tick fetches, of which network, and within which bounds
    network: Network,
    source: Source,
    due: Sequence[Due],
    now: datetime,
    within: timedelta,
    purse: Purse | None = None,
) -> list[FetchResult]:
    """One result for each account, in their order: a success or a failure, never an error.

    What takes longer than `within` counts as failed, so that one slow account does not hold up the tick. Once the
    network asks for no more requests, the accounts that are left are not fetched. purse: what they may be billed for.
    """
    start = time.monotonic()
    in_time = start + FAIR * within.total_seconds()
    begun: dict[int, float] = {}

    def fetch_one(each: Due, stop: StopFlag) -> FetchResult:
        begun[each.account_id] = time.monotonic()
        return source.fetch(each, now, stop)

    def fail(each: Due, problem: LazyString) -> FetchResult:
        was_asked = begun.get(each.account_id, inf) <= in_time
        unanswered = purse.lent_to(each.account_id) if purse else 0
        return FetchResult(each.account_id, now, problem=problem, was_asked=was_asked, unanswered=unanswered)

    return side_by_side(network, due, fetch_one, fail, within, purse)


def fetch_servers(
    network: Network, source: Source, due: Sequence[Due], now: datetime, within: timedelta
) -> list[FetchResult]:
    """The same for accounts on many servers: these are asked side by side, each for one account after the other.

    A server that hangs, or asks for no more requests, costs the accounts of no other. It is named in the problem.
    """
    start, results = time.monotonic(), dict[int, FetchResult]()
    deadline, in_time = (start + part * within.total_seconds() for part in (1, FAIR))
    servers: dict[str, list[Due]] = {}
    for each in due:
        servers.setdefault(network.server(each.remote_id) or network.key, []).append(each)
    stops = {server: StopFlag(ends_at=deadline) for server in servers}

    def read(server: str) -> None:
        for each in servers[server]:
            if not stops[server].reason:
                was_asked = time.monotonic() <= in_time
                late = FetchResult(each.account_id, now, problem=not_in_time(server), was_asked=was_asked)
                results[each.account_id] = late
                results[each.account_id] = _fetch_safely(source, each, now, stops[server], server)

    pool = ThreadPoolExecutor(min(SERVERS_AT_ONCE, len(servers)), thread_name_prefix="fetch")
    wait([pool.submit(read, server) for server in servers], timeout=within.total_seconds())
    for server, stop in stops.items():
        stop.reason = stop.reason or not_in_time(server)
    pool.shutdown(wait=False, cancel_futures=True)
    read_now = dict(results)

    def result(each: Due) -> FetchResult:
        reason = stops[network.server(each.remote_id) or network.key].reason
        return read_now.get(each.account_id) or FetchResult(each.account_id, now, problem=reason, was_asked=False)

    return [result(each) for each in due]


def _fetch_safely(source: Source, due: Due, now: datetime, stop: StopFlag, server: str) -> FetchResult:
    """The result of a source that may have a fault: other accounts of the server are read all the same."""
    try:
        return source.fetch(due, now, stop)
    except Exception:  # a thread's border
        log.exception("a request failed")
        return FetchResult(due.account_id, now, problem=not_readable(server))


def side_by_side(  # noqa: PLR0913, PLR0917
    network: Network,
    requests: Sequence[Request],
    send: Callable[[Request, StopFlag], Result],
    fail: Callable[[Request, LazyString], Result],
    within: timedelta,
    purse: Purse | None = None,
) -> list[Result]:
    """Send requests on threads; returns a result for each, in their order. fail: of one that failed, and why."""
    stop = StopFlag(ends_at=time.monotonic() + within.total_seconds(), purse=purse)
    pool = ThreadPoolExecutor(min(THREADS, len(requests)), thread_name_prefix="fetch")
    under_way = [pool.submit(send, each, stop) for each in requests]
    wait(under_way, timeout=within.total_seconds())
    stop.reason = stop.reason or not_in_time(network.name)  # who is late sends no further request
    if purse is not None:
        purse.close()
    pool.shutdown(wait=False, cancel_futures=True)
    return [_result(network, future, each, fail) for future, each in zip(under_way, requests, strict=True)]


def _result(
    network: Network, future: Future[Result], request: Request, fail: Callable[[Request, LazyString], Result]
) -> Result:
    if not future.done() or future.cancelled():
        return fail(request, not_in_time(network.name))
    failure = future.exception()
    if failure is None:
        return future.result()
    log.error("a request failed", exc_info=failure)
    return fail(request, not_readable(network.name))
