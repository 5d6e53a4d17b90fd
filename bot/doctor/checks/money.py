"""What is left of the money and of the requests for each network with a price, by the database."""

from collections.abc import Iterator
from contextlib import closing

from bot import bill
from bot.doctor.checks.database import is_usable
from bot.doctor.finding import Check, Finding, warning, well
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings
from pipeline.sources.registry import switched_on
from pipeline.store import Store, budget


def run(settings: BotSettings) -> Iterator[Finding]:
    """Nothing where the database cannot be used, which has a line of its own."""
    priced = [network for network in switched_on(settings) if network.price is not None]
    if not priced or not is_usable(settings):
        return
    with closing(Store(settings.database_address)) as store, store.read_session() as session:
        for network in priced:
            at, money = budget.money_now(session, network, settings, clock.now())
            line = lazy_gettext(
                "{network}: {today:usd} of {daily:usd} spent today, {month:usd} of {monthly:usd} this month. {left}",
                network=network.name,
                **{name: getattr(money, name) for name in ("today", "daily", "month", "monthly")},
                left=bill.describe_requests(session, network, settings, at),
            )
            stop = network.price and bill.describe_stop(network.price, money)
            yield warning(lazy_gettext("{line}. {stop}", line=line, stop=stop)) if stop else well(line)


CHECK = Check(lazy_gettext("Money"), run)
