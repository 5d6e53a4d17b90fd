"""The look-up step: which accounts some handles name, for a chat that wants to track them."""

from datetime import datetime

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging import client
from pipeline.records import NETWORK, Profile
from pipeline.steps import breaker, planner
from pipeline.steps.follow_names import mark_renamed
from pipeline.steps.resources import Resources
from pipeline.store import accounts, circuit_breakers, ledger


def look_up(resources: Resources, handles: list[str], now: datetime) -> client.Answer:
    """The profiles of these handles, saved as accounts; or why the network cannot be asked."""
    with resources.store.read_session() as db:
        stop = circuit_breakers.find_open(db, NETWORK, now)
        money = ledger.remaining_budget(db, resources.settings.x_daily_usd, resources.settings.x_monthly_usd, now)
        short = planner.plan(db, resources.settings, now).short
    if stop is not None:
        return client.Answer(
            problem=lazy_gettext("{reason}. The next try is {until:moment}.", reason=stop.reason, until=stop.retry_at)
        )
    if short or money.left < ledger.user_usd(len(handles)):
        return client.Answer(
            problem=lazy_gettext("The bot's budget for X is used up until {until:moment}.", until=money.until)
        )
    try:
        profiles: list[Profile] = resources.x.look_up(handles)
    except ServiceError as error:
        breaker.open_if_permanent(resources, error, now)
        return client.Answer(problem=lazy_gettext("{reason}.", reason=error.text))
    with resources.store.write_session() as db:
        mark_renamed(db, accounts.save_profiles(db, profiles, NETWORK, now))
    return client.Answer(profiles=profiles)
