"""/version: which Tallybird this is, for owners in private."""

from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext
from pipeline.user_agent import VERSION


async def run(command_context: CommandContext) -> None:
    await command_context.answer(lazy_gettext("Tallybird {version}", version=VERSION))


COMMAND = Command("version", lazy_gettext("for the bot's owner: which version this is"), run, owners=True)
