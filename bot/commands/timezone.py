"""/timezone: in which time zone the chat's times are: by a city's name, or by a location that is sent in answer."""

from bot import time_zones
from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext


async def run(command_context: CommandContext) -> None:
    if command_context.args:
        await time_zones.set_by_name(command_context, " ".join(command_context.args))
    else:
        await time_zones.ask(command_context)


COMMAND = Command("timezone", lazy_gettext("your city's time: /timezone Madrid"), run, changes=True)
