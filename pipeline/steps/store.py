"""The store step: fetch results go into the database; they decide which comparisons are drawn."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from pipeline.records import FetchResult
from pipeline.settings import Settings
from pipeline.sources.registry import switched_on
from pipeline.steps import planner
from pipeline.steps.fetch import FetchedChunk, fetched_chunks
from pipeline.steps.resources import Resources
from pipeline.store import accounts, circuit_breakers, comparisons, token_buckets

log = logging.getLogger(__name__)

CHARTS_PER_S = 60
"""Twice as many charts as Telegram lets a bot send: there must be enough of them until the next tick."""


def store(resources: Resources, digests: Sequence[str | None], now: datetime) -> Sequence[tuple[int, int]]:
    """Store the fetch results of a tick; returns the comparisons to draw now, as (id, version).

    digests: what each `fetch` returned.
    """
    resources.release_failed()
    fetched = _take(resources, digests)
    results = _results(fetched)
    with resources.store.write_session() as db:
        late = _conclude(db, resources.settings, fetched, now)
        changed = accounts.save_fetch_results(db, results)
        for network, before in late.items():
            changed |= accounts.mark_stale(db, network, before)
        comparisons.mark_changed(db, changed)
        comparisons.mark_expired(db, now)
        outdated = comparisons.claim_next(db, now, CHARTS_PER_S * resources.settings.tick_seconds)
    _drop(resources, digests)
    failed = sum(each.posts is None for each in results)
    log.info(
        "tick: %d read, %d failed, %d changed, %d to draw",
        len(results) - failed,
        failed,
        len(changed),
        len(outdated),
    )
    return outdated


def store_requested(resources: Resources, digests: Sequence[str | None], now: datetime) -> Sequence[tuple[int, int]]:
    """Store the first results of new accounts; returns the comparisons that waited for them, as (id, version)."""
    fetched = _take(resources, digests)
    results = _results(fetched)
    with resources.store.write_session() as db:
        for chunk in fetched:
            token_buckets.deduct(db, chunk.network, _requests([chunk]))
        comparisons.mark_changed(db, accounts.save_fetch_results(db, results))
        outdated = comparisons.claim_of_accounts(db, [each.account_id for each in results], now)
    _drop(resources, digests)
    log.info("asked: %d read for the first time, %d to draw", len(results), len(outdated))
    return outdated


def _conclude(
    db: Session, settings: Settings, fetched: Sequence[FetchedChunk], now: datetime
) -> dict[str, planner.LateBefore]:
    """Note the requests to each network, and close the breakers of those that answered.

    Returns by network when its accounts must have been fetched last to be late.
    """
    late = {}
    for network in switched_on(settings):
        chunks = [chunk for chunk in fetched if chunk.network == network.key]
        late[network.key] = planner.conclude(db, settings, network, _requests(chunks), now)
        if any(each.posts is not None or each.state for each in _results(chunks)):
            circuit_breakers.close(db, network.key, now)
    return late


def _take(resources: Resources, digests: Sequence[str | None]) -> list[FetchedChunk]:
    """The fetch results of the blobs that are still there."""
    packed = [resources.blobs.get(digest) for digest in digests if digest is not None]
    return [fetched_chunks.validate_json(blob) for blob in packed if blob is not None]


def _results(fetched: Sequence[FetchedChunk]) -> list[FetchResult]:
    return [result for chunk in fetched for result in chunk.results]


def _requests(fetched: Sequence[FetchedChunk]) -> int:
    return sum(result.requests for result in _results(fetched))


def _drop(resources: Resources, digests: Sequence[str | None]) -> None:
    resources.blobs.delete([digest for digest in digests if digest is not None])
