"""The broker: whether tasks can travel."""

from collections.abc import Iterator

from bot.doctor.finding import Check, Finding, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.messaging import servers
from pipeline.settings import BotSettings


def run(settings: BotSettings) -> Iterator[Finding]:
    if not settings.broker_url:
        yield well(lazy_gettext("Broker: Redis too, since BROKER_URL is not set"))
    elif problem := servers.broker_problem(settings):
        yield wrong(
            lazy_gettext("Broker: {problem}. See that it runs, and that BROKER_URL leads to it", problem=problem.text)
        )
    else:
        yield well(lazy_gettext("Broker: answers"))


CHECK = Check(lazy_gettext("Broker"), run)
