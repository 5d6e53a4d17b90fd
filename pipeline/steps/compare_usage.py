"""The compare-usage step: has a network billed more than the ledger counts, so that repeats are not for nothing?"""

import logging
from datetime import datetime, timedelta

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network
from pipeline.steps.resources import Resources
from pipeline.store import circuit_breakers, network_status, notices, usage

log = logging.getLogger(__name__)

EVERY, AT_MOST_EVERY = timedelta(minutes=10), timedelta(seconds=20)
"""At most 45 of these requests are sent in 15 minutes. They cost nothing, and tell the network's time too."""


def compare_usage(resources: Resources, key: str, now: datetime) -> None:
    """Ask a network, by its key, what it has counted: at times, once a day begins and all repeats are made.

    Called between a tick's fetches and the next tick's, so that no request is under way meanwhile. Nothing is asked of
    a network without a price.
    """
    network = NETWORKS[key]
    if network.price is not None and _is_due(resources, network, now):
        _compare(resources, network, now)


def _is_due(resources: Resources, network: Network, now: datetime) -> bool:
    with resources.store.write_session() as db:
        status = network_status.get(db, network.key)
        time = network_status.read_time(db, network.key, now)
        repeats = usage.allowed_repeats(db, network, resources.settings, time.day.date)
        is_stopped = circuit_breakers.find(db, network.key) is not None
    passed = EVERY if status.compared_at is None else abs(now - status.compared_at)
    is_wanted = status.repeats >= repeats or not time.is_settled or status.usage_on != time.day.date
    return not is_stopped and (passed >= EVERY or (is_wanted and passed >= AT_MOST_EVERY))


def _compare(resources: Resources, network: Network, now: datetime) -> None:
    source = resources.priced_source(network)
    try:
        used = source.usage()
    except ServiceError as error:
        log.warning("%s's count was not read: %s", network.name, error)
        used = None
    with resources.store.write_session() as db:
        network_status.observe(db, network.key, [source.observed()], now)
        day = network_status.read_time(db, network.key, now).day.date
        if used is None:
            usage.skip(db, network, day, now)
        elif usage.compare(db, network, resources.settings, used, day, now) is usage.Verdict.EXCEEDED:
            log.warning("%s bills posts again that were read before today; none is read again today", network.name)
            text = lazy_gettext(
                "{network} is billing posts twice a day. Until {until:moment} the bot reads no post twice, so "
                "charts change less often. Look at {network}'s own usage page.",
                network=network.name,
                until=network_status.end_of_day(day),
            )
            key = f"repeats {network.key} {day:%Y-%m-%d}"
            notices.publish(db, key, text, network_status.end_of_day(day), admins_only=True)
