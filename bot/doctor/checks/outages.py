"""What is not asked for a time, since it failed or refused while Tallybird worked with it."""

from collections.abc import Iterator
from contextlib import closing

from bot import descriptions, network_readings
from bot.doctor.checks.database import is_usable
from bot.doctor.finding import Check, Finding, warning
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings
from pipeline.sources.registry import switched_on
from pipeline.store import Store


def run(settings: BotSettings) -> Iterator[Finding]:
    """Nothing where the database cannot be used, which has a line of its own."""
    if not is_usable(settings):
        return
    with closing(Store(settings.database_address)) as store, store.read_session() as session:
        for network in switched_on(settings):
            for outage in network_readings.list_outages(session, network, clock.now()):
                yield warning(
                    lazy_gettext("{outage}. Once that is mended, press the button under /status", outage=outage)
                )
        problem = settings.dropbox_is_on and descriptions.describe_dropbox_problem(session)
        if problem:
            yield warning(problem)


CHECK = Check(lazy_gettext("Outages"), run)
