"""The day's list of a network with a price, made once, just after its midnight: which posts are opened today.

What is worth opening is computed outside any write lock, by `pipeline.planning`; then it is noted, and the ticks ask
for it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from pipeline.planning.account_figures import account_figures
from pipeline.planning.columns import Floats, Outlooks, StoredPosts
from pipeline.planning.day_plan import DayPlan
from pipeline.planning.day_plan import plan_day as choose
from pipeline.planning.posting_rate import expected_unseen, posting_rates
from pipeline.sources.source import Network
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.resources import Resources
from pipeline.store import comparisons, day_plans, network_status, openings, shares
from pipeline.store.day_plans import PlannedAccount, PostColumns
from pipeline.store.openings import Day

log = logging.getLogger(__name__)

NAMES_EVERY_DAYS = 7
"""How often a profile is looked up, to find out that its account was renamed."""
KEPT = timedelta(days=40)
"""How long openings are kept: /budget tells of a month."""


@dataclass(frozen=True, slots=True)
class Morning:
    """What is known when the day begins, or when its list is made again: the planner's columns, and their ids.

    finds: whether the account's new posts of today are paid for already.
    """

    account_ids: Sequence[int]
    finds: Sequence[bool]
    post_ids: Sequence[str]
    posts: StoredPosts
    outlooks: Outlooks


def plan_day(resources: Resources, network: Network, now: datetime) -> None:
    """Make the day's list of a network with a price, if there is none yet. Any number of workers may try to."""
    with resources.store.read_session() as db:
        at = PricedNetwork.at(db, resources.settings, network, now)
        if not at.time.is_settled or day_plans.last(db, network.key) == at.day.date:
            return
        morning = load(at)
        budget = _budget(at, len(morning.account_ids))
    window, now_s = resources.settings.posts_per_account, at.time.now.timestamp()
    plan = choose(morning.posts, morning.outlooks, budget_posts=budget, now_s=now_s, window=window)
    with resources.store.write_session() as db:
        if day_plans.last(db, network.key) == at.day.date:
            return
        _note(db, at.day, morning, plan, now)
    log.info("the day's list of %s: %d posts of %d accounts", network.name, plan.open.sum(), len(morning.account_ids))


def load(at: PricedNetwork) -> Morning:
    """What is known of all tracked accounts of the network that were read."""
    known = day_plans.list_accounts(at.session, at.key, at.day.date)
    ids = np.array([each.id for each in known], np.int64)
    metric = comparisons.find_most_wanted_metric(at.session)
    columns = day_plans.load_posts(at.session, at.key, metric, at.settings.posts_per_account)
    chats = shares.chats_by_account(at.session, at.key)
    account = np.searchsorted(ids, columns.account_id)
    asked_s = np.array([each.fetched_at.timestamp() for each in known], np.float64)
    known_s = asked_s.copy()
    np.maximum.at(known_s, account, columns.created_s)  # an answer that was not whole told of newer ones
    rates = posting_rates(account, columns.created_s, known_s)
    unseen = expected_unseen(rates, asked_s, at.time.now.timestamp())
    stored = StoredPosts(account, columns.created_s, _read_s(at, columns), columns.value)
    outlooks = Outlooks(rates, unseen, [chats.get(each.id, ()) for each in known])
    return Morning(ids.tolist(), [each.finds for each in known], columns.post_id, stored, outlooks)


def _read_s(at: PricedNetwork, columns: PostColumns) -> Floats:
    """When each post was read last; one that was opened today already, as it will have been read tonight."""
    opened = openings.list_post_ids(at.session, at.day)
    tonight_s = network_status.end_of_day(at.day.date).timestamp()
    return np.where([post_id in opened for post_id in columns.post_id], tonight_s, columns.read_s)


def _budget(at: PricedNetwork, account_count: int) -> float:
    """How many posts the day's money pays, without what names cost."""
    money = at.money()
    names = at.price.profile_usd * account_count / NAMES_EVERY_DAYS
    return max(0.0, float((min(money.allowance - money.today, money.left) - names) / at.price.post_usd))


def _note(session: Session, day: Day, morning: Morning, plan: DayPlan, now: datetime) -> None:
    """Note what is opened, and whom to ask for new posts: all day, only now, or not at all."""
    chosen = np.flatnonzero(plan.open)
    ids = [morning.account_ids[index] for index in morning.posts.account[chosen].tolist()]
    openings.plan(session, day, zip(ids, [morning.post_ids[index] for index in chosen.tolist()], strict=True), now)
    openings.delete_before(session, day.date - KEPT)
    figures = account_figures(morning.posts.account, morning.posts.count, len(morning.account_ids))
    columns = (morning.outlooks.rate.tolist(), figures.median.tolist(), plan.error.tolist())
    finds = (plan.finds | np.array(morning.finds, np.bool_)).tolist()
    asked = (plan.finds | plan.catches_up | np.array(morning.finds, np.bool_)).tolist()
    planned = [
        PlannedAccount(account_id, day.date if is_found else None, now if is_asked else None, *row)
        for account_id, is_found, is_asked, *row in zip(morning.account_ids, finds, asked, *columns, strict=True)
    ]
    day_plans.save(session, day.network, day.date, planned)
