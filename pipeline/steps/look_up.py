"""The look-up step: which accounts some handles name, for a chat that wants to track them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging import client
from pipeline.records import LazyString, Profile
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network
from pipeline.steps import breaker, look_up_servers, withheld
from pipeline.steps.follow_names import mark_renamed
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.resources import Resources
from pipeline.store import accounts, budget, circuit_breakers, ledger, network_status, openings
from pipeline.store.network_status import GUARD
from pipeline.store.openings import Day

LOOK_UPS_AN_HOUR = 300
"""How many names a chat may have looked up in an hour where that costs nothing: six times what it may track."""
HOUR = timedelta(hours=1)
TOO_MANY = lazy_gettext(
    "This chat has already looked up {number} names this hour. Try again later.", number=LOOK_UPS_AN_HOUR
)


def look_up(resources: Resources, key: str, handles: list[str], chat_id: int | None, now: datetime) -> client.Answer:
    """The profiles of these handles on a network, by its key, saved as accounts; or why it cannot be asked.

    chat_id: the chat that asks, out of whose share it is paid.
    """
    network = NETWORKS[key]
    if not network.is_on(resources.settings):
        return client.Answer(problem=network.why_off(resources.settings))
    if network.price is None and not _may_ask(resources, chat_id, len(handles)):
        return client.Answer(problem=TOO_MANY)
    with resources.store.write_session() as db:
        day = network_status.read_time(db, network.key, now).day
        problem = _problem(db, resources.settings, network, len(handles), chat_id, now)
        if problem is not None:
            return client.Answer(problem=problem)
        questions = {handle.lower() for handle in handles}
        reservation = openings.reserve(db, day, ledger.USERS, len(handles), questions) if network.price else None
    try:
        if network.has_servers:
            profiles = look_up_servers.look_up(resources, network, handles, chat_id, now)
        else:
            profiles = resources.source(network).look_up(handles)
    except ServiceError as error:
        breaker.open_if_permanent(resources, network, error, now)
        if reservation is not None and (error.permanent or error.retry_after):
            _release(resources, reservation)
        return client.Answer(problem=lazy_gettext("{reason}.", reason=error.text))
    with resources.store.write_session() as db:
        network_status.observe(db, network.key, [resources.source(network).observed()], now)
        time = network_status.read_time(db, network.key, now)
        mark_renamed(db, accounts.save_profiles(db, profiles, network.key, time.now))
        withheld.drop_shown(db, profiles, network.key, now)
        if reservation is not None:
            _bill(db, time.day, reservation, handles, profiles, chat_id)
    return client.Answer(profiles=profiles)


def _may_ask(resources: Resources, chat_id: int | None, count: int) -> bool:
    """Whether the chat may have so many names looked up, which count as looked up then. Redis forgets after an hour."""
    if chat_id is None:
        return True
    key = f"tallybird:look-ups:{chat_id}"
    resources.redis.set(key, 0, nx=True, ex=HOUR)
    return int(resources.redis.incrby(key, count)) <= LOOK_UPS_AN_HOUR  # type: ignore[arg-type]


def _release(resources: Resources, reservation: int) -> None:
    """The network refused the request, and bills nothing."""
    with resources.store.write_session() as db:
        openings.settle(db, reservation, {})


def _bill(  # noqa: PLR0913, PLR0917 what was asked, and what it costs whom
    db: Session, day: Day, reservation: int, handles: Sequence[str], profiles: Sequence[Profile], chat_id: int | None
) -> None:
    """Count the profiles that were returned, in place of what was reserved, now and by earlier look-ups of the same."""
    returned = {profile.remote_id: None for profile in profiles if profile.remote_id is not None}
    openings.record(db, day, ledger.USERS, returned, chat_id=chat_id)
    openings.settle(db, reservation, {})
    openings.release_answered(db, day, ledger.USERS, {handle.lower() for handle in handles})


def _problem(  # noqa: PLR0913, PLR0917 all that may be in the way
    db: Session, settings: Settings, network: Network, count: int, chat_id: int | None, now: datetime
) -> LazyString | None:
    """Why so many profiles of the network cannot be looked up now; None where they can."""
    stop = circuit_breakers.find_open(db, network.key, now)
    if stop is not None:
        return lazy_gettext(
            "Reading {network} is paused: {reason}. I'll try again {until:moment}.",
            network=network.name,
            reason=stop.reason,
            until=stop.retry_at,
        )
    return _why_not_to_pay(PricedNetwork.at(db, settings, network, now), count, chat_id) if network.price else None


def _why_not_to_pay(at: PricedNetwork, count: int, chat_id: int | None) -> LazyString | None:
    if network_status.is_near_midnight(at.time.now):
        return lazy_gettext(
            "{network} bills by the day, and a new day is about to begin. Try again after {until:moment}.",
            network=at.network.name,
            until=network_status.end_of_day((at.time.now - GUARD).date()) + GUARD,
        )
    money, usd, kept = at.money(), at.price.profile_usd * count, at.price.post_usd * at.kept_posts()
    if money.left - kept < usd:
        return lazy_gettext(
            "The bot's money for {network} is spent until {until:moment}.",
            network=at.network.name,
            until=money.until,
        )
    is_sure = chat_id is None or at.is_common or budget.left_for(at.session, at.network, money, chat_id) >= usd
    if not is_sure:
        return lazy_gettext(
            "This chat has spent its share of the bot's money for {network} until {until:moment}.",
            network=at.network.name,
            until=network_status.end_of_day(at.day.date),
        )
    return None
