"""Dropbox: whether it lets us write. It is asked to delete a file that is not there, which changes nothing."""

from collections.abc import Iterator

from bot.doctor.finding import Check, Finding, well, wrong
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings

NO_FILE = "/tallybird-doctor"


def run(settings: BotSettings) -> Iterator[Finding]:
    if not settings.dropbox_is_on:
        yield well(lazy_gettext("Dropbox: off, the datasets stay in DATA_DIR"))
        return
    from pipeline.dropbox.client import Dropbox  # noqa: PLC0415 its library takes 140 MB

    try:
        Dropbox(settings).remove(NO_FILE, None)
    except ServiceError as error:
        if error.permanent:
            yield wrong(lazy_gettext("Dropbox: {problem}", problem=error.text))
        else:
            yield wrong(
                lazy_gettext(
                    "{network}: {problem}. If that lasts, look at this machine's network",
                    network="Dropbox",
                    problem=error.text,
                )
            )
    else:
        yield well(lazy_gettext("Dropbox: accepts the log-in, and lets files be written"))


CHECK = Check("Dropbox", run)
