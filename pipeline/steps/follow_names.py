"""The follow-names step: renamed accounts are found by their profiles, since posts do not name their author."""

import logging
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from pipeline.errors import ServiceError
from pipeline.sources.registry import switched_on
from pipeline.sources.source import Network
from pipeline.steps import breaker, planner
from pipeline.steps.resources import Resources
from pipeline.store import accounts, comparisons, datasets

log = logging.getLogger(__name__)


def follow_names(resources: Resources, now: datetime) -> None:
    """Look up the handles of some accounts; the next tick redraws and rewrites what bears a former one."""
    for network in switched_on(resources.settings):
        _follow_names(resources, network, now)


def _follow_names(resources: Resources, network: Network, now: datetime) -> None:
    with resources.store.read_session() as db:
        remote_ids = planner.names(db, resources.settings, network, now)
    if not remote_ids:
        return
    try:
        profiles = resources.source(network).profiles(remote_ids)
    except ServiceError as error:
        log.warning("names were not fetched: %s", error)
        breaker.open_if_permanent(resources, network, error, now)
        return
    with resources.store.write_session() as db:
        mark_renamed(db, accounts.update_handles(db, profiles, network.key, now))


def mark_renamed(db: Session, account_ids: Collection[int]) -> None:
    """Have the charts and datasets of these accounts made again: they bear former names."""
    comparisons.mark_changed(db, account_ids)
    datasets.mark_due_of_accounts(db, account_ids)
