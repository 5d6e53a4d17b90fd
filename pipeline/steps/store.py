"""The store step: fetch results go into the database; they decide which comparisons are drawn."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from pipeline.messaging import progress
from pipeline.records import Due, FetchResult, PostsResult, State
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, service_of
from pipeline.steps import post_alerts, store_purchases, store_stages, turns, withheld
from pipeline.steps.fetch import FetchedChunk, fetched_chunks
from pipeline.steps.resources import Resources
from pipeline.store import accounts, circuit_breakers, comparisons, network_status, reading_queue

log = logging.getLogger(__name__)

CHARTS_PER_S = 60
"""Twice as many charts as Telegram lets a bot send: there must be enough of them until the next tick."""


def store(resources: Resources, key: str, digests: Sequence[str | None], now: datetime) -> Sequence[tuple[int, int]]:
    """Store the fetch results of a network's tick; returns the comparisons to draw now, as (id, version).

    key: the network's. digests: what each `fetch` returned.
    """
    resources.release_failed()
    fetched = _take(resources, digests)
    with resources.store.write_session() as db:
        watched = post_alerts.watch(db, key, fetched, now)
        changed = _store_network(db, resources.settings, NETWORKS[key], fetched, now)
        post_alerts.find(db, watched, changed, now)
        comparisons.mark_changed(db, changed)
        comparisons.mark_expired(db, now)
        outdated = comparisons.claim_next(db, now, CHARTS_PER_S * resources.settings.tick_seconds)
        is_awaited = comparisons.are_awaited(db, now)
    _drop(resources, digests)
    progress.count(resources.redis, _counts(fetched))
    progress.await_drawing(resources.redis, is_awaited=is_awaited)
    counts = *_count_results(fetched), len(changed), len(outdated)
    log.info("tick: %d read, %d failed, %d changed, %d to draw (%s)", *counts, key)
    return outdated


def store_requested(resources: Resources, digests: Sequence[str | None], now: datetime) -> Sequence[tuple[int, int]]:
    """Store the first results of new accounts; returns the comparisons that waited for them, as (id, version)."""
    fetched = _take(resources, digests)
    results = [result for chunk in fetched for result in chunk.results]
    with resources.store.write_session() as db:
        for chunk in fetched:
            network = NETWORKS[chunk.network]
            if network.price is None:
                turns.note_first(db, network, _answers([chunk]))
                changed = _save(db, resources.settings, network, [chunk], now)
            else:
                changed = store_purchases.store(db, resources.settings, network, [chunk], now)
            comparisons.mark_changed(db, changed)
        outdated = comparisons.claim_of_accounts(db, [each.account_id for each in results], now)
    _drop(resources, digests)
    progress.count(resources.redis, _counts(fetched))
    log.info("asked: %d read for the first time, %d to draw", len(results), len(outdated))
    return outdated


def _store_network(
    db: Session, settings: Settings, network: Network, chunks: Sequence[FetchedChunk], now: datetime
) -> set[int]:
    """Store what the network answered, and close its breakers if it did; returns the accounts whose charts change."""
    stops = circuit_breakers.load(db, network.key)
    for service in _answered(network, chunks) & stops.keys():
        circuit_breakers.close(db, service, now)
    if network.price is not None:
        changed = store_purchases.store(db, settings, network, chunks, now)
        return changed | reading_queue.mark_overdue(db, network.key, now - store_purchases.STALE_AFTER)
    changed = _save(db, settings, network, chunks, now)
    return changed | turns.conclude(db, settings, network, _answers(chunks), now)


def _answered(network: Network, chunks: Sequence[FetchedChunk]) -> set[str]:
    """The names of the network's servers that answered."""
    answers = [due for due, result in _answers(chunks) if result.posts is not None or result.state]
    by_ids = any(each.posts is not None for chunk in chunks for each in chunk.posts)
    return {service_of(network, due.remote_id) for due in answers} | ({network.key} if by_ids else set())


def _save(db: Session, settings: Settings, network: Network, chunks: Sequence[FetchedChunk], now: datetime) -> set[int]:
    """Store what a network without a price answered; returns the ids of the accounts whose charts change."""
    network_status.observe(db, network.key, [chunk.observed for chunk in chunks], now)
    answers = _answers(chunks)
    if network.limits(settings).older_requests is None:
        changed = accounts.save_fetch_results(db, [result for _, result in answers])
    else:
        changed = store_stages.store(db, settings, answers)
    withheld.drop(db, [result.account_id for _, result in answers if result.state is State.WITHHELD], now)
    return changed


def _answers(chunks: Sequence[FetchedChunk]) -> list[tuple[Due, FetchResult]]:
    """What was due, with what came of it."""
    return [pair for chunk in chunks for pair in zip(chunk.due, chunk.results, strict=True)]


def _take(resources: Resources, digests: Sequence[str | None]) -> list[FetchedChunk]:
    """The fetch results of the blobs that are still there."""
    packed = [resources.blobs.get(digest) for digest in digests if digest is not None]
    return [fetched_chunks.validate_json(blob) for blob in packed if blob is not None]


def _count_results(fetched: Sequence[FetchedChunk]) -> tuple[int, int]:
    """How many requests for accounts, and for posts by their ids, brought posts, and how many failed."""
    brought = [result.posts is not None for chunk in fetched for result in chunk.results]
    brought += [result.posts is not None for chunk in fetched for result in chunk.posts]
    return sum(brought), len(brought) - sum(brought)


def _counts(fetched: Sequence[FetchedChunk]) -> Counter[tuple[str, ...]]:
    """For the metrics: how many readings succeeded, and failed by what; and how many requests they took."""
    counts: Counter[tuple[str, ...]] = Counter()
    for chunk in fetched:
        results: list[FetchResult | PostsResult] = [*chunk.results, *chunk.posts]
        for result in results:
            if isinstance(result, FetchResult):
                counts["requests", chunk.network] += result.requests
            elif result.was_asked:
                counts["requests", chunk.network] += 1
            if result.posts is not None:
                counts["readings", chunk.network] += 1
            elif result.was_asked:
                counts["failed_readings", chunk.network, _kind(result)] += 1
    return counts


def _kind(result: FetchResult | PostsResult) -> str:
    """Why the reading failed: the state of the account, or the English text of the problem without what fills it."""
    if isinstance(result, FetchResult) and result.state is not None:
        return result.state.value
    return result.problem.msgid if result.problem else "unknown"


def _drop(resources: Resources, digests: Sequence[str | None]) -> None:
    resources.blobs.delete([digest for digest in digests if digest is not None])
