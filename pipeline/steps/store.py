"""The store step: fetch results go into the database; they decide which comparisons are drawn."""

import logging
from collections.abc import Sequence
from datetime import datetime

from pipeline.records import NETWORK, FetchResult
from pipeline.steps import planner
from pipeline.steps.fetch import fetch_results
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
    results = _take(resources, digests)
    with resources.store.write_session() as db:
        late = planner.conclude(db, resources.settings, sum(each.requests for each in results), now)
        changed = accounts.save_fetch_results(db, results) | accounts.mark_stale(db, late)
        comparisons.mark_changed(db, changed)
        comparisons.mark_expired(db, now)
        if any(each.posts is not None or each.state for each in results):
            circuit_breakers.close(db, NETWORK, now)
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
    results = _take(resources, digests)
    with resources.store.write_session() as db:
        token_buckets.deduct(db, NETWORK, sum(each.requests for each in results))
        comparisons.mark_changed(db, accounts.save_fetch_results(db, results))
        outdated = comparisons.claim_of_accounts(db, [each.account_id for each in results], now)
    _drop(resources, digests)
    log.info("asked: %d read for the first time, %d to draw", len(results), len(outdated))
    return outdated


def _take(resources: Resources, digests: Sequence[str | None]) -> list[FetchResult]:
    """The fetch results of the blobs that are still there."""
    packed = [resources.blobs.get(digest) for digest in digests if digest is not None]
    return [result for blob in packed if blob is not None for result in fetch_results.validate_json(blob)]


def _drop(resources: Resources, digests: Sequence[str | None]) -> None:
    resources.blobs.delete([digest for digest in digests if digest is not None])
