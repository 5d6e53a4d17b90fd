"""The plan step: what is fetched now, within the budgets of requests and money."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.messaging import living_workers, progress
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS, switched_on
from pipeline.sources.source import Network
from pipeline.steps import day_plan, purchases, turns
from pipeline.steps.announce import announce
from pipeline.steps.chunks import Chunk
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.resources import Resources
from pipeline.store import accounts, clock_rollback, comparisons
from pipeline.store.tables import Account

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=10)
"""What was read so long ago is read again where a chat asks for its chart."""


def begin(resources: Resources, now: datetime) -> list[str]:
    """Begin a tick; returns the keys of the networks that are read: those whose accounts are tracked, and one at least.

    What else is due in a tick, as charts that change with time alone, is done at the end of any network's.
    """
    _redraw_all_if_redis_is_new(resources)
    resources.release_failed()
    with resources.store.write_session() as db:
        set_back = clock_rollback.shift_timestamps(db, now)
        keys = [network.key for network in switched_on(resources.settings)]
        used = [key for key in keys if accounts.are_tracked(db, key)]
    if set_back:
        log.warning("the clock was set back by %s; what waited for a moment waits as long as before", set_back)
    begun = used or keys[:1]
    progress.begin_ticks(resources.redis, begun)
    return begun


def plan(resources: Resources, key: str, now: datetime) -> list[Chunk]:
    """What is due on a network, by its key, in chunks for the `fetch` tasks; empty where nothing is."""
    network = NETWORKS[key]
    if network.price is not None:
        day_plan.plan_day(resources, network, now)
    slots = living_workers.count_slots(resources.redis)
    with resources.store.write_session() as db:
        return _plan(db, resources.settings, network, slots, now)


def _plan(db: Session, settings: Settings, network: Network, slots: int, now: datetime) -> list[Chunk]:
    if network.price is None:
        return turns.plan(db, settings, network, now, slots=slots)
    at = PricedNetwork.at(db, settings, network, now, slots=slots)
    announce(db, network, at.money(), now)
    return purchases.plan(at)


def plan_requested(
    resources: Resources, comparison_ids: Collection[int], account_ids: Collection[int], now: datetime
) -> list[Chunk]:
    """Those of these accounts, and of these comparisons', that nobody has tried to fetch, in chunks as from `plan`.

    On a network with a price also those that are not asked for new posts today, if that was not done lately.
    """
    with resources.store.read_session() as db:
        waiting = accounts.list_to_read(db, comparison_ids, account_ids, now - STALE_AFTER)
    if not waiting:
        return []
    slots = living_workers.count_slots(resources.redis)
    with resources.store.write_session() as db:
        waiting = accounts.list_to_read(db, comparison_ids, account_ids, now - STALE_AFTER)
        return [
            chunk
            for network in switched_on(resources.settings)
            for chunk in _plan_requested(db, resources.settings, network, waiting, account_ids, slots, now)
        ]


def _plan_requested(  # noqa: PLR0913, PLR0917
    db: Session,
    settings: Settings,
    network: Network,
    waiting: Sequence[Account],
    new: Collection[int],
    slots: int,
    now: datetime,
) -> list[Chunk]:
    mine = [account for account in waiting if account.network == network.key]
    if not mine:
        return []
    if network.price is None:
        return turns.plan_first(db, settings, network, mine, now, slots=slots)
    return purchases.plan_requested(PricedNetwork.at(db, settings, network, now, slots=slots), mine, new)


def _redraw_all_if_redis_is_new(resources: Resources) -> None:
    """A Redis that was wiped has lost the messages and pictures under way, and nobody knows which those were."""
    if resources.redis_is_new:
        with resources.store.write_session() as db:
            comparisons.request_all_redraws(db)
        resources.mark_redis_known()
