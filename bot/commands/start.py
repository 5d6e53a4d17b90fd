"""/start: what this is, in three lines."""

from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.sources import registry


def text() -> LazyString:
    return lazy_gettext(
        """\
I keep score between social accounts on {networks}.
1. /track @nasa @esa @spacex
2. /compare draws how their posts do against each other
3. /subscribe keeps that chart fresh in this chat
/help shows the rest.""",
        networks=registry.names(),
    )


async def run(command_context: CommandContext) -> None:
    await command_context.answer(text())


COMMAND = Command("start", lazy_gettext("what this bot does"), run, open=True)
