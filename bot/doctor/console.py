"""`python -m bot doctor`: the findings, a line each, in English. Its exit status is 1 where something is wrong."""

import sys
from collections.abc import Sequence
from functools import partial
from io import TextIOWrapper

from bot.doctor.finding import Finding, Mark, line, wrong
from pipeline.errors import ConfigError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import Language
from pipeline.settings import BotSettings


def main() -> None:
    try:
        settings = BotSettings.load()
    except ConfigError as error:
        problems = [wrong(lazy_gettext("Settings: {problem}", problem=each)) for each in error.problems]
        hint = lazy_gettext("Nothing else can be examined before that. .env.example explains each setting")
        _print([*problems, wrong(hint)])
        sys.exit(1)
    from bot.doctor.examination import examine, leave  # noqa: PLC0415 with wrong settings its libraries are not needed

    found = examine(settings)
    leave(partial(_print, found), int(any(each.mark is Mark.WRONG for each in found)))


def _print(found: Sequence[Finding]) -> None:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack a character
    gettext = translator(Language.ENGLISH).gettext
    sys.stdout.writelines(f"{gettext(line(each))}\n" for each in found)
    sys.stdout.flush()
