"""The follow-names step: renamed accounts are found by their profiles, since posts do not name their author."""

import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.errors import ServiceError
from pipeline.records import Profile
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, service_of
from pipeline.steps import breaker, withheld
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.resources import Resources
from pipeline.store import (
    accounts,
    circuit_breakers,
    comparisons,
    datasets,
    day_plans,
    ledger,
    openings,
    reading_queue,
)
from pipeline.store.openings import Day
from pipeline.store.token_buckets import TokenBuckets

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
SERVERS_AT_ONCE, WITHIN = 50, timedelta(seconds=10)
"""On a network of many servers: how many are asked in a minute, side by side, and how long they may take."""
PAID_EVERY = timedelta(days=7)
"""How often a profile is looked up that costs money: it then tells that its account was renamed."""


def follow_names(resources: Resources, key: str, now: datetime) -> None:
    """Look up the handles of some accounts of a network, by its key; the next tick redraws what bears a former one."""
    network = NETWORKS[key]
    with resources.store.write_session() as db:
        if circuit_breakers.find(db, network.key):
            return
        at = PricedNetwork.at(db, resources.settings, network, now) if network.price else None
        asked = in_turn(db, network, now) if at is None else _ask(at)
    if not asked:
        return
    try:
        profiles = _profiles(resources, network, list(asked))
    except ServiceError as error:
        log.warning("names were not fetched: %s", error)
        breaker.open_if_permanent(resources, network, error, now)
        return
    with resources.store.write_session() as db:
        if at is not None:
            _bill(db, at.day, asked, profiles)
        mark_renamed(db, accounts.update_handles(db, profiles, network.key, now if at is None else at.time.now))
        withheld.drop_shown(db, profiles, network.key, now)


def _profiles(resources: Resources, network: Network, remote_ids: Sequence[str]) -> Sequence[Profile]:
    """The profiles of these accounts; of servers that are late or at fault none. Raises ServiceError for a network."""
    source = resources.source(network)
    if not network.has_servers:
        return source.profiles(remote_ids)
    pool = ThreadPoolExecutor(len(remote_ids), thread_name_prefix="profiles")
    asked = [pool.submit(source.profiles, [each]) for each in remote_ids]
    wait(asked, timeout=WITHIN.total_seconds())
    pool.shutdown(wait=False, cancel_futures=True)
    answers = [each for each in asked if each.done() and not each.cancelled()]
    for each in answers:
        if failure := each.exception():
            log.info("a profile was not fetched: %s", failure)
    return [profile for each in answers if not each.exception() for profile in each.result()]


def in_turn(session: Session, network: Network, now: datetime) -> Mapping[str, int | None]:
    """The ids on the network, with those here, of some accounts: more than a request returns take turns.

    On a network of many servers one account of each, and no more servers than are asked side by side.
    """
    tracked = accounts.list_tracked_ids(session, network.key)
    minute = int(now.timestamp() / EVERY.total_seconds())
    if network.has_servers:
        return _one_of_each(session, network, tracked, minute)
    turns = max(1, -(-len(tracked) // network.profiles_per_request))
    return {remote_id: account_id for account_id, remote_id in tracked[minute % turns :: turns]}


def _one_of_each(
    session: Session, network: Network, tracked: Sequence[tuple[int, str]], minute: int
) -> dict[str, int | None]:
    """One account of each server that may be asked, which takes one of its requests."""
    stops, buckets = circuit_breakers.load(session, network.key), TokenBuckets(session, network.key)
    servers: dict[str, list[tuple[int, str]]] = {}
    for account_id, remote_id in tracked:
        servers.setdefault(service_of(network, remote_id), []).append((account_id, remote_id))
    batches = max(1, -(-len(servers) // SERVERS_AT_ONCE))
    chosen = [name for name in sorted(servers)[minute % batches :: batches] if name not in stops]
    for name in chosen:
        buckets.deduct(name, 1)
    turn = minute // batches
    in_turn = [servers[name][turn % len(servers[name])] for name in chosen]
    return {remote_id: account_id for account_id, remote_id in in_turn}


def _ask(at: PricedNetwork) -> Mapping[str, int | None]:
    """The same of accounts whose profile is due, now paid, as far as the day's even part of the money pays.

    Names come after posts: what the day's list and new posts will cost is kept.
    """
    if not at.time.is_settled or day_plans.last(at.session, at.key) != at.day.date:
        return {}
    money, kept = at.money(), at.price.post_usd * at.kept_posts()
    affordable = int((min(money.left, money.allowance - money.today) - kept) / at.price.profile_usd)
    most = max(0, min(at.network.profiles_per_request, affordable))
    asked = reading_queue.list_unprofiled(at.session, at.key, at.day.date, PAID_EVERY, most)
    openings.ask(at.session, at.day, ledger.USERS, asked)
    return asked


def _bill(session: Session, day: Day, asked: Mapping[str, int | None], profiles: Collection[Profile]) -> None:
    """Who is not shown, as while suspended, is not billed."""
    shown = {profile.remote_id for profile in profiles}
    openings.release(session, day, ledger.USERS, [each for each in asked if each not in shown])
    openings.record(session, day, ledger.USERS, {each: account for each, account in asked.items() if each in shown})


def mark_renamed(db: Session, account_ids: Collection[int]) -> None:
    """Have the charts and datasets of these accounts made again: they bear former names."""
    comparisons.mark_changed(db, account_ids)
    datasets.mark_due_of_accounts(db, account_ids)
