"""Whether Tallybird runs, and all of its processes."""

from collections.abc import Iterator

from bot.doctor.finding import Check, Finding, warning, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.messaging import processes
from pipeline.settings import BotSettings


def run(settings: BotSettings) -> Iterator[Finding]:
    heard = processes.heard_of(settings)
    missing = [name for name in processes.NAMES if name not in (heard or ())]
    if heard is None and settings.redis_url:
        yield warning(lazy_gettext("Processes: whether they run cannot be told without Redis and the broker"))
    elif not heard and not processes.is_supervised(settings):
        yield warning(lazy_gettext("Tallybird does not run with these settings. To start it: make run"))
    elif missing:
        yield wrong(
            lazy_gettext(
                "Processes: not heard of: {names}. Look at the log for why, and start them again", names=missing
            )
        )
    else:
        yield well(lazy_gettext("Processes: {names} are running", names=processes.NAMES))


CHECK = Check(lazy_gettext("Processes"), run)
