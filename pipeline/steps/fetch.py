"""The fetch step: the newest posts of a chunk of due accounts, fetched side by side on threads."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from operator import itemgetter

from pydantic import TypeAdapter

from pipeline.errors import AWAY
from pipeline.messaging.celery_app import TASK_LIMIT_S
from pipeline.records import Due, FetchResult
from pipeline.sources.problems import not_in_time, not_readable
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, Source, StopFlag
from pipeline.steps.breaker import open_breaker
from pipeline.steps.resources import Resources
from pipeline.store import circuit_breakers

log = logging.getLogger(__name__)

THREADS = 50
WITHIN = 0.8
"""The part of a tick that fetching may take: an account that hangs must not cost the others their next tick."""
LONGEST = timedelta(seconds=TASK_LIMIT_S / 2)
"""Longer ticks leave no more time: a task that exceeds TASK_LIMIT_S is killed, and what it fetched is lost."""
FAIR = 0.25
"""An account without an answer, whose request began after this part of the time, comes first next time."""


@dataclass(frozen=True, slots=True)
class FetchedChunk:
    """The fetch results of a chunk, whose accounts are all of one network. network: its key."""

    network: str
    results: tuple[FetchResult, ...]


fetched_chunks = TypeAdapter(FetchedChunk)
"""Packs a chunk's fetch results to JSON bytes and back."""


def fetch(resources: Resources, network: str, chunk: Sequence[Sequence[int | str]], now: datetime) -> str | None:
    """Fetch a chunk of a network's accounts; returns the digest of the fetch results' blob, None if it was not stored.

    Never raises for a server that is away: one task of a chord that raises would lose what all of them fetched.
    """
    try:
        return _fetch(resources, NETWORKS[network], chunk, now)
    except AWAY as error:
        log.warning("%d accounts were not read: %s", len(chunk), error)
        return None


def _fetch(resources: Resources, network: Network, chunk: Sequence[Sequence[int | str]], now: datetime) -> str:
    resources.release_failed()
    due = [Due(int(account_id), str(remote_id), int(depth)) for account_id, remote_id, depth in chunk]
    with resources.store.read_session() as db:
        stop = circuit_breakers.find_open(db, network.key, now)
    if stop is not None:  # another chunk of this tick has opened the breaker
        results = [FetchResult(each.account_id, now, problem=stop.reason, was_asked=False) for each in due]
    else:
        within = min(WITHIN * resources.settings.tick, LONGEST)
        results = fetch_accounts(network, resources.source(network), due, now, within)
        _heed_stops(resources, network, results, now)
    return resources.blobs.put(fetched_chunks.dump_json(FetchedChunk(network.key, tuple(results))))


def _heed_stops(resources: Resources, network: Network, results: Sequence[FetchResult], now: datetime) -> None:
    stops = [(each.stopped_until, each.problem) for each in results if each.stopped_until and each.problem]
    if stops:
        until, reason = max(stops, key=itemgetter(0))
        with resources.store.write_session() as db:
            open_breaker(db, network, reason, now, until)


def fetch_accounts(
    network: Network, source: Source, due: Sequence[Due], now: datetime, within: timedelta
) -> list[FetchResult]:
    """One result for each account, in their order: a success or a failure, never an error.

    What takes longer than `within` counts as failed, so that one slow account does not hold up the tick. Once the
    network asks for no more requests, the accounts that are left are not fetched.
    """
    start = time.monotonic()
    stop = StopFlag(ends_at=start + within.total_seconds())
    begun: dict[int, float] = {}

    def fetch_one(each: Due) -> FetchResult:
        begun[each.account_id] = time.monotonic()
        return source.fetch(each, now, stop)

    pool = ThreadPoolExecutor(min(THREADS, len(due)), thread_name_prefix="fetch")
    under_way = [pool.submit(fetch_one, each) for each in due]
    wait(under_way, timeout=within.total_seconds())
    stop.reason = stop.reason or not_in_time(network.name)  # an account that is late is asked for no further page
    pool.shutdown(wait=False, cancel_futures=True)
    in_time = start + FAIR * within.total_seconds()
    return [
        _result(network, future, each, now, was_asked=begun.get(each.account_id, inf) <= in_time)
        for future, each in zip(under_way, due, strict=True)
    ]


def _result(network: Network, future: Future[FetchResult], due: Due, now: datetime, *, was_asked: bool) -> FetchResult:
    if not future.done() or future.cancelled():
        return FetchResult(due.account_id, now, problem=not_in_time(network.name), was_asked=was_asked)
    failure = future.exception()
    if failure is None:
        return future.result()
    log.error("reading account %d failed", due.account_id, exc_info=failure)
    return FetchResult(due.account_id, now, problem=not_readable(network.name))
