"""The plan step: which accounts are fetched now, within the budgets."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.messaging.celery_app import SLOTS
from pipeline.records import Due
from pipeline.steps import planner
from pipeline.steps.resources import Resources
from pipeline.store import accounts, clock_rollback, comparisons, ledger, notices

log = logging.getLogger(__name__)

PERIODS = {"day": lazy_gettext("a day"), "month": lazy_gettext("a month")}
PackedDue = tuple[int, str, int]
"""An account as a message carries it: its id, its id on the network, and how many posts to fetch."""


def plan(resources: Resources, now: datetime) -> list[list[PackedDue]]:
    """The accounts that are due, in chunks for the `fetch` tasks; empty where none is."""
    _redraw_all_if_redis_is_new(resources)
    resources.release_failed()
    with resources.store.write_session() as db:
        set_back = clock_rollback.shift_timestamps(db, now)
        planned = planner.plan(db, resources.settings, now)
        accounts.mark_attempted(db, [due.account_id for due in planned.due], now)
        if planned.short is not None:
            _announce_used_budget(db, planned.short)
    if set_back:
        log.warning("the clock was set back by %s; what waited for a moment waits as long as before", set_back)
    return chunks(planned.due)


def plan_requested(
    resources: Resources, comparison_ids: Collection[int], account_ids: Collection[int], now: datetime
) -> list[list[PackedDue]]:
    """Those of these accounts, and of these comparisons', that nobody has tried to fetch, in chunks as from `plan`."""
    with resources.store.read_session() as db:
        untried = accounts.list_unattempted(db, comparison_ids, account_ids)
    if not untried:
        return []
    with resources.store.write_session() as db:
        due = planner.plan_first(
            db, resources.settings, accounts.list_unattempted(db, comparison_ids, account_ids), now
        )
        accounts.mark_attempted(db, [each.account_id for each in due], now)
    return chunks(due)


def chunks(due: Sequence[Due]) -> list[list[PackedDue]]:
    """Deal the accounts out evenly, a chunk for each worker slot and none of them empty; each keeps their order."""
    count = min(SLOTS, len(due))
    packed = [(each.account_id, each.remote_id, each.depth) for each in due]
    return [packed[first::count] for first in range(count)]


def _redraw_all_if_redis_is_new(resources: Resources) -> None:
    """A Redis that was wiped has lost the messages and pictures under way, and nobody knows which those were."""
    if resources.redis_is_new:
        with resources.store.write_session() as db:
            comparisons.request_all_redraws(db)
        resources.mark_redis_known()


def _announce_used_budget(db: Session, budget: ledger.Budget) -> None:
    """Have every chat informed, once for a period and a limit, until when no account is fetched."""
    text = lazy_gettext(
        "The bot's budget for X is used up: {limit:usd} {period}. "
        "The charts keep what was read last, with its time. Reading goes on {until:moment}.",
        limit=budget.limit,
        period=PERIODS[budget.period],
        until=budget.until,
    )
    key = f"{notices.BUDGET_KEY_PREFIX}{budget.period} until {budget.until:%Y-%m-%d} of {budget.limit}"
    notices.publish(db, key, text, budget.until)
