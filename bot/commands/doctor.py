"""/doctor: every setting and service in turn, for owners in private: well, or what is wrong and what to do."""

from bot.command import Command
from bot.command_context import CommandContext
from bot.doctor import visit
from bot.doctor.finding import line
from pipeline.i18n import lazy_gettext


async def run(command_context: CommandContext) -> None:
    found = await visit.examine(command_context.context.settings)
    await command_context.answer(*map(line, found))


COMMAND = Command("doctor", lazy_gettext("for the bot's owner: look at every service"), run, owners=True)
