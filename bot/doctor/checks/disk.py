"""The disk of DATA_DIR: whether it can be written to, and its space."""

import shutil
import tempfile
from collections.abc import Iterator
from decimal import Decimal

from bot.doctor.finding import Check, Finding, warning, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings

LEAST_BYTES, FEW_BYTES = 100 * 10**6, 10**9
"""With less than these Tallybird may fail, and with less than those soon."""


def run(settings: BotSettings) -> Iterator[Finding]:
    """A folder that is missing is made when Tallybird starts, so that the folder above it is looked at."""
    wanted = settings.data_dir.absolute()
    folder = next(each for each in (wanted, *wanted.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        yield wrong(
            lazy_gettext(
                "Disk: nothing can be written to {folder}: {problem}. Make room, or set DATA_DIR to another folder",
                folder=str(folder),
                problem=error.strerror or type(error).__name__,
            )
        )
        return
    line = lazy_gettext(
        "Disk: {gigabytes:number} GB free in {folder}", gigabytes=round(Decimal(free) / 10**9, 1), folder=str(folder)
    )
    if free >= FEW_BYTES:
        yield well(line)
    else:
        less = wrong if free < LEAST_BYTES else warning
        yield less(lazy_gettext("{line}. Make room, or set DATA_DIR to another folder", line=line))


CHECK = Check(lazy_gettext("Disk"), run)
