"""The plan step: which accounts are fetched now, within the budgets."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.messaging.celery_app import SLOTS
from pipeline.records import Due
from pipeline.sources.registry import switched_on
from pipeline.sources.source import Network
from pipeline.steps import planner
from pipeline.steps.resources import Resources
from pipeline.store import accounts, clock_rollback, comparisons, ledger, notices

log = logging.getLogger(__name__)

PERIODS = {"day": lazy_gettext("a day"), "month": lazy_gettext("a month")}
PackedDue = tuple[int, str, int]
"""An account as a message carries it: its id, its id on the network, and how many posts to fetch."""
Chunk = tuple[str, list[PackedDue]]
"""Accounts of one network, with its key. A chunk is of one network, so that a slow one delays no other."""


def plan(resources: Resources, now: datetime) -> list[Chunk]:
    """The accounts that are due, in chunks for the `fetch` tasks; empty where none is."""
    _redraw_all_if_redis_is_new(resources)
    resources.release_failed()
    with resources.store.write_session() as db:
        set_back = clock_rollback.shift_timestamps(db, now)
        due = {network: _plan(db, resources, network, now) for network in switched_on(resources.settings)}
    if set_back:
        log.warning("the clock was set back by %s; what waited for a moment waits as long as before", set_back)
    return chunks(due)


def _plan(db: Session, resources: Resources, network: Network, now: datetime) -> Sequence[Due]:
    planned = planner.plan(db, resources.settings, network, now)
    accounts.mark_attempted(db, [due.account_id for due in planned.due], now)
    if planned.short is not None:
        _announce_used_budget(db, network, planned.short)
    return planned.due


def plan_requested(
    resources: Resources, comparison_ids: Collection[int], account_ids: Collection[int], now: datetime
) -> list[Chunk]:
    """Those of these accounts, and of these comparisons', that nobody has tried to fetch, in chunks as from `plan`."""
    with resources.store.read_session() as db:
        untried = accounts.list_unattempted(db, comparison_ids, account_ids)
    if not untried:
        return []
    with resources.store.write_session() as db:
        untried = accounts.list_unattempted(db, comparison_ids, account_ids)
        due = {
            network: planner.plan_first(db, resources.settings, network, untried, now)
            for network in switched_on(resources.settings)
        }
        accounts.mark_attempted(db, [each.account_id for of_network in due.values() for each in of_network], now)
    return chunks(due)


def chunks(due: Mapping[Network, Sequence[Due]]) -> list[Chunk]:
    """Deal each network's accounts out evenly: a chunk for each worker slot, none of them empty, each in its order."""
    return [(network.key, chunk) for network, accounts_due in due.items() for chunk in _deal(accounts_due)]


def _deal(due: Sequence[Due]) -> list[list[PackedDue]]:
    count = min(SLOTS, len(due))
    packed = [(each.account_id, each.remote_id, each.depth) for each in due]
    return [packed[first::count] for first in range(count)]


def _redraw_all_if_redis_is_new(resources: Resources) -> None:
    """A Redis that was wiped has lost the messages and pictures under way, and nobody knows which those were."""
    if resources.redis_is_new:
        with resources.store.write_session() as db:
            comparisons.request_all_redraws(db)
        resources.mark_redis_known()


def _announce_used_budget(db: Session, network: Network, budget: ledger.Budget) -> None:
    """Have every chat informed, once for a period and a limit, until when no account of the network is fetched."""
    text = lazy_gettext(
        "The bot's budget for {network} is used up: {limit:usd} {period}. "
        "The charts keep what was read last, with its time. Reading goes on {until:moment}.",
        network=network.name,
        limit=budget.limit,
        period=PERIODS[budget.period],
        until=budget.until,
    )
    period = f"{budget.period} until {budget.until:%Y-%m-%d}"
    notices.publish(db, f"{notices.BUDGET_KEY_PREFIX}{network.key} {period} of {budget.limit}", text, budget.until)
