"""The look-up step: which accounts some handles name, for a chat that wants to track them."""

from datetime import datetime

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging import client
from pipeline.records import LazyString
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network
from pipeline.steps import breaker, planner
from pipeline.steps.follow_names import mark_renamed
from pipeline.steps.resources import Resources
from pipeline.store import accounts, circuit_breakers, ledger


def look_up(resources: Resources, key: str, handles: list[str], now: datetime) -> client.Answer:
    """The profiles of these handles on a network, by its key, saved as accounts; or why it cannot be asked."""
    network = NETWORKS[key]
    problem = _problem(resources, network, len(handles), now)
    if problem is not None:
        return client.Answer(problem=problem)
    try:
        profiles = resources.source(network).look_up(handles)
    except ServiceError as error:
        breaker.open_if_permanent(resources, network, error, now)
        return client.Answer(problem=lazy_gettext("{reason}.", reason=error.text))
    with resources.store.write_session() as db:
        mark_renamed(db, accounts.save_profiles(db, profiles, network.key, now))
    return client.Answer(profiles=profiles)


def _problem(resources: Resources, network: Network, count: int, now: datetime) -> LazyString | None:
    """Why so many profiles of the network cannot be looked up now; None where they can."""
    settings = resources.settings
    if not network.is_on(settings):
        return lazy_gettext("{network} is not set up by the bot's owner.", network=network.name)
    with resources.store.read_session() as db:
        stop = circuit_breakers.find_open(db, network.key, now)
        budget = ledger.remaining_budget(db, network, settings, now)
        short = planner.plan(db, settings, network, now).short
    if stop is not None:
        return lazy_gettext("{reason}. The next try is {until:moment}.", reason=stop.reason, until=stop.retry_at)
    if network.price and budget and (short or budget.left < network.price.profile_usd * count):
        return lazy_gettext(
            "The bot's budget for {network} is used up until {until:moment}.", network=network.name, until=budget.until
        )
    return None
